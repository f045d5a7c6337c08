// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which sessions have run out, without looking at all of them ten times a second: a session is looked at when it is opened,
// and again when it would have ended by what was known then. That it was active in the meantime is only seen by then.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/by_text.h"
#include "base/clock.h"
#include "gateway/state/state.h"

namespace postern::ledger {

class SessionEnds {
 public:
  explicit SessionEnds(const state::State& state);  // of its sessions

  void open(const state::Session& session);
  void close(std::string_view session);

  // Those of the state that have expired, or were idle for too long; in order of their ids, and again until they are
  // closed. Each of the state's sessions was opened here.
  std::vector<const state::Session*> run_out(const state::State& state, base::Micros now);

 private:
  using Entry = std::pair<base::Micros, std::string>;  // no earlier than that; id

  std::set<Entry> by_time_;
  base::ByText<base::Micros> time_of_;
};

}  // namespace postern::ledger
