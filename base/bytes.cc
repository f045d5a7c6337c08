// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace postern::base {
namespace {

constexpr std::string_view kUrlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kStandardAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string encode64(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  out.reserve(bytes.size() * 4 / 3 + 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8U | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out.push_back(alphabet[bits >> (held - 6) & 63U]);
  }
  if (held > 0) out.push_back(alphabet[bits << (6 - held) & 63U]);
  return out;
}

// The length of the well-formed UTF-8 sequence at the start of text, or 0 (Unicode 15, table 3-7).
std::size_t utf8_sequence(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto tail = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
  const unsigned a = at(0);
  if (a < 0x80) return text.empty() ? 0 : 1;
  if (a >= 0xC2 && a <= 0xDF) return tail(1) ? 2 : 0;
  if (a >= 0xE0 && a <= 0xEF) {
    if (a == 0xE0 && at(1) < 0xA0) return 0;
    if (a == 0xED && at(1) > 0x9F) return 0;
    return tail(1) && tail(2) ? 3 : 0;
  }
  if (a >= 0xF0 && a <= 0xF4) {
    if (a == 0xF0 && at(1) < 0x90) return 0;
    if (a == 0xF4 && at(1) > 0x8F) return 0;
    return tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

// What each character of an alphabet stands for; kNotOfIt for every other.
constexpr std::uint8_t kNotOfIt = 64;
using Values = std::array<std::uint8_t, 256>;
constexpr Values values_of(std::string_view alphabet) {
  Values values{};
  values.fill(kNotOfIt);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr Values kUrlValues = values_of(kUrlAlphabet);
constexpr Values kStandardValues = values_of(kStandardAlphabet);

std::optional<std::string> decode64(std::string_view text, const Values& values) {
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::uint32_t value = values[static_cast<unsigned char>(c)];
    if (value == kNotOfIt) return std::nullopt;
    bits = bits << 6U | value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<char>(bits >> held & 255U));
    }
  }
  if (held >= 6 || (bits & ((1U << held) - 1)) != 0) return std::nullopt;
  return out;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out.push_back(kDigits[static_cast<unsigned char>(c) >> 4U]);
    out.push_back(kDigits[static_cast<unsigned char>(c) & 15U]);
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return out;
}

std::string to_base64url(std::string_view bytes) { return encode64(bytes, kUrlAlphabet); }

std::string to_base64(std::string_view bytes) {
  std::string out = encode64(bytes, kStandardAlphabet);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) { return decode64(text, kUrlValues); }

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t end = text.find_last_not_of('=') + 1;  // npos + 1: nothing but padding
  if (text.size() - end > 2) return std::nullopt;
  return decode64(text.substr(0, end), kStandardValues);
}

bool is_utf8(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080'8080'8080'8080;
  while (!text.empty()) {
    // Most text is ASCII: eight bytes at once.
    for (std::uint64_t word; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & kHighBits) != 0) break;
    }
    if (text.empty()) break;
    const std::size_t size = utf8_sequence(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

namespace {

// Characters that are not seen and make what stands beside them read as something else: U+200B to U+200F, U+202A to U+202E, U+2060 to
// U+2069, U+FEFF; and U+2028, U+2029, which end a line where nobody else sees one. In UTF-8 their order is that of their bytes.
bool turns_text(std::string_view c) {
  const auto within = [c](std::string_view first, std::string_view last) { return first <= c && c <= last; };
  return c.size() == 3 && (within("\xE2\x80\x8B", "\xE2\x80\x8F") || within("\xE2\x80\xA8", "\xE2\x80\xAE") ||
                           within("\xE2\x81\xA0", "\xE2\x81\xA9") || c == "\xEF\xBB\xBF");
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  while (!text.empty()) {
    if (out.size() >= limit) return out + "...";
    const std::size_t size = utf8_sequence(text);
    const auto first = static_cast<unsigned char>(text.front());
    const bool control = first < 0x20 || first == 0x7F ||
                         (first == 0xC2 && static_cast<unsigned char>(text[size > 1 ? 1 : 0]) < 0xA0);
    if (size == 0 || control || turns_text(text.substr(0, size))) {
      out += "\\x" + to_hex(text.substr(0, 1));
      text.remove_prefix(1);
    } else {
      out += text.substr(0, size);
      text.remove_prefix(size);
    }
  }
  return out;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = to_lower(c);
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

}  // namespace postern::base
