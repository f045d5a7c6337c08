// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/paced_events.h"

#include <utility>

namespace postern::supervisor {

bool PacedEvents::take(base::Nanos now, bool severe) {
  if (pace.take(rate, now) == 0 || severe) return true;
  ++unrecorded;
  return false;
}

void PacedEvents::say_unrecorded(base::Json& detail) {
  if (unrecorded > 0) detail["unrecorded"] = std::exchange(unrecorded, 0);
}

}  // namespace postern::supervisor
