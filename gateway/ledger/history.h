// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the journal says at start: the state, what the sessions that are still open have done, and which
// events are there already. Reads every line once, and those since the oldest open session a second time:
// about a second per million events.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/journal_reader.h"
#include "audit/retention.h"
#include "base/result.h"
#include "gateway/ledger/recent_ids.h"
#include "gateway/ledger/snapshot.h"
#include "gateway/ledger/tallies.h"
#include "gateway/state/state.h"

namespace postern::ledger {

// More than all roles together can hold unacknowledged.
inline constexpr std::size_t kRecentIds = 200'000;

struct History {
  state::State state;
  Tallies tallies;
  RecentIds ids{kRecentIds};
  std::uint64_t events = 0;
  std::string key_ordered;              // the new key that the last log.key_changed names; empty: none
  std::uint64_t key_ordered_after = 0;  // the index behind that event
  std::vector<audit::RetentionRecord> retentions;  // the newest last; there is one a day at most
  base::Micros newest = 0;                         // time of the last event
};

// Lines that are not events of a version we know are counted and passed over.
// on_line sees each line once, in order.
using OnLine = std::function<void(std::string_view line)>;
struct Reading {
  const Snapshot* from = nullptr;  // go on from there; nothing: from the first event
  std::uint64_t upto = std::numeric_limits<std::uint64_t>::max();
};
base::Result<History> read_history(audit::JournalReader& journal, const OnLine& on_line = {},
                                   const Reading& reading = {});

}  // namespace postern::ledger
