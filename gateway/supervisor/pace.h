// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How often something may happen: a bucket that is full at first.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/json.h"

namespace postern::supervisor {

struct Pace {
  std::int64_t burst, per_hour;
  base::Nanos since = 0;
  double left = static_cast<double>(burst);

  bool take(base::Nanos now);  // one of them
};

// Events of which those that come faster are counted, and the next one that is recorded says how many.
struct PacedEvents {
  Pace pace;
  std::int64_t unrecorded = 0;

  // Whether this one is recorded; severe: it always is.
  bool take(base::Nanos now, bool severe = false);
  void say_unrecorded(base::Json& detail);  // "unrecorded", unless it is none; counted anew from there
};

}  // namespace postern::supervisor
