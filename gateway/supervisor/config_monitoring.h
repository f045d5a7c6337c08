// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// monitoring of postern.yaml: what of the component and of this host is measured, and from where on it is a warning. All has
// defaults, but for what to read of a component: only the customer knows what its numbers mean.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/yaml.h"
#include "measure/reading.h"

namespace postern::supervisor {

inline constexpr std::size_t kDiskLimit = 8;      // beside the state directory
inline constexpr std::size_t kDocumentLimit = 8;  // JSON documents of a service
inline constexpr std::size_t kUsageLimit = 16;

// Raised from there on, and cleared only there: what swings around one number is one warning.
struct Threshold {
  int raise = 0, clear = 0;
};

struct Monitoring {
  struct Source {  // of each node of a service
    std::string path;
    bool json = false;  // or metrics
    std::vector<measure::Wanted> values;
  };
  struct Service {
    std::string name;
    std::vector<Source> sources;
  };
  base::Micros every = 30 * base::kWallSecond;
  base::Micros timeout = 5 * base::kWallSecond;  // of one question
  std::vector<Service> services;
  std::vector<std::string> disks;  // absolute
  std::vector<std::string> usage;  // values that usage tells, as counters
  Threshold disk{85, 80}, memory{90, 85}, cpu{95, 85}, storage{85, 80};  // percent
  base::Micros cpu_over = 300 * base::kWallSecond;
  base::Micros clock_raise = 30 * base::kWallSecond, clock_clear = 10 * base::kWallSecond;
  Threshold certificate{21, 28};  // days that are left, of the nodes'
};

}  // namespace postern::supervisor
