// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The body of a response, or the value of a header, on its way to an engineer: bytes in, bytes out, secrets
// replaced by tokens. Pieces may be of any size; where they are cut changes nothing. docs/REDACTION.md says
// what is found and what is not.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "redact/kind.h"
#include "redact/marks.h"

namespace postern::redact {

class Rules;

class Redactor {
 public:
  // key: base::KeyedHash::kKeySize bytes; the same key gives the same token to the same value.
  Redactor(Form form, std::shared_ptr<const Rules> rules, std::string_view key);
  ~Redactor();
  Redactor(const Redactor&) = delete;
  Redactor& operator=(const Redactor&) = delete;

  // Appends to out what can be shown by now: at most kLongest bytes for each of piece, and what was held.
  void feed(std::string_view piece, std::string& out);
  void finish(std::string& out);  // the body ends here

  const Counts& counts() const;

  // A value of one byte becomes a token in quotes.
  static constexpr std::size_t kLongest = 28;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// The value of the header of that name, by the rules of text. Nothing if it stays as it is.
std::optional<std::string> redact_header(std::string_view name, std::string_view value, const Rules& rules,
                                         std::string_view key, Counts& counts);

}  // namespace postern::redact
