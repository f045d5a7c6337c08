// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the index keeps of kBlockEvents events in a row of the journal, as one value of 18 bytes per event:
//
//   block = *event        event i of block n is number n * kBlockEvents + i of the journal
//   event = i64 time  u32 session  u32 actor  u8 type  u8 severity          little-endian
//
// session and actor are rows of the index's tables, 0 for none. A line of the journal that is no event takes its
// place too, with type 255. Gained over a row per event: an event costs the writer an append to memory, and a
// reader looks through a block faster than SQLite finds a row. Given up: the newest block is written again by
// each commit until it is full.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/event.h"

namespace postern::audit {

inline constexpr std::uint64_t kBlockEvents = 256;

struct IndexedEvent {
  base::Micros time = 0;
  std::uint32_t session = 0;
  std::uint32_t actor = 0;
  std::uint8_t type = kNoEvent;  // an EventType
  Severity severity = Severity::Info;

  static constexpr std::uint8_t kNoEvent = 255;
  bool operator==(const IndexedEvent&) const = default;
};
static_assert(kEventTypes < IndexedEvent::kNoEvent);

void append_event(std::string& block, const IndexedEvent& event);

// How many events the bytes hold; nothing if they are no block.
std::optional<std::size_t> events_in(std::string_view block);
// The i-th of them; i < events_in(block).
IndexedEvent event_at(std::string_view block, std::size_t i);

}  // namespace postern::audit
