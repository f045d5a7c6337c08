// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/expiring.h"

namespace postern::console {
namespace {

constexpr base::Micros kOneDay = 24LL * 3600 * base::kWallSecond;

}  // namespace

base::Json time_left(base::Micros end, base::Micros now) {
  const std::int64_t days = end <= now ? 0 : (end - now) / kOneDay;
  const std::string_view urgency = end <= now         ? "over"
                                   : days < kNearDays ? "near"
                                   : days < kSoonDays ? "soon"
                                                      : "fine";
  return {{"days", days}, {"urgency", urgency}};
}

void put_time_left(base::Json& items, base::Micros now) {
  for (base::Json& item : items) {
    const auto end = base::parse_time(base::json_text_or(item, "not_after", ""));
    if (end.ok()) item.update(time_left(*end, now));
  }
}

}  // namespace postern::console
