// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// When the line is tried again, and how many orders it takes.
#pragma once

#include "base/clock.h"
#include "gateway/link/line_connection.h"

namespace postern::link {

// After the failures-th failure in a row: a pause that doubles up to the longest, of which one half is certain and the other
// is left to chance (0 to 1), so that installations that were cut off together do not come back together.
base::Micros line_again_after(int failures, const LineTimes& times, double chance);
// After a refusal that will be the same in a minute: the longest pause, and up to a tenth more.
base::Micros line_refused_again_after(const LineTimes& times, double chance);

// Orders: kOrderBurst at once, and kOrdersPerSecond for good. Mission Control needs two a minute, and a few more in a day.
inline constexpr int kOrderBurst = 200;
inline constexpr int kOrdersPerSecond = 10;
class OrderPace {
 public:
  explicit OrderPace(base::Nanos now) : since_(now) {}
  bool take(base::Nanos now);  // false: that is one too many

 private:
  base::Nanos since_;
  std::int64_t left_ = std::int64_t{kOrderBurst} * base::kSecond;  // in parts of an order
};

}  // namespace postern::link
