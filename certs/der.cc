// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/der.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace postern::certs {
namespace {

constexpr int kDeepest = 32;
constexpr unsigned kConstructed = 0x20, kClass = 0xc0, kNumber = 0x1f;

std::uint8_t octet(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

// Takes a length from the front; nothing if it is not the shortest form or longer than what follows.
std::optional<std::size_t> take_length(std::string_view& bytes) {
  if (bytes.empty()) return std::nullopt;
  std::size_t size = octet(bytes, 0);
  bytes.remove_prefix(1);
  if (size >= 0x80) {
    const std::size_t count = size & 0x7f;
    if (count == 0 || count > 4 || count > bytes.size() || octet(bytes, 0) == 0) return std::nullopt;
    size = 0;
    for (std::size_t i = 0; i < count; ++i) size = size << 8U | octet(bytes, i);
    bytes.remove_prefix(count);
    if (size < 0x80) return std::nullopt;
  }
  if (size > bytes.size()) return std::nullopt;
  return size;
}

bool is_shortest_integer(std::string_view value) {
  if (value.empty()) return false;
  if (value.size() == 1) return true;
  const bool high = (octet(value, 1) & 0x80) != 0;
  return !(octet(value, 0) == 0 && !high) && !(octet(value, 0) == 0xff && high);
}

bool is_bits(std::string_view value) {
  if (value.empty() || octet(value, 0) > 7) return false;
  if (value.size() == 1) return octet(value, 0) == 0;
  const unsigned stray = (1U << octet(value, 0)) - 1;
  return (octet(value, value.size() - 1) & stray) == 0;
}

bool is_primitive(unsigned number, std::string_view value) {
  constexpr unsigned kBoolean = 1, kInteger = 2, kBits = 3, kNull = 5, kEnumerated = 10, kSequence = 16,
                     kSet = 17;
  switch (number) {
    case kBoolean:
      return value.size() == 1 && (octet(value, 0) == 0 || octet(value, 0) == 0xff);
    case kInteger:
    case kEnumerated:
      return is_shortest_integer(value);
    case kBits:
      return is_bits(value);
    case kNull:
      return value.empty();
    case kSequence:
    case kSet:
      return false;
    default:
      return number != 0;  // end-of-contents belongs to indefinite lengths
  }
}

bool take_element(std::string_view& bytes, int depth) {  // NOLINT(misc-no-recursion): kDeepest
  if (depth > kDeepest || bytes.empty()) return false;
  const unsigned tag = octet(bytes, 0), number = tag & kNumber;
  bytes.remove_prefix(1);
  const auto size = take_length(bytes);
  if (!size || number == kNumber) return false;
  std::string_view value = bytes.substr(0, *size);
  bytes.remove_prefix(*size);
  const bool universal = (tag & kClass) == 0;
  if ((tag & kConstructed) == 0) return !universal || is_primitive(number, value);
  if (universal && number != 16 && number != 17) return false;  // a string in pieces
  while (!value.empty()) {
    if (!take_element(value, depth + 1)) return false;
  }
  return true;
}

}  // namespace

bool is_der(std::string_view bytes) { return take_element(bytes, 1) && bytes.empty(); }

}  // namespace postern::certs
