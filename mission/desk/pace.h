// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How often somebody may: so many at once, and one more per interval. Bounded: whoever was quiet long enough to have all of
// it again is forgotten. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "base/clock.h"

namespace postern::mission {

class Pace {
 public:
  struct Settings {
    int at_once = 1;
    base::Nanos interval = base::kSecond;  // for one more
    std::size_t keys = 10'000;             // of more at a time, each new one waits
  };
  explicit Pace(Settings settings) : settings_(settings) {}

  // 0: yes. Else after how long.
  base::Nanos take(const std::string& key, base::Nanos now);
  // The same without taking.
  base::Nanos look(const std::string& key, base::Nanos now);

 private:
  void forget(base::Nanos now);

  const Settings settings_;
  std::map<std::string, base::Nanos> full_at_;  // when all of it is there again
};

}  // namespace postern::mission
