// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What was used, hour by hour, as the log's events say it: a fold over them by their index, so that each counts once whoever dies
// in between. Sharing begins and ends with events of the log too (permission.changed of usage), and with it the counting. An hour is
// closed once; what comes later with an earlier time counts in the first that is open. Hours without events are hours too: a
// gap would say nothing. Where the clock was ahead and was put right, what was counted in hours to come counts in the next.
//
// Beside it, counters of the component, which are in no event: how much they grew, and where they stood, which is kept in the same
// document (to_json), so that nothing counts twice. What they grew by while nobody looked and they began anew is lost.
//
// Pure: time comes from events and from whoever closes.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "audit/event.h"
#include "base/clock.h"
#include "base/json.h"
#include "gateway/ledger/window.h"

namespace postern::ledger {

inline constexpr base::Micros kUsageHour = 3600 * base::kWallSecond;
inline constexpr std::string_view kUsage = "usage";

struct UsageCounts {
  std::int64_t sessions = 0, reads = 0, writes = 0, refused = 0, bytes_in = 0, bytes_out = 0,
               capabilities = 0;
  UsageCounts& operator+=(const UsageCounts& more);
};
// What one event adds, so that it need not be kept whole until it is durable.
struct UsageStep : UsageCounts {
  std::uint64_t index = 0;
  base::Micros time = 0;
  std::string engineer;         // of a session
  std::optional<bool> sharing;  // it is switched
};
// Nothing: it counts for nothing.
std::optional<UsageStep> usage_step(std::uint64_t index, const audit::EventFields& event);

class UsageFold {
 public:
  struct Hour : UsageCounts {
    bool complete = true;             // counting did not begin within it
    std::set<std::string> engineers;  // by name here; outside only how many
    std::map<std::string, double> component;
  };
  struct Closed {
    std::int64_t hour = 0;  // since 1970
    base::Json body;        // line/health.h
  };
  static constexpr std::size_t kMostClosed = 10'000;     // more than a year; the oldest go
  static constexpr std::size_t kMostEngineers = 10'000;  // of one hour
  static constexpr base::Micros kSettling =
      60 * base::kWallSecond;  // after an hour's end: what is still on its way

  // In the order of indices; what was taken before is passed over.
  void take(const UsageStep& step);
  // Of a counter of a node; does nothing while usage is not shared. True: it is new, and where it stood must not be lost.
  bool take_counter(const std::string& node, const std::string& name, double value, base::Micros now);
  // Closes what is over. True if something was.
  bool close(base::Micros now);
  // Where the log does not say it (any more): from now on.
  void set_sharing(bool shares, base::Micros now, std::uint64_t next);

  bool shares() const { return shares_; }
  std::uint64_t next() const { return next_; }
  const std::deque<Closed>& closed() const { return closed_; }
  void took(std::int64_t hour);                         // Mission Control has it
  std::uint64_t given_up() const { return given_up_; }  // closed hours that went
  base::Json open(base::Micros now) const;              // the body of the hour that is not over, as it is

  base::Json to_json() const;
  static UsageFold from_json(const base::Json& json);

 private:
  Hour& hour_at(base::Micros time);
  bool come_back(base::Micros now);

  bool shares_ = false;
  std::uint64_t next_ = 0;       // index of the first event that does not count yet
  std::int64_t first_open_ = 0;  // hour; 0: nothing is counted
  std::map<std::int64_t, Hour> open_;
  std::deque<Closed> closed_;               // rising
  std::map<std::string, Growth> counters_;  // by node and name
  std::uint64_t given_up_ = 0;
};

// The id of the report of an hour: always the same.
std::string usage_id(std::int64_t hour);

}  // namespace postern::ledger
