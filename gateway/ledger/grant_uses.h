// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What engineers have done while grants hold that say how much of it there may be (Grant::limited): in all their sessions
// together, also in those that ended. Counted from what enforcers say beside their events, like Tallies, and the same again
// after a restart, from the events. What counts is all that reached the component, by whatever capability: an engineer who has
// such a grant is limited, not a door of theirs. An exchange counts whole if it ends while the grant holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "gateway/state/state.h"

namespace postern::ledger {

// Of ended sessions it is known whose they were for so many more: their last exchanges are told after their end.
inline constexpr std::size_t kLeftSessions = 1'000;

struct GrantUse {
  std::int64_t exchanges = 0;
  std::int64_t response_bytes = 0;
};

class GrantUses {
 public:
  using OfGrants = std::map<std::string, GrantUse, std::less<>>;  // by id; those that have not ended

  void grant_changed(const state::State& state, std::string_view grant);  // it started or ended
  void session_ends(std::string_view session, std::string_view engineer);

  // That session did something; the names of whom it is, if anything of theirs is counted.
  void add(const state::State& state, std::string_view session, const GrantUse& more, base::Micros now);
  // The engineer of that session; empty if nothing of theirs is counted.
  std::string_view counted(const state::State& state, std::string_view session) const;
  const OfGrants& of(std::string_view engineer) const;
  GrantUse of_grant(const state::Grant& grant) const;

 private:
  std::map<std::string, OfGrants, std::less<>> of_;       // by engineer; none is empty
  std::map<std::string, std::string, std::less<>> left_;  // ended sessions -> engineer
  std::deque<std::string> left_order_;                    // the oldest first
};

}  // namespace postern::ledger
