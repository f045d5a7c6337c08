// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the log's events add up to, for monitoring: counters that begin at 0 when the console does, as those of any
// process. Nobody else counts: what is not an event did not happen.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "console/log_reader.h"

namespace postern::console {

// Durations in buckets, each of those up to its bound; the last one has no bound.
struct DurationFigures {
  static constexpr std::array<base::Micros, 16> kBounds{
      500,     1'000,   2'500,     5'000,     10'000,    25'000,     50'000,     100'000,
      250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000, 60'000'000, 600'000'000};
  std::array<std::uint64_t, kBounds.size() + 1> counts{};  // of each bucket alone
  base::Micros sum = 0;
  void take(base::Micros duration);
  void add(const DurationFigures& more);
};

struct LogFigures {
  using ByText = std::map<std::string, std::uint64_t, std::less<>>;
  std::uint64_t begin = 0, end = 0;  // of the journal's events; those in between are counted
  std::uint64_t skipped = 0;         // there were more than could be looked at
  std::map<std::pair<std::string, std::string>, std::uint64_t> events;  // by type and severity
  ByText refused;                                                       // exchange.refused, by code
  ByText limited;   // refusals that limit.reached counts, by limit: they have no event of their own
  ByText ended;     // exchange.completed, by outcome
  ByText answered;  // exchange.completed that had an answer, by "2xx" and so on
  DurationFigures exchange, component;
  std::int64_t request_bytes = 0, response_bytes = 0;

  void take(std::string_view line);  // passes over what is no event
  // Of the events that follow those that are counted; false, and nothing added, if it does not follow.
  bool add(const LogFigures& more);
};

// Those from index on; from nothing on: none yet, but where to begin. Looks at kMostCounted at most, the newest.
inline constexpr std::uint64_t kMostCounted = 500'000;
base::Result<LogFigures> figures_since(LogReader& log, std::optional<std::uint64_t> index);

}  // namespace postern::console
