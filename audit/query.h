// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Index and journal together: the lines that answer a filter, text included.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/index.h"
#include "audit/journal_reader.h"

namespace postern::audit {

struct FoundEvent {
  std::uint64_t index = 0;
  std::string line;
};

struct FoundEvents {
  std::vector<FoundEvent> events;
  // Where to go on (EventFilter::before, or ::after when oldest_first); nothing when the end was reached.
  std::optional<std::uint64_t> next;
};

// Lines that one call looks at when filter.text is set; then it returns what it has, and next.
inline constexpr std::size_t kTextScanLimit = 500'000;

base::Result<FoundEvents> find_events(Index& index, JournalReader& journal, const EventFilter& filter);

}  // namespace postern::audit
