// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The newest events of the journal, kept for a while by the process that appends them: lines, and what was read of each
// when it arrived. So whoever derives something from the journal (audit/tiler.h, audit/index.h) need not read back, check
// and scan what has just been written. It is an abbreviation and no source of truth: what is not held any more, the
// journal has, and only what the journal says is durable may be asked for.
//
// One thread adds; any may look.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "audit/event.h"

namespace postern::audit {

class FreshLines {
 public:
  explicit FreshLines(std::size_t most_bytes) : most_bytes_(most_bytes) {}
  FreshLines(const FreshLines&) = delete;
  FreshLines& operator=(const FreshLines&) = delete;

  // The event with this index; they come in order, without a gap. event: what was read of line; nullptr: it is read here.
  void add(std::uint64_t index, std::string_view line, const EventFields* event);

  // Nobody will ask for events before this one; what else lies with the last of them is kept.
  void forget_before(std::uint64_t index);

  // Of an event, what the index keeps: time, type, severity, session, actor and detail. nullptr: the line is none.
  using OnLine = std::function<void(std::string_view line, const EventFields* event)>;
  // Shows the events from index on, in order, count at most, and says how many were shown: fewer where the newest one is
  // reached; none where index is not held.
  std::size_t look_at(std::uint64_t index, std::size_t count, const OnLine& on_line) const;

  static constexpr std::size_t kChunk = 256U << 10U;

 private:
  // Where in its line a text stands.
  struct Part {
    std::uint16_t begin = 0, size = 0;
  };
  struct Held {
    std::uint32_t begin;
    std::uint16_t size;
    bool is_event;
    EventType type;
    Severity severity;
    Part actor, session, detail;
    base::Micros time;
  };
  // Neither its text nor its table ever moves, so that what was added can be read while more is.
  struct Chunk {
    Chunk();
    bool has_room(std::size_t line) const;
    std::unique_ptr<char[]> text;
    std::unique_ptr<Held[]> held;
    std::uint64_t first = 0;
    std::size_t bytes = 0, count = 0;
  };
  static constexpr std::size_t kMostPerChunk = 1024;
  static Held held_of(std::string_view line, const EventFields* event);
  static EventFields fields_of(std::string_view line, const Held& held);
  void begin_chunk(std::uint64_t index);  // the oldest one goes if there is no room for both

  std::size_t most_bytes_;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<Chunk>> chunks_;
};

}  // namespace postern::audit
