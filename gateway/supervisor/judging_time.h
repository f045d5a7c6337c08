// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How long the supervisor may judge what one of its children brings from outside: in a copy of itself, for which it waits. A
// copy takes some milliseconds, and all that an honest child brings together less than kMost; what was made to take long, or
// comes without end from one in strange hands, does not keep the supervisor from all else.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace postern::supervisor {

class JudgingTime {
 public:
  static constexpr base::Nanos kMost = 30 * base::kSecond;  // used up, there is
  static constexpr std::int64_t kShare = 10;                // of so many seconds one more

  bool has_some(base::Nanos now) {
    if (since_ != 0) left_ = std::min(kMost, left_ + (now - since_) / kShare);
    since_ = now;
    return left_ > 0;
  }
  void use(base::Nanos time) { left_ -= time; }

 private:
  base::Nanos left_ = kMost, since_ = 0;
};

}  // namespace postern::supervisor
