// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How often each may (base/pace.h), by key. Bounded: whoever was quiet long enough to have all of
// it again is forgotten. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/pace.h"

namespace postern::mission {

class KeyedPace {
 public:
  struct Settings {
    base::Rate rate;
    std::size_t keys = 10'000;  // of more at a time, each new one waits
  };
  explicit KeyedPace(Settings settings) : settings_(settings) {}

  // 0: yes. Else after how long.
  base::Nanos take(const std::string& key, base::Nanos now);
  // The same without taking.
  base::Nanos look(const std::string& key, base::Nanos now);

 private:
  void forget(base::Nanos now);

  const Settings settings_;
  std::map<std::string, base::Pace> paces_;
};

}  // namespace postern::mission
