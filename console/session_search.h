// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Sessions of the past by what is known of them: a row of the index (who, when, how it ended), what one of their events
// says, or the ticket of the request under which they were let in. Every look is bounded; next says where to go on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "console/log_reader.h"

namespace postern::console {

struct SessionQuestion {
  audit::SessionFilter rows;  // its before and limit aside
  std::string text;           // stands in one of its events; ASCII case is ignored
  std::string ticket;         // stands in the ticket of a request of its engineer that was granted meanwhile
  bool changed = false;       // something was changed in the component, and recorded
  std::optional<std::uint64_t> before;  // FoundSessions::next of the page before
  std::size_t limit = 50;               // at most kMostFoundSessions
};
inline constexpr std::size_t kMostFoundSessions = 500;

struct FoundSessions {
  std::vector<audit::SessionRow> rows;  // newest first
  // Nothing when the end was reached. With text and changed a page may be short, even empty, and a session may come
  // again on a later one; a ticket has one page.
  std::optional<std::uint64_t> next;
};

// The access that was given to an engineer and counted at some time from begin to end, newest first, as the API shows
// grants (openapi.json: Grant). At most kMostGrantsFound; how each ended is what was known at now.
struct GrantQuestion {
  std::string engineer;
  base::Micros begin = 0, end = 0;
  base::Micros now = 0;
};
inline constexpr std::size_t kMostGrantsFound = 50;
base::Result<base::Json> grants_during(LogReader& log, const GrantQuestion& question);

base::Result<FoundSessions> search_sessions(LogReader& log, const SessionQuestion& question);

}  // namespace postern::console
