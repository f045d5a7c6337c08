// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/maintenance.h"

#include <algorithm>

namespace postern::ledger {
namespace {

using base::Json;
using base::Micros;

constexpr std::int64_t kSecondsADay = 86'400, kSecondsAMinute = 60;
constexpr Micros kMicrosADay = kSecondsADay * base::kWallSecond;
constexpr std::int64_t kWeek = 7;
// 1970-01-01 was a Thursday; Monday is 0.
constexpr std::int64_t kFirstWeekday = 3;
// Local dates looked at around a moment: one before, as offsets go up to 14 hours, and a week and two days after.
constexpr std::int64_t kDaysBefore = 2, kDaysAfter = 9;

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
  const std::int64_t quotient = value / by;
  return value % by < 0 ? quotient - 1 : quotient;
}

// When it is that local time (seconds since 1970 as if local time were UTC), in UTC.
Micros moment_of_local(const std::vector<ZoneOffset>& zone, std::int64_t local) {
  for (std::size_t i = 0; i < zone.size(); ++i) {
    const Micros at = (local - zone[i].seconds) * base::kWallSecond;
    const bool late = i + 1 < zone.size() && at >= zone[i + 1].since;
    if (late) continue;  // by then the offset is another one
    // Before this offset's time, and after the one before: the clock jumped over it.
    return i == 0 ? at : std::max(at, zone[i].since);
  }
  return (local - zone.back().seconds) * base::kWallSecond;
}

Opening opening_on(const MaintenanceWindow& window, std::int64_t day) {
  const Micros from = moment_of_local(window.zone, day * kSecondsADay + window.from * kSecondsAMinute);
  return {from, from + window.length};
}

bool is_open_on(const MaintenanceWindow& window, std::int64_t day) {
  const std::int64_t weekday = ((day + kFirstWeekday) % kWeek + kWeek) % kWeek;
  return (window.days & (1U << static_cast<unsigned>(weekday))) != 0;
}

template <typename See>
void each_opening(std::span<const MaintenanceWindow> windows, Micros around, See see) {
  const std::int64_t today = floor_div(around, kMicrosADay);
  for (const MaintenanceWindow& window : windows) {
    for (std::int64_t day = today - kDaysBefore; day <= today + kDaysAfter; ++day) {
      if (is_open_on(window, day)) see(opening_on(window, day));
    }
  }
}

}  // namespace

std::optional<Opening> next_opening(std::span<const MaintenanceWindow> windows, Micros earliest) {
  std::optional<Opening> out;
  each_opening(windows, earliest, [&](const Opening& one) {
    if (one.from < earliest) return;
    if (!out || one.from < out->from || (one.from == out->from && one.until > out->until)) out = one;
  });
  return out;
}

std::optional<Opening> opening_at(std::span<const MaintenanceWindow> windows, Micros moment) {
  std::optional<Opening> out;
  each_opening(windows, moment, [&](const Opening& one) {
    if (one.from <= moment && moment < one.until && (!out || one.until > out->until)) out = one;
  });
  return out;
}

std::vector<MaintenanceWindow> parse_windows(const Json& list) {
  std::vector<MaintenanceWindow> out;
  for (const Json& json : list) {
    if (!json.is_object()) continue;
    MaintenanceWindow window;
    window.days =
        static_cast<std::uint8_t>(base::json_number_or(json, "days", 0) & MaintenanceWindow::kDaily);
    window.from = base::json_number_or(json, "from_minutes", 0);
    window.length = base::json_number_or(json, "length_us", 0);
    window.zone.clear();
    const Json zone = json.value("zone", Json::array());
    for (const Json& one : zone) {
      if (one.is_array() && one.size() == 2 && one[0].is_number_integer() && one[1].is_number_integer())
        window.zone.push_back({one[0].get<std::int64_t>(), one[1].get<std::int64_t>()});
    }
    if (window.days != 0 && window.length > 0 && !window.zone.empty()) out.push_back(std::move(window));
  }
  return out;
}

}  // namespace postern::ledger
