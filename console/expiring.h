// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What runs out: certificates, as the supervisor tells them, and API tokens. The thresholds are those of the events
// (gateway/supervisor/expiry.h).
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/json.h"

namespace postern::console {

inline constexpr std::int64_t kSoonDays = 30;
inline constexpr std::int64_t kNearDays = 7;

// {"days": whole ones that are left, "urgency": "fine" | "soon" | "near" | "over"}
base::Json time_left(base::Micros end, base::Micros now);

// The same, put into each of a list whose items have "not_after".
void put_time_left(base::Json& items, base::Micros now);

}  // namespace postern::console
