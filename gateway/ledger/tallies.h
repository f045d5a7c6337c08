// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What each active session has done so far: the sums that its session.ended carries. Counted from what
// enforcers say beside their events, so that no event of an exchange is parsed here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/by_text.h"
#include "gateway/ledger/grant_uses.h"

namespace postern::ledger {

// Of one exchange: beyond it a number is a lie. Sums of such ones stay at the largest there is (base/saturating.h).
inline constexpr std::int64_t kMostExchangeBytes = std::int64_t{1} << 50U;

struct Tally {
  std::int64_t exchanges = 0;  // forwarded to the component
  std::int64_t refused = 0;
  std::int64_t request_bytes = 0;
  std::int64_t response_bytes = 0;
  std::int64_t redacted = 0;  // secrets taken out of responses
  base::Micros touched = 0;   // no sum: when the state was told last that the session is active

  void add(const Tally& more);
};

class Tallies {
 public:
  void open(std::string_view session) { of_.try_emplace(std::string(session)); }
  void close(std::string_view session);
  Tally* find(std::string_view session);  // nullptr for a session that is not open: late events count nowhere
  Tally of(std::string_view session) const;

  // What the exchanges that run in that enforcer have received of responses so far: replaces what it said before.
  void receiving(std::uint64_t enforcer, std::string_view session, std::int64_t bytes);
  // Nobody will tell how its exchanges ended: what they had received by then stands among the bytes of responses. Returns
  // that, by session.
  std::vector<std::pair<std::string, std::int64_t>> enforcer_gone(std::uint64_t enforcer);
  // Bytes of responses: those of exchanges that ended, and of those that run.
  std::int64_t received(std::string_view session) const;
  // Of exchanges that run, of all sessions of that kind.
  std::int64_t receiving_of(const std::function<bool(std::string_view session)>& which) const;

  GrantUses& grant_uses() { return grant_uses_; }
  const GrantUses& grant_uses() const { return grant_uses_; }

 private:
  base::ByText<Tally> of_;
  std::map<std::string, std::map<std::uint64_t, std::int64_t>, std::less<>>
      receiving_;  // by enforcer; none is 0
  GrantUses grant_uses_;
};

}  // namespace postern::ledger
