// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How long and how many, as the configuration says it. Times are microseconds.
//
//   {"sessions": {"idle_us", "absolute_us", "most", "most_per_engineer", "warn_bytes", "hold_bytes", "cut_bytes"},
//    "requests": {"expire_us", "default_grant_us", "longest_grant_us", "reasons": [..],
//                 "ticket": {"pattern", "required", "hint"}},
//    "grants": {"signers": [verifier keys], "signed_only"},
//    "holds": {"wait_us", "most", "most_per_session"},
//    "intake": {"lost_after_us"}, "retention": {"events_us"}}                                                  every field may be missing
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "certs/note.h"
#include "policy/constraint.h"

namespace postern::ledger {

inline constexpr base::Micros kMinute = 60 * base::kWallSecond;
inline constexpr base::Micros kHour = 60 * kMinute;
inline constexpr base::Micros kDay = 24 * kHour;

// What a request must say, beyond what every request says.
struct RequestForm {
  std::vector<std::string> reasons;  // to choose from; words of one's own may follow, or stand instead
  std::shared_ptr<const policy::Pattern> ticket;  // null: any will do
  bool ticket_required = false;
  std::string ticket_hint;  // what a ticket looks like, for people; may be empty
};

// Whose signature makes a grant (certs/signed_grant.h).
struct GrantRules {
  std::vector<certs::VerifierKey> signers;
  bool signed_only = false;  // nothing else does, and no capability is on for all
};

struct Limits {
  base::Micros session_idle = 30 * kMinute;
  base::Micros session_absolute = 8 * kHour;
  std::int64_t sessions = 10'000;
  std::int64_t sessions_per_engineer = 10;  // one more, and the oldest is superseded
  // Of responses that a session receives: it is said, each further call waits for an admin, none passes. 0: never.
  std::int64_t warn_bytes = 0, hold_bytes = 0, cut_bytes = 0;
  base::Micros request_expires = 4 * kDay;
  base::Micros default_grant = 8 * kHour;
  base::Micros longest_grant = 30 * kDay;
  RequestForm request_form;
  GrantRules grants;
  base::Micros hold_wait = 10 * kMinute;  // for an admin's answer
  std::int64_t holds = 100;               // that wait at a time
  std::int64_t holds_per_session = 10;
  base::Micros keep_events = 0;  // 0: for ever
  base::Micros intake_lost_after =
      3 * kMinute;  // a remote gateway that is not heard from for so long is lost

  bool has_budget() const { return warn_bytes + hold_bytes + cut_bytes > 0; }
};

// Invalid, with the field's name, for a limit that is not a positive whole number, or a pattern that is none.
base::Result<Limits> parse_limits(const base::Json& config);

// Not configurable: what nobody needs more of.
inline constexpr base::Micros kDefaultPass = 15 * kMinute;
inline constexpr base::Micros kLongestPass = 7 * kDay;
inline constexpr base::Micros kLatestStart = 90 * kDay;  // of a request or grant, from now
inline constexpr base::Micros kShortestGrant = kMinute;
inline constexpr base::Micros kJustNow =
    5 * kMinute;                              // a start so far back is taken for "at once": clocks differ
inline constexpr std::size_t kMostTalk = 10;  // messages about a request; the last place is for an answer
inline constexpr std::size_t kLongestMessage = 1'000;  // bytes of one
inline constexpr std::int64_t kMostGrants = 5'000;     // that have not ended
inline constexpr std::int64_t kMostEngineers = 10'000;
inline constexpr std::int64_t kMostPending = 1'000;  // access requests
inline constexpr std::int64_t kMostPendingPerEngineer = 20;
inline constexpr std::size_t kMostListed = 500;  // capabilities in one request
inline constexpr std::size_t kMostListedBytes =
    16'000;  // of their names: the event must stay below audit::kEventLimit
inline constexpr std::size_t kMostCertificates = 20;
inline constexpr std::size_t kLongestReason = 2'000;  // bytes; of a ticket or note likewise
inline constexpr std::size_t kLongestPeerText = 512;  // bytes of what a client says about itself; cut there

}  // namespace postern::ledger
