// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The exchanges of one session, each as one thing: the event of its begin, or of its refusal, with that of its end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "console/log_reader.h"

namespace postern::console {

inline constexpr std::size_t kMostExchanges = 500;  // of one page

struct ExchangeQuestion {
  std::string session;
  std::string text;      // stands in the line that began or refused it; ASCII case is ignored
  bool refused = false;  // only those that were refused
  bool newest_first = false;
  std::optional<std::uint64_t> from;  // index, exclusive: the next page, in either order
  std::size_t limit = 100;            // at most kMostExchanges
};

// {"items":[..],"next"*}; console/openapi.json says what an item is. An exchange whose end is not found
// among the kMostLookedAt events of the session that follow the page's first has the outcome "open".
base::Result<base::Json> list_exchanges(LogReader& log, const ExchangeQuestion& question);

}  // namespace postern::console
