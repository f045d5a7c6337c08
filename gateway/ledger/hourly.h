// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Of what somebody outside can make happen as often as they like: at once, and then once an hour for the same reason. What was not
// recorded meanwhile is counted in the next. Reasons come from a list that has an end.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"

namespace postern::ledger {

class Hourly {
 public:
  static constexpr base::Nanos kEvery = 3600 * base::kSecond;

  // How many before it were not recorded; nothing: neither is this one.
  std::optional<std::int64_t> take(const std::string& reason, base::Nanos now) {
    Seen& seen = seen_[reason];
    if (seen.any && now - seen.at < kEvery) {
      ++seen.unrecorded;
      return std::nullopt;
    }
    const std::int64_t before = seen.unrecorded;
    seen = {true, now, 0};
    return before;
  }

 private:
  struct Seen {
    bool any = false;
    base::Nanos at = 0;
    std::int64_t unrecorded = 0;
  };
  std::map<std::string, Seen> seen_;
};

}  // namespace postern::ledger
