// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How installations were: a row of numbers each two minutes for two days, and an average of each hour for a year. By our
// clock, not theirs: a clock that is wrong, or lies, fills nothing and keeps nothing out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "mission/store/subject.h"

namespace postern::mission {

inline constexpr base::Micros kHealthRow = 120 * base::kWallSecond;
inline constexpr base::Micros kHealthHour = 3600 * base::kWallSecond;
inline constexpr base::Micros kHealthRowsKept = 2LL * 86400 * base::kWallSecond;
inline constexpr base::Micros kHealthHoursKept = 366LL * 86400 * base::kWallSecond;

// numbers: {"status": 0 ok, 1 warning, 2 critical; "availability","processing","cpu","memory","storage": percent; "nodes","up"},
// each of which may be missing.
struct HealthRow {
  base::Micros at = 0;
  base::Json numbers = base::Json::object();
};

class Healths : public Subject {
 public:
  // Of one row's time the newest stays; the hour's average has all of them. status: the worst of the hour.
  base::Status keep_health(std::string_view installation, const HealthRow& row);
  base::Result<std::optional<HealthRow>> newest_health(std::string_view installation);
  // Of each that has told any since then, in no order.
  struct Newest {
    std::string installation;
    HealthRow row;
  };
  base::Result<std::vector<Newest>> newest_healths(base::Micros since);
  // The newest first.
  base::Result<std::vector<HealthRow>> health(std::string_view installation, base::Micros since,
                                              std::size_t most);
  base::Result<std::vector<HealthRow>> health_hours(std::string_view installation, base::Micros since,
                                                    std::size_t most);

 protected:
  using Subject::Subject;
  base::Result<bool> forget_health(base::Micros now);  // true: there may be more
};

}  // namespace postern::mission
