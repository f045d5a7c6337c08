// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What installations used, an hour a row: what was told of an hour first is what counts, however often it is told.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "mission/store/subject.h"

namespace postern::mission {

inline constexpr base::Micros kUsageKept = 3650LL * 86400 * base::kWallSecond;
inline constexpr std::size_t kUsagePage = 10'000;  // hours of one answer

struct UsageHour {
  std::string installation;
  base::Micros hour = 0;
  bool complete = true;                        // it was counted from its beginning
  std::map<std::string, std::int64_t> counts;  // "sessions", "bytes_in", "component.queries" ...
};

struct UsageSum {
  std::string installation;
  std::int64_t hours = 0;
  base::Micros first = 0, last = 0;  // hours
  std::map<std::string, std::int64_t>
      counts;  // of engineers the most of an hour: names are not told, so they cannot be added
};

class Usages : public Subject {
 public:
  // False: the hour is there already.
  base::Result<bool> keep_usage(const UsageHour& hour, base::Micros now);
  // By hour, then by installation; installation empty: of all. since: its hour included.
  base::Result<std::vector<UsageHour>> usage(std::string_view installation, base::Micros since,
                                             std::size_t most);
  base::Result<std::vector<UsageSum>> usage_sums(std::string_view installation, base::Micros since);

 protected:
  using Subject::Subject;
  base::Result<bool> forget_usage(base::Micros now);  // true: there may be more
};

}  // namespace postern::mission
