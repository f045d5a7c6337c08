// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/pace.h"

#include <algorithm>
#include <utility>

namespace postern::supervisor {

bool Pace::take(base::Nanos now) {
  if (since != 0 && now > since)
    left = std::min(static_cast<double>(burst), left + static_cast<double>(now - since) *
                                                           static_cast<double>(per_hour) /
                                                           (3600.0 * static_cast<double>(base::kSecond)));
  since = now;
  if (left < 1) return false;
  left -= 1;
  return true;
}

bool PacedEvents::take(base::Nanos now, bool severe) {
  if (pace.take(now) || severe) return true;
  ++unrecorded;
  return false;
}

void PacedEvents::say_unrecorded(base::Json& detail) {
  if (unrecorded > 0) detail["unrecorded"] = std::exchange(unrecorded, 0);
}

}  // namespace postern::supervisor
