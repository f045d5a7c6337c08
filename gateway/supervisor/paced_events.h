// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Events of which those that come faster are counted, and the next one that is recorded says how many.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/json.h"
#include "base/pace.h"

namespace postern::supervisor {

struct PacedEvents {
  base::Rate rate;
  base::Pace pace = {};
  std::int64_t unrecorded = 0;

  // Whether this one is recorded; severe: it always is.
  bool take(base::Nanos now, bool severe = false);
  void say_unrecorded(base::Json& detail);  // "unrecorded", unless it is none; counted anew from there
};

}  // namespace postern::supervisor
