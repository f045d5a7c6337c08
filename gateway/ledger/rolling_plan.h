// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How a service is updated, as the ledger is told it: "updates" of its part (gateway/supervisor/parts.h). What a step sends or
// runs is not in it: calls stand in the enforcers' part, executables in the runner's, and both are told which step, never what.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace postern::ledger {

struct RollingStep {
  enum class Kind : std::uint8_t {
    Call,   // of the component's API, sent by an enforcer to this node
    Run,    // of an executable, by the runner
    Drain,  // Postern's own: until nothing is under way on the node
    Wait,   // until the node is healthy, and of the version
  };
  Kind kind = Kind::Run;
  std::string says;  // for people: "POST /admin/drain", "/opt/acme/update-node --quick"
  base::Micros limit = 0;
  bool tolerated = false;  // that it fails is recorded, and no reason to stop
};
std::string_view to_text(RollingStep::Kind kind);  // "call", "run", "drain", "wait"

struct RollingPlan {
  std::string service;
  std::vector<std::string> nodes;  // in the configuration's order
  int min_up = 0;                  // of the other nodes, while one is out
  base::Micros pause = 0;          // between two nodes
  base::Micros settle = 0;         // a node counts as healthy once it has been for so long
  base::Micros drain_least = 0;    // so long a drain lasts at least
  bool reads_version = false;
  std::vector<RollingStep> forward, back;  // for each node; back is empty: there is no way back

  bool runs() const;  // whether any step is the runner's
};

// [{"service","nodes":[..],"min_up","pause_us","settle_us","drain_least_us","reads_version",
//   "update":[{"kind","says","limit_us","tolerated"*}],"roll-back":[..]}]. What does not fit is left out: the supervisor made it.
std::vector<RollingPlan> parse_rolling_plans(const base::Json& part);

bool is_rolling_version(std::string_view text);  // [A-Za-z0-9][A-Za-z0-9._+-]{0,63}

}  // namespace postern::ledger
