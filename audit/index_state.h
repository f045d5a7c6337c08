// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What index.cc (writing) and index_query.cc (reading) share: the connection and what is remembered between
// two commits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "audit/database.h"
#include "audit/index.h"

namespace postern::audit {

// Events per row of the table blocks, which turns a time into a range of journal indices: a thousandth of the
// size of an index on time, and no cost per event.
inline constexpr std::uint64_t kBlockEvents = 1024;

struct TimeBlock {
  std::uint64_t number = 0;
  base::Micros earliest = 0;
  base::Micros latest = 0;
  bool used = false;
};

// A session that had events in this process: its row, and what was counted since the last commit.
struct SessionCounter {
  std::int64_t row = 0;
  std::int64_t forwarded = 0;
  std::int64_t completed = 0;
  std::int64_t refused = 0;
  std::int64_t request_bytes = 0;
  std::int64_t response_bytes = 0;
  std::optional<base::Micros> first;
  base::Micros last = 0;
  bool counted = false;
};

struct Index::State {
  explicit State(Database d) : db(std::move(d)) {}

  // index.cc
  base::Status prepare_writer();
  base::Status load_progress();
  base::Status add(std::uint64_t index, const EventFields& event);
  base::Result<std::int64_t> actor_row(std::string_view actor);
  base::Result<SessionCounter*> session_of(std::uint64_t index, const EventFields& event);
  base::Status note(SessionCounter& session, std::uint64_t index, const EventFields& event);
  base::Status open_session(const SessionCounter& session, std::uint64_t index, const EventFields& event);
  base::Status end_session(const SessionCounter& session, std::uint64_t index, const EventFields& event);
  base::Status note_time(std::uint64_t index, base::Micros time);
  base::Status save_block();
  base::Status save_counters();
  base::Status commit();
  base::Status give_up(const base::Status& status);  // rolls the batch back; returns status
  base::Result<std::uint64_t> add_from(JournalReader& journal);

  // index_query.cc
  base::Result<std::optional<std::int64_t>> row_of(const char* sql, std::string_view text);
  base::Result<Statement> query(const EventFilter& filter, const std::string& prefix);
  static std::string bounds_of(const EventFilter& filter);

  Database db;
  Statement begin_batch, end_batch, cancel_batch;
  Statement insert_event, save_next, insert_block;
  Statement find_actor, insert_actor;
  Statement find_session, insert_session, count_session, update_opened, update_ended;
  std::unordered_map<std::string, std::int64_t> actors;
  std::unordered_map<std::string, SessionCounter> counters;
  TimeBlock block;
  std::uint64_t next = 0;
  bool writer = false;
  bool in_batch = false;
};

}  // namespace postern::audit
