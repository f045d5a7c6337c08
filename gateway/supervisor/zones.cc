// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/zones.h"

#include <date/tz.h>

#include <stdexcept>

namespace postern::supervisor {
namespace {

using Seconds = date::sys_seconds;

Seconds seconds_of(base::Micros at) { return Seconds(std::chrono::seconds(at / base::kWallSecond)); }

std::vector<LocalOffset> table_of(const date::time_zone& zone, base::Micros from, base::Micros until) {
  std::vector<LocalOffset> out;
  for (Seconds at = seconds_of(from); out.empty() || at < seconds_of(until);) {
    const date::sys_info about = zone.get_info(at);
    const base::Micros since = out.empty() ? from : at.time_since_epoch().count() * base::kWallSecond;
    if (out.empty() || out.back().seconds != about.offset.count())
      out.push_back({since, about.offset.count()});
    if (about.end <= at) break;
    at = about.end;
  }
  return out;
}

}  // namespace

// The library throws; its database is read once and kept.
base::Result<std::vector<LocalOffset>> offsets_of_zone(const std::string& name, base::Micros from,
                                                       base::Micros until) {
  try {
    (void)date::get_tzdb();
  } catch (const std::exception&) {
    return base::fail(base::Code::Unavailable,
                      "the system has no database of time zones: install the package tzdata");
  }
  try {
    return table_of(*date::locate_zone(name), from, until);
  } catch (const std::exception&) {
    return base::fail(base::Code::Invalid, "the system's database has no time zone of that name");
  }
}

}  // namespace postern::supervisor
