// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An index over the journal for questions: which events, how many, which sessions. It holds no truth:
// whatever is wrong with it, rebuild() makes it anew. The one door to SQLite. Blocks; used from one thread.
// One process writes, others read (WAL).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audit/event.h"
#include "audit/journal_reader.h"
#include "base/result.h"

namespace postern::audit {

struct EventFilter {
  std::optional<base::Micros> since;   // inclusive
  std::optional<base::Micros> until;   // exclusive
  std::vector<std::string> types;      // names or families: "exchange.refused", "session"; empty: all
  Severity severity = Severity::Info;  // at least
  std::string session;                 // empty: any
  std::string actor;                   // empty: any
  std::string text;  // ASCII case is ignored; find_events() only, the index does not hold the lines
  std::optional<std::uint64_t> before;  // journal index, exclusive: the next older page
  std::optional<std::uint64_t> after;   // journal index, exclusive: what came since
  bool oldest_first = false;
  std::size_t limit = 100;  // at most kQueryLimit
};
inline constexpr std::size_t kQueryLimit = 10'000;

struct EventCount {
  EventType type{};
  Severity severity = Severity::Info;
  std::uint64_t count = 0;
};

struct SessionFilter {
  std::string session;   // exactly this one
  std::string engineer;  // by name
  std::string reason;    // why it ended: "revoked", ..; empty: any
  bool refused = false;  // only those that had requests refused
  std::optional<bool> ended;
  std::optional<base::Micros> since;    // still open at, or ended after
  std::optional<base::Micros> until;    // opened before
  std::optional<std::uint64_t> before;  // SessionRow::opened_index, exclusive: the next older page
  std::size_t limit = 100;              // newest first
};

// What happened from a time on, in parts of equal length.
struct HistogramQuestion {
  base::Micros since = 0;          // where the first part begins
  base::Micros width = 1;          // of one part; at least 1
  std::size_t parts = 1;           // at most kMostHistogramParts
  std::uint64_t most = 2'000'000;  // events that are looked at, the newest; bounds the time that it takes
};
inline constexpr std::size_t kMostHistogramParts = 1'000;
struct HistogramPart {
  std::uint64_t events = 0;
  std::uint64_t warning = 0;  // of them, by severity
  std::uint64_t severe = 0;
  std::uint64_t forwarded = 0;  // of them, by type
  std::uint64_t refused = 0;
};
struct Histogram {
  std::vector<HistogramPart> parts;
  // Set when there was more than the question's most: what is counted begins here.
  std::optional<base::Micros> counted_from;
};

// What the log says of one session. While it is open, its figures are sums over the events that are indexed so
// far; once it has ended, its bytes are those that session.ended names, and later completions add nothing.
struct SessionRow {
  std::string id;
  std::string engineer;
  std::string method;  // "pass", "certificate"
  std::string client;  // address
  base::Micros opened = 0;
  std::optional<base::Micros> expires;
  std::optional<base::Micros> ended;
  std::string reason;
  std::uint64_t forwarded = 0;  // events of the session, by type
  std::uint64_t completed = 0;
  std::uint64_t refused = 0;
  std::optional<base::Micros> first_exchange;
  std::optional<base::Micros> last_exchange;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::uint64_t redacted = 0;      // secrets taken out of responses
  std::uint64_t opened_index = 0;  // in the journal
  std::optional<std::uint64_t> ended_index;
};

class Index {
 public:
  // For the one writer. A file that is damaged, of another schema, or left open when the machine (not the
  // process) went down is thrown away and made anew, empty: catch_up() fills it.
  // Its folder is made if it is missing.
  static base::Result<std::unique_ptr<Index>> open(const std::string& path);
  // For readers. Unavailable while there is no index that can be read.
  static base::Result<std::unique_ptr<Index>> open_read_only(const std::string& path);
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  // One transaction per batch: begin(), add()..., commit(). Indices rise by one. Only events that are
  // written() in the journal. After a failure the batch is rolled back and the index continues with the next
  // catch_up().
  base::Status begin();
  base::Status add(std::uint64_t index, const EventFields& event);
  base::Status skip(std::uint64_t index);  // a line that read_event_head refuses: counted, not indexed
  base::Status commit();

  // The first journal index that is not in it.
  std::uint64_t next_index() const;

  // Adds what is missing; rebuilds if it knows more than the journal holds. Returns how many events were
  // added.
  base::Result<std::uint64_t> catch_up(JournalReader& journal);
  base::Result<std::uint64_t> rebuild(JournalReader& journal);

  // Forgets the events before this one, and the sessions that ended before it. Whole blocks: of the last one it may keep
  // some. One transaction.
  base::Status trim(std::uint64_t before);
  // An index that has nothing of what the journal has any more goes on with what is there.
  base::Status begin_at(std::uint64_t first);

  // Journal indices, newest first unless oldest_first. Does not look at filter.text. Invalid: a type that
  // does not exist.
  base::Result<std::vector<std::uint64_t>> events(const EventFilter& filter);
  base::Result<std::vector<EventCount>> counts(base::Micros since);
  // Invalid: no part, too many, or of no length.
  base::Result<Histogram> histogram(const HistogramQuestion& question);
  base::Result<std::vector<SessionRow>> sessions(const SessionFilter& filter);

  // How many blocks of events (event_block.h) questions have read so far: for tests, which hold that no common
  // question looks through all of them.
  std::uint64_t blocks_read() const;

 private:
  struct State;
  explicit Index(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace postern::audit
