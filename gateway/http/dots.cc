// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/dots.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace postern::http {
namespace {

enum class Reading : std::uint8_t { Dot, Slash, Nothing };
struct Range {
  std::uint32_t first;
  std::uint32_t last;
  Reading reading;
};

// In order. Nothing: white space (category Zs) and the default ignorable code points of Unicode.
constexpr auto kRanges = std::to_array<Range>({
    {0x20, 0x20, Reading::Nothing},       {0x2e, 0x2e, Reading::Dot},
    {0x2f, 0x2f, Reading::Slash},         {0xa0, 0xa0, Reading::Nothing},
    {0xad, 0xad, Reading::Nothing},       {0x34f, 0x34f, Reading::Nothing},
    {0x61c, 0x61c, Reading::Nothing},     {0x115f, 0x1160, Reading::Nothing},
    {0x1680, 0x1680, Reading::Nothing},   {0x17b4, 0x17b5, Reading::Nothing},
    {0x180b, 0x180f, Reading::Nothing},   {0x2000, 0x200f, Reading::Nothing},
    {0x2024, 0x2026, Reading::Dot},  // one, two and three dots as one character
    {0x2028, 0x202f, Reading::Nothing},   {0x2044, 0x2044, Reading::Slash},  // fraction slash
    {0x205f, 0x206f, Reading::Nothing},   {0x2215, 0x2216, Reading::Slash},  // division slash, set minus
    {0x29f5, 0x29f5, Reading::Slash},     {0x29f8, 0x29f9, Reading::Slash},
    {0x3000, 0x3000, Reading::Nothing},   {0x3002, 0x3002, Reading::Dot},  // ideographic full stop
    {0x3164, 0x3164, Reading::Nothing},   {0xfe00, 0xfe0f, Reading::Nothing},
    {0xfe19, 0xfe19, Reading::Dot},       {0xfe30, 0xfe30, Reading::Dot},
    {0xfe52, 0xfe52, Reading::Dot},                                        // small full stop
    {0xfe68, 0xfe68, Reading::Slash},                                      // small reverse solidus
    {0xfeff, 0xfeff, Reading::Nothing},   {0xff0e, 0xff0e, Reading::Dot},  // fullwidth full stop
    {0xff0f, 0xff0f, Reading::Slash},                                      // fullwidth solidus
    {0xff3c, 0xff3c, Reading::Slash},                                      // fullwidth reverse solidus
    {0xff61, 0xff61, Reading::Dot},       {0xffa0, 0xffa0, Reading::Nothing},
    {0xfff0, 0xfff8, Reading::Nothing},   {0x1bca0, 0x1bca3, Reading::Nothing},
    {0x1d173, 0x1d17a, Reading::Nothing}, {0xe0000, 0xe0fff, Reading::Nothing},
});

// The code point at the front, which is cut off.
std::uint32_t next_point(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  std::uint32_t point = size == 1 ? lead : lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < std::min(size, text.size()); ++i)
    point = point << 6U | (static_cast<unsigned char>(text[i]) & 0x3fU);
  text.remove_prefix(std::min(size, text.size()));
  return point;
}

}  // namespace

bool could_be_dots(std::string_view segment) {
  bool dots = false;
  bool other = false;
  while (!segment.empty()) {
    const std::uint32_t point = next_point(segment);
    const auto* range = std::lower_bound(kRanges.begin(), kRanges.end(), point,
                                         [](const Range& one, std::uint32_t at) { return one.last < at; });
    if (range == kRanges.end() || point < range->first) {
      other = true;
    } else if (range->reading == Reading::Dot) {
      dots = true;
    } else if (range->reading == Reading::Slash) {
      if (dots && !other) return true;
      dots = other = false;
    }
  }
  return dots && !other;
}

}  // namespace postern::http
