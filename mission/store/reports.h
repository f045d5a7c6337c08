// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The newest report of each kind but events, of each installation.
#pragma once

#include <string_view>
#include <vector>

#include "base/clock.h"
#include "line/protocol.h"
#include "mission/store/subject.h"

namespace postern::mission {

struct LatestReport {
  line::Report report;
  base::Micros received = 0;
};

class Reports : public Subject {
 public:
  // Any report but an event: the newest of its kind stays. False: it was this one already.
  base::Result<bool> keep_latest(std::string_view installation, const line::Report& report, base::Micros now);
  base::Result<std::vector<LatestReport>> latest(std::string_view installation);

 protected:
  using Subject::Subject;
};

}  // namespace postern::mission
