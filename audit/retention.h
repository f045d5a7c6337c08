// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Retention: which events are old enough to go, and removing them. What goes is whole: bundles of 256 entries of the
// log, and segments of the journal. What never goes: hash tiles, checkpoints and handovers, so that everything that is
// left is still proved. An event log.retention says what went; it stands in the log before anything is removed.
//
// A clock that is wrong must not empty a log. So the cut goes by the order of events, from the oldest on, and stops at
// the first one that is young enough; and one run takes at most kMostAtOnce of the log's own time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "audit/event.h"
#include "audit/files.h"
#include "audit/journal_reader.h"
#include "audit/log_files.h"
#include "base/result.h"

namespace postern::audit {

inline constexpr base::Micros kShortestRetention = 24LL * 3600 * base::kWallSecond;
inline constexpr base::Micros kMostAtOnce = 30LL * 24 * 3600 * base::kWallSecond;

struct RetentionPlan {
  std::uint64_t first_kept = 0;  // a multiple of kTileWidth; where the search began if nothing goes
  base::Micros oldest = 0;       // of those that go, the time of the first; 0 if nothing goes
  base::Micros newest = 0;       // and of the last
};
struct RetentionQuestion {
  std::uint64_t first = 0;  // the first that is kept now: a multiple of kTileWidth
  std::uint64_t upto = 0;   // what stands under a checkpoint
  base::Micros before = 0;  // older than this is old enough
  // Events that something which is still open began with: the cut stops there.
  std::function<bool(const EventFields& event)> is_needed = {};
};
// Reads the events that may go, and no others. Errors: the journal's.
base::Result<RetentionPlan> plan_retention(JournalReader& journal, const RetentionQuestion& question);

// What an event log.retention says.
struct RetentionRecord {
  std::uint64_t index = 0;  // of the event
  std::string id;
  base::Micros time = 0;
  std::uint64_t first_kept = 0;  // all before it may be gone
  std::string state_sha256;      // of the state as it was there, hexadecimal (gateway/ledger/snapshot.h)
};
// Nothing if the line is not such an event.
std::optional<RetentionRecord> read_retention(std::uint64_t index, std::string_view line);
std::optional<RetentionRecord> read_retention(std::uint64_t index, const EventFields& event);

// The event of the log's folder by which the entry with this index was removed: searched from the newest on. NotFound.
base::Result<RetentionRecord> find_retention(FileSystem& files, const std::string& directory,
                                             std::uint64_t index, std::uint64_t size);
// "event 7 was removed by retention on 2026-03-01T..." if its bundle is gone for that reason; otherwise why, unchanged.
base::Error why_missing(FileSystem& files, const std::string& directory, std::uint64_t index,
                        std::uint64_t size, const base::Error& why);

// Removes what lies wholly before first_kept, the oldest first, at most so many files; again until it returns 0: then all
// of it is gone. Ended at any point, the next call goes on.
base::Result<std::size_t> remove_bundles(FileSystem& files, const std::string& directory,
                                         std::uint64_t first_kept, std::size_t at_most);
base::Result<std::size_t> remove_segments(FileSystem& files, const std::string& journal,
                                          std::uint64_t first_kept, std::size_t at_most);

}  // namespace postern::audit
