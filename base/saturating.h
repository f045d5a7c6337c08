// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Sums of numbers that others say: however large and however many, they stay at the largest there is.
#pragma once

#include <cstdint>
#include <limits>

namespace postern::base {

// Neither may be below 0.
constexpr std::int64_t sum_of(std::int64_t a, std::int64_t b) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return a > kMost - b ? kMost : a + b;
}
constexpr std::uint64_t sum_of(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  return a > kMost - b ? kMost : a + b;
}

}  // namespace postern::base
