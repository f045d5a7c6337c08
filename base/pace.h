// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How often something may happen: so many at once, and one more in each interval for good. A token bucket that is kept as one
// number, the time at which it would be full again (GCRA, ITU-T I.371). Full at first. Pure: time is given, of one clock that
// does not go backwards.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace postern::base {

struct Rate {
  std::int64_t at_once = 1;  // at least 1
  Nanos interval = kSecond;  // until there is one more, at least 1
};

class Pace {
 public:
  // 0: so many may. Otherwise after how long they may. Of more than at_once that is never true.
  Nanos look(const Rate& rate, Nanos now, std::int64_t many = 1) const {
    const Nanos owed = std::max(full_at_ - now, Nanos{0}) + many * rate.interval;
    return std::max(owed - rate.at_once * rate.interval, Nanos{0});
  }
  // The same; and where it is 0 they are taken.
  Nanos take(const Rate& rate, Nanos now, std::int64_t many = 1) {
    const Nanos wait = look(rate, now, many);
    if (wait == 0) full_at_ = std::max(full_at_, now) + many * rate.interval;
    return wait;
  }
  void give_back(const Rate& rate, std::int64_t many = 1) { full_at_ -= many * rate.interval; }
  bool full(Nanos now) const { return full_at_ <= now; }

 private:
  Nanos full_at_ = 0;
};

}  // namespace postern::base
