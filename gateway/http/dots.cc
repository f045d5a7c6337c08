// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/dots.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace postern::http {
namespace {

enum class PointReading : std::uint8_t { Dot, Slash, Nothing };
struct PointRange {
  std::uint32_t first;
  std::uint32_t last;
  PointReading reading;
};

// In order. Nothing: white space (category Zs) and the default ignorable code points of Unicode.
constexpr auto kRanges = std::to_array<PointRange>({
    {0x20, 0x20, PointReading::Nothing},
    {0x2e, 0x2e, PointReading::Dot},
    {0x2f, 0x2f, PointReading::Slash},
    {0xa0, 0xa0, PointReading::Nothing},
    {0xad, 0xad, PointReading::Nothing},
    {0x34f, 0x34f, PointReading::Nothing},
    {0x61c, 0x61c, PointReading::Nothing},
    {0x115f, 0x1160, PointReading::Nothing},
    {0x1680, 0x1680, PointReading::Nothing},
    {0x17b4, 0x17b5, PointReading::Nothing},
    {0x180b, 0x180f, PointReading::Nothing},
    {0x2000, 0x200f, PointReading::Nothing},
    {0x2024, 0x2026, PointReading::Dot},  // one, two and three dots as one character
    {0x2028, 0x202f, PointReading::Nothing},
    {0x2044, 0x2044, PointReading::Slash},  // fraction slash
    {0x205f, 0x206f, PointReading::Nothing},
    {0x2215, 0x2216, PointReading::Slash},  // division slash, set minus
    {0x29f5, 0x29f5, PointReading::Slash},
    {0x29f8, 0x29f9, PointReading::Slash},
    {0x3000, 0x3000, PointReading::Nothing},
    {0x3002, 0x3002, PointReading::Dot},  // ideographic full stop
    {0x3164, 0x3164, PointReading::Nothing},
    {0xfe00, 0xfe0f, PointReading::Nothing},
    {0xfe19, 0xfe19, PointReading::Dot},
    {0xfe30, 0xfe30, PointReading::Dot},
    {0xfe52, 0xfe52, PointReading::Dot},    // small full stop
    {0xfe68, 0xfe68, PointReading::Slash},  // small reverse solidus
    {0xfeff, 0xfeff, PointReading::Nothing},
    {0xff0e, 0xff0e, PointReading::Dot},    // fullwidth full stop
    {0xff0f, 0xff0f, PointReading::Slash},  // fullwidth solidus
    {0xff3c, 0xff3c, PointReading::Slash},  // fullwidth reverse solidus
    {0xff61, 0xff61, PointReading::Dot},
    {0xffa0, 0xffa0, PointReading::Nothing},
    {0xfff0, 0xfff8, PointReading::Nothing},
    {0x1bca0, 0x1bca3, PointReading::Nothing},
    {0x1d173, 0x1d17a, PointReading::Nothing},
    {0xe0000, 0xe0fff, PointReading::Nothing},
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
    const auto* range =
        std::lower_bound(kRanges.begin(), kRanges.end(), point,
                         [](const PointRange& one, std::uint32_t at) { return one.last < at; });
    if (range == kRanges.end() || point < range->first) {
      other = true;
    } else if (range->reading == PointReading::Dot) {
      dots = true;
    } else if (range->reading == PointReading::Slash) {
      if (dots && !other) return true;
      dots = other = false;
    }
  }
  return dots && !other;
}

}  // namespace postern::http
