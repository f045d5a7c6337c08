// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// From what was looked at back to what was sent. Detectors read a text without its escapes ("a\u002fb" as
// "a/b"); what passes must leave byte for byte as it came. A Writer keeps the escapes that have been read and
// not yet written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::redact {

class Writer {
 public:
  explicit Writer(std::string*& out) : out_(out) {}  // out may be aimed elsewhere between calls

  // The read bytes [place, place + size) were written as raw. Places count from the beginning, in order.
  void escape(std::uint64_t place, std::size_t size, std::string_view raw);

  void pass(std::string_view read);  // the next read bytes, as they were written
  void drop(std::size_t size);       // the next read bytes are gone
  void put(std::string_view text) { out_->append(text); }

  std::uint64_t place() const { return place_; }  // read bytes passed or dropped so far

 private:
  struct Escape {
    std::uint64_t place;
    std::uint8_t size;
    std::uint8_t raw_size;
    char raw[6];
  };

  std::string*& out_;
  std::uint64_t place_ = 0;
  std::vector<Escape> escapes_;  // from first_ on
  std::size_t first_ = 0;
};

}  // namespace postern::redact
