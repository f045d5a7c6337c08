// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// When the customer's maintenance windows are open. A window is a local time of a day, and how long it lasts; what local time is
// stands in a table of offsets that the supervisor looked up (supervisor/zones.h), so that nobody needs a database of time zones here.
//
//   a time that does not exist, because clocks are put forward over it: the moment after
//   a time that there is twice, because clocks are put back over it: the first of the two, once
//   how long: as a clock that nobody turns measures it
//
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace postern::ledger {

struct ZoneOffset {
  base::Micros since = 0;    // UTC; of the first one: whenever
  std::int64_t seconds = 0;  // local time is so much ahead of UTC
};

struct MaintenanceWindow {
  static constexpr std::uint8_t kDaily = 0x7f;
  std::uint8_t days = kDaily;        // bit 0 is Monday
  std::int64_t from = 0;             // minutes after midnight
  base::Micros length = 0;           // a day at most
  std::vector<ZoneOffset> zone{{}};  // rising; never empty
};

struct Opening {
  base::Micros from = 0, until = 0;
  bool operator==(const Opening&) const = default;
};

// The first that begins then or later; nothing: there is no window.
std::optional<Opening> next_opening(std::span<const MaintenanceWindow> windows, base::Micros earliest);
// That in which the moment is; of several the one that lasts longest.
std::optional<Opening> opening_at(std::span<const MaintenanceWindow> windows, base::Micros moment);

// [{"days":bits,"from_minutes","length_us","zone":[[since_us, offset_s], ..]}]. What does not fit is left out: the supervisor
// made it.
std::vector<MaintenanceWindow> parse_windows(const base::Json& list);

}  // namespace postern::ledger
