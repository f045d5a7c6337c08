// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How long and how many, as the configuration says it. Times are microseconds.
//
//   {"sessions": {"idle_us", "absolute_us", "most", "most_per_engineer"},
//    "requests": {"expire_us", "default_grant_us", "longest_grant_us"},
//    "holds": {"wait_us", "most", "most_per_session"},
//    "retention": {"events_us"}}                                                  every field may be missing
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/json.h"

namespace postern::ledger {

inline constexpr base::Micros kMinute = 60 * base::kWallSecond;
inline constexpr base::Micros kHour = 60 * kMinute;
inline constexpr base::Micros kDay = 24 * kHour;

struct Limits {
  base::Micros session_idle = 30 * kMinute;
  base::Micros session_absolute = 8 * kHour;
  std::int64_t sessions = 10'000;
  std::int64_t sessions_per_engineer = 10;  // one more, and the oldest is superseded
  base::Micros request_expires = 4 * kDay;
  base::Micros default_grant = 8 * kHour;
  base::Micros longest_grant = 30 * kDay;
  base::Micros hold_wait = 10 * kMinute;  // for an admin's answer
  std::int64_t holds = 100;               // that wait at a time
  std::int64_t holds_per_session = 10;
  base::Micros keep_events = 0;  // 0: for ever
};

// Invalid, with the field's name, for a limit that is not a positive whole number.
base::Result<Limits> parse_limits(const base::Json& config);

// Not configurable: what nobody needs more of.
inline constexpr base::Micros kDefaultPass = 15 * kMinute;
inline constexpr base::Micros kLongestPass = 7 * kDay;
inline constexpr base::Micros kLatestStart = 90 * kDay;  // of a request, from now
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
