// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Bytes as text: hexadecimal, base64url (RFC 4648 section 5, without padding), base64, and binary messages. A
// BinaryReader never reads past its end: the first short read makes it fail for good, so that a parser can
// read all its fields and ask once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::base {

// The value of a hexadecimal digit of either case, or -1.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string to_hex(std::string_view bytes);                  // lower case
std::optional<std::string> from_hex(std::string_view text);  // either case, an even number of digits
std::string to_base64url(std::string_view bytes);            // no padding
std::optional<std::string> from_base64url(
    std::string_view text);                     // canonical form only: no padding, no stray bits
std::string to_base64(std::string_view bytes);  // RFC 4648 section 4, padded
std::optional<std::string> from_base64(std::string_view text);  // canonical form only: padded, no stray bits

// Little-endian numbers and length-prefixed strings, appended to a string that it owns.
class BinaryWriter {
 public:
  void u8(std::uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void u16(std::uint16_t v) { number(v); }
  void u32(std::uint32_t v) { number(v); }
  void u64(std::uint64_t v) { number(v); }
  void raw(std::string_view bytes) { out_.append(bytes); }
  void text(std::string_view bytes) {
    u32(static_cast<std::uint32_t>(bytes.size()));
    out_.append(bytes);
  }
  const std::string& bytes() const { return out_; }
  void clear() { out_.clear(); }
  void reserve(std::size_t size) { out_.reserve(size); }  // of the whole message, where it is known

 private:
  // Here, so that it becomes one store: a head has two numbers for each of its fields.
  template <typename Number>
  void number(Number v) {
    char bytes[sizeof v];
    for (std::size_t i = 0; i < sizeof v; ++i) bytes[i] = static_cast<char>(v >> (8 * i) & 255U);
    out_.append(bytes, sizeof v);
  }
  std::string out_;
};

class BinaryReader {
 public:
  explicit BinaryReader(std::string_view bytes) : rest_(bytes) {}
  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint16_t u16() { return number<std::uint16_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  std::string_view raw(std::size_t size) {  // views into the bytes given; empty after a failure
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  std::string_view text() { return raw(u32()); }
  std::string_view rest() const { return rest_; }
  bool ok() const { return ok_; }                     // no read went past the end
  bool done() const { return ok_ && rest_.empty(); }  // and nothing is left over

 private:
  template <typename Number>
  Number number() {
    const std::string_view bytes = raw(sizeof(Number));
    if (bytes.empty()) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i)
      value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return static_cast<Number>(value);
  }
  std::string_view rest_;
  bool ok_ = true;
};

// Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
bool is_utf8(std::string_view text);

// For terminals and logs: every byte that is not printable ASCII or well-formed UTF-8 above U+009F becomes
// \xNN, and so does what is not seen and turns the text beside it (U+202E and its like). Cut at limit bytes, with "..." at the end.
std::string printable(std::string_view text, std::size_t limit = 512);

// ASCII only, never the locale's idea.
constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace postern::base
