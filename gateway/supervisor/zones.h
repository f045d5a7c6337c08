// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What local time is in a time zone, by the system's database (tzdata), as a table: nobody who decides by the customer's clock has
// to open a file for it. It is looked up when the configuration is read, and so of the database of that moment.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace postern::supervisor {

struct LocalOffset {
  base::Micros since = 0;    // of the first one: the moment asked about
  std::int64_t seconds = 0;  // local time is so much ahead of UTC
};

// So far ahead of its reading a table goes; a gateway whose configuration is not read again until then goes on with the last offset.
inline constexpr base::Micros kZoneHorizon = 10LL * 366 * 86'400 * base::kWallSecond;

// Rising. Invalid: there is no such zone; Unavailable: there is no database.
base::Result<std::vector<LocalOffset>> offsets_of_zone(const std::string& name, base::Micros from,
                                                       base::Micros until);

}  // namespace postern::supervisor
