// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/line_pace.h"

#include <algorithm>

#include "gateway/link/jitter.h"

namespace postern::link {

base::Micros line_again_after(int failures, const LineTimes& times, double chance) {
  constexpr int kMostDoublings = 20;
  const base::Micros pause =
      std::min(times.first << std::clamp(failures - 1, 0, kMostDoublings), times.longest);
  return pause / 2 + share(pause / 2, chance);
}

base::Micros line_refused_again_after(const LineTimes& times, double chance) {
  return times.longest + share(times.longest / 10, chance);
}

base::Micros line_twice_again_after(const LineTimes& times, double chance) {
  const base::Micros silence = times.silence / 1000;
  return silence + share(silence / 10, chance);
}

base::Micros LinePauses::after_failure(int reached, bool spoke, const LineTimes& times, double chance) {
  ++failures_;
  doublings_ = reached > furthest_ ? 1 : doublings_ + 1;
  furthest_ = std::max(furthest_, reached);
  LineTimes these = times;
  if (spoke) these.longest = std::min(times.longest, times.longest_spoken);
  return line_again_after(doublings_, these, chance);
}

}  // namespace postern::link
