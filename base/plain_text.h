// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The text of an event is nearly all letters and digits: what needs no look is passed over eight bytes at a time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace postern::base {

// How many bytes at the front are printable ASCII other than a quotation mark or a backslash, so that they stand in
// JSON as they are.
inline std::size_t plain_front(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  constexpr std::uint64_t kHighs = 0x8080'8080'8080'8080;
  // The lowest bit that is set belongs to the first byte that fits; those above it may be false.
  const auto equals = [](std::uint64_t word, unsigned char c) {
    const std::uint64_t differing = word ^ (kOnes * c);
    return (differing - kOnes) & ~differing;
  };
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    const std::uint64_t control = (word - kOnes * 0x20) & ~word;
    const std::uint64_t found =
        (word | control | equals(word, '"') | equals(word, '\\') | equals(word, 0x7F)) & kHighs;
    if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
  }
  for (; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\') break;
  }
  return at;
}

}  // namespace postern::base
