// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/sha1.h"

#include <array>
#include <bit>
#include <cstdint>

namespace postern::http {
namespace {

constexpr std::size_t kBlock = 64, kRounds = 80;

using State = std::array<std::uint32_t, 5>;

void take_block(std::string_view block, State& state) {
  std::array<std::uint32_t, kRounds> word{};
  for (std::size_t i = 0; i < kBlock; ++i)
    word[i / 4] = word[i / 4] << 8U | static_cast<unsigned char>(block[i]);
  for (std::size_t i = 16; i < kRounds; ++i)
    word[i] = std::rotl(word[i - 3] ^ word[i - 8] ^ word[i - 14] ^ word[i - 16], 1);
  auto [a, b, c, d, e] = state;
  for (std::size_t i = 0; i < kRounds; ++i) {
    const std::uint32_t mix = i < 20   ? ((b & c) | (~b & d)) + 0x5A827999U
                              : i < 40 ? (b ^ c ^ d) + 0x6ED9EBA1U
                              : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDCU
                                       : (b ^ c ^ d) + 0xCA62C1D6U;
    const std::uint32_t next = std::rotl(a, 5) + mix + e + word[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
}

}  // namespace

std::string sha1(std::string_view bytes) {
  State state{0x67452301U, 0xEFCDAB89U, 0x98BADCFEU, 0x10325476U, 0xC3D2E1F0U};
  std::string text(bytes);
  text += '\x80';
  while (text.size() % kBlock != kBlock - 8) text += '\0';
  const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
  for (int shift = 56; shift >= 0; shift -= 8)
    text += static_cast<char>(bits >> static_cast<unsigned>(shift) & 255U);
  for (std::size_t at = 0; at < text.size(); at += kBlock)
    take_block(std::string_view(text).substr(at, kBlock), state);
  std::string out;
  for (const std::uint32_t word : state) {
    for (int shift = 24; shift >= 0; shift -= 8)
      out += static_cast<char>(word >> static_cast<unsigned>(shift) & 255U);
  }
  return out;
}

}  // namespace postern::http
