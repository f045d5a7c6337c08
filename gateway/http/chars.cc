// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/chars.h"

#include <cstring>

namespace postern::http {
namespace {

constexpr std::array<char, 256> make_lower_token() {
  std::array<char, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = c;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = c;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = static_cast<char>(c + ('a' - 'A'));
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = c;
  return table;
}

// True if one of the eight bytes is not in 0x20..0x7e. May say true for bytes that are fine (a carry from a
// neighbour), never false for one that is not: whoever hears true looks at each byte.
bool any_unusual(std::uint64_t bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHigh = 0x8080808080808080U;
  const std::uint64_t below_space = bytes - kOnes * 0x20;
  const std::uint64_t delete_or_above = bytes + kOnes;  // 0x7f becomes 0x80
  return ((below_space | delete_or_above | bytes) & kHigh) != 0;
}

ValueText classify_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x80) return ValueText::ObsText;
  return (byte >= 0x20 && byte != 0x7f) || c == '\t' ? ValueText::Ascii : ValueText::Invalid;
}

}  // namespace

constinit const std::array<char, 256> kLowerToken = make_lower_token();

bool is_token(std::string_view text) {
  for (const char c : text) {
    if (kLowerToken[static_cast<unsigned char>(c)] == 0) return false;
  }
  return !text.empty();
}

bool is_lower_token(std::string_view text) {
  for (const char c : text) {
    if (c == 0 || kLowerToken[static_cast<unsigned char>(c)] != c) return false;
  }
  return !text.empty();
}

ValueText classify_value(std::string_view value) {
  if (trim(value).size() != value.size()) return ValueText::Invalid;
  ValueText answer = ValueText::Ascii;
  std::size_t i = 0;
  while (i < value.size()) {
    std::uint64_t word = 0;
    if (i + sizeof word <= value.size()) {
      std::memcpy(&word, value.data() + i, sizeof word);
      if (!any_unusual(word)) {
        i += sizeof word;
        continue;
      }
    }
    const ValueText byte = classify_byte(value[i++]);
    if (byte == ValueText::Invalid) return byte;
    if (byte == ValueText::ObsText) answer = byte;
  }
  return answer;
}

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool next_member(std::string_view& rest, std::string_view& member) {
  if (rest.data() == nullptr) return false;
  const std::size_t comma = rest.find(',');
  member = trim(rest.substr(0, comma));
  rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  return true;
}

}  // namespace postern::http
