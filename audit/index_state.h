// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What index.cc (writing) and index_query.cc (reading) share: the connection and what is remembered between
// two commits.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/database.h"
#include "audit/event_block.h"
#include "audit/index.h"
#include "base/by_text.h"

namespace postern::audit {

// What a question may ask for. The table found(what, block) says which blocks hold an event with it.
enum class Aspect : std::uint8_t { Type, Severity, Session, Actor };
inline std::int64_t what_of(Aspect aspect, std::int64_t value) {
  return value * 4 + static_cast<std::int64_t>(aspect);
}

inline constexpr std::uint64_t kNoBlock = std::numeric_limits<std::uint64_t>::max();

// The block that is being filled. Times bound the search of a question about time, for a clock may step back.
struct OpenBlock {
  std::uint64_t number = kNoBlock;
  std::string events;  // event_block.h
  base::Micros earliest = std::numeric_limits<base::Micros>::max();
  base::Micros latest = std::numeric_limits<base::Micros>::min();
};

struct KnownActor {
  std::uint32_t row = 0;
  std::uint64_t found_in = kNoBlock;  // the last block for which found() was told
};

// A session that had events in this process: its row, and what was counted since the last commit.
struct SessionCounter {
  std::uint32_t row = 0;
  std::uint64_t found_in = kNoBlock;
  std::int64_t forwarded = 0;
  std::int64_t completed = 0;
  std::int64_t refused = 0;
  std::int64_t request_bytes = 0;
  std::int64_t response_bytes = 0;
  std::int64_t redacted = 0;
  std::optional<base::Micros> first;
  base::Micros last = 0;
  bool counted = false;
};

using base::ByText;

struct Sought;  // index_query.cc

struct Index::State {
  explicit State(Database d) : db(std::move(d)) {}

  // index.cc
  base::Status prepare_writer();
  base::Status load_progress();
  base::Status load_open_block();
  base::Status add(std::uint64_t index, const EventFields& event);
  base::Status put(std::uint64_t index, const IndexedEvent& event);
  base::Status turn_to(std::uint64_t block_number);
  base::Result<KnownActor*> actor_of(std::string_view actor);
  base::Result<SessionCounter*> session_of(std::uint64_t index, const EventFields& event);
  base::Status note(SessionCounter& session, std::uint64_t index, const EventFields& event);
  base::Status open_session(const SessionCounter& session, std::uint64_t index, const EventFields& event);
  base::Status end_session(const SessionCounter& session, std::uint64_t index, const EventFields& event);
  void found(Aspect aspect, std::uint32_t value, std::uint64_t& found_in);
  base::Status save_block();
  base::Status save_found();
  base::Status save_counters();
  base::Status commit();
  base::Status give_up(const base::Status& status);  // rolls the batch back; returns status

  // index_query.cc
  base::Result<std::optional<std::int64_t>> row_of(const char* sql, std::string_view text);
  base::Result<Sought> resolve(const EventFilter& filter);
  // Every event that the filter asks for (its text and limit aside), in order, until on_event says no.
  base::Status search(const EventFilter& filter,
                      const std::function<bool(std::uint64_t index, const IndexedEvent& event)>& on_event);

  Database db;
  Statement begin_batch, end_batch, cancel_batch;
  Statement insert_block, insert_events, insert_found, save_next;
  Statement find_actor, insert_actor;
  Statement find_session, insert_session, count_session, update_opened, update_ended;
  ByText<KnownActor> actors;
  ByText<SessionCounter> counters;
  std::vector<SessionCounter*> counted;  // of these, what was counted of since the last commit
  std::array<std::uint64_t, kEventTypes> type_found_in{};
  std::array<std::uint64_t, 3> severity_found_in{};           // Severity::Info is never asked for
  std::vector<std::pair<std::int64_t, std::uint64_t>> fresh;  // rows of found that are not written yet
  OpenBlock block;
  std::uint64_t next = 0;
  std::uint64_t blocks_read = 0;
  bool writer = false;
  bool in_batch = false;
};

}  // namespace postern::audit
