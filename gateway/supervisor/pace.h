// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How often something may happen: a bucket that is full at first.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace postern::supervisor {

struct Pace {
  std::int64_t burst, per_hour;
  base::Nanos since = 0;
  double left = static_cast<double>(burst);

  bool take(base::Nanos now);  // one of them
};

}  // namespace postern::supervisor
