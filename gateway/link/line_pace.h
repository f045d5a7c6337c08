// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// When the line is tried again, and how many orders it takes.
#pragma once

#include "base/clock.h"
#include "base/pace.h"
#include "gateway/link/line_connection.h"

namespace postern::link {

// After the failures-th failure in a row: a pause that doubles up to the longest, of which one half is certain and the other
// is left to chance (0 to 1), so that installations that were cut off together do not come back together.
base::Micros line_again_after(int failures, const LineTimes& times, double chance);
// After a refusal that will be the same in a minute: the longest pause, and up to a tenth more.
base::Micros line_refused_again_after(const LineTimes& times, double chance);
// After "another life of this installation is there": a line that was cut without a word keeps its place until Mission Control
// hears no more of it, and then makes room.
base::Micros line_twice_again_after(const LineTimes& times, double chance);

// Failures in a row, and how long each is waited for. A try that came further than all since the line was good (the server
// answers again, TLS is through, it spoke to us) failed for another reason, which may be short: the pauses begin anew, so that
// an hour without a network is not followed by five minutes without a line because of the first stumble.
class LinePauses {
 public:
  // reached: how far it came, higher is further. spoke: the server did, and said no more than "not now", or was cut off before
  // anything was taken: half a minute at most.
  base::Micros after_failure(int reached, bool spoke, const LineTimes& times, double chance);
  void good() { *this = LinePauses(); }  // what was sent over it was taken
  void failed() { ++failures_; }         // a pause of another kind follows
  int failures() const { return failures_; }

 private:
  int failures_ = 0;
  int doublings_ = 0;  // failures of the same reach
  int furthest_ = -1;
};

// Orders. Mission Control needs two a minute, and a few more in a day.
inline constexpr base::Rate kOrders{200, base::kSecond / 10};

}  // namespace postern::link
