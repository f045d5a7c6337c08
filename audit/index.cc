// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How the index is made. It costs about a microsecond per event because a batch is one transaction, events are
// kept in blocks of kBlockEvents (event_block.h), and for each type, session and actor only the blocks are
// remembered in which it occurs. What is counted per session is counted in memory and written once per batch.
// Nothing is synced on the way: the journal is the truth, and an index that a power cut may have torn is
// recognised (see open) and made again.
#include "audit/index.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>
#include <utility>

#include "audit/crc32c.h"
#include "audit/index_state.h"
#include "base/file.h"
#include "base/json.h"
#include "base/saturating.h"

namespace postern::audit {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::Ok;
using base::Result;
using base::Status;

constexpr mode_t kFolderMode = 0750;
constexpr std::size_t kRemembered = 8192;        // actors, and sessions, whose rows are kept in memory
constexpr std::int64_t kMostBytes = 1LL << 50U;  // of one exchange; beyond it a number is a lie
constexpr std::size_t kCatchUpBatch = 10'000;    // events per transaction when catching up

constexpr std::string_view kSchema = R"sql(
CREATE TABLE progress(one INTEGER PRIMARY KEY, next INTEGER NOT NULL, boot TEXT NOT NULL);
CREATE TABLE blocks(number INTEGER PRIMARY KEY, earliest INTEGER NOT NULL, latest INTEGER NOT NULL);
CREATE TABLE events(block INTEGER PRIMARY KEY, packed BLOB NOT NULL);
CREATE TABLE found(what INTEGER, block INTEGER, PRIMARY KEY(what, block)) WITHOUT ROWID;
CREATE TABLE actors(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE sessions(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, engineer TEXT, method TEXT, client TEXT,
                      opened INTEGER NOT NULL, opened_index INTEGER NOT NULL, expires INTEGER,
                      ended INTEGER, ended_index INTEGER, reason TEXT,
                      forwarded INTEGER NOT NULL DEFAULT 0, completed INTEGER NOT NULL DEFAULT 0,
                      refused INTEGER NOT NULL DEFAULT 0, first_exchange INTEGER, last_exchange INTEGER,
                      request_bytes INTEGER NOT NULL DEFAULT 0, response_bytes INTEGER NOT NULL DEFAULT 0,
                      redacted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX sessions_opened ON sessions(opened_index);
CREATE INDEX sessions_engineer ON sessions(engineer, opened_index);
CREATE INDEX sessions_open ON sessions(opened_index) WHERE ended IS NULL;
INSERT INTO progress VALUES(1, 0, '');
)sql";

// Schema and catalogue in a number: SQLite's user_version. Another number means another index.
std::int64_t fingerprint() {
  std::string text = std::to_string(kBlockEvents) + std::string(kSchema);
  for (const EventText& event : all_events()) text.append(event.name).append(" ");
  return crc32c(text) & 0x7FFF'FFFF;
}

// Different after each start of the machine; empty where the kernel does not tell.
std::string boot_id() {
  auto id = base::read_file("/proc/sys/kernel/random/boot_id", 64);
  return id.ok() ? *std::move(id) : std::string();
}

Result<std::int64_t> one_number(Database& db, const std::string& sql) {
  auto statement = db.prepare(sql);
  if (!statement.ok()) return statement.error();
  const auto row = statement->step();
  if (!row.ok()) return row.error();
  return *row ? statement->number(0) : 0;
}

Result<std::string> one_text(Database& db, const std::string& sql) {
  auto statement = db.prepare(sql);
  if (!statement.ok()) return statement.error();
  const auto row = statement->step();
  if (!row.ok()) return row.error();
  return *row ? statement->text(0) : std::string();
}

// Everything in the file up to here, and the mark, reach the medium.
Status mark_durably(Database& db, const std::string& boot) {
  if (Status status = db.run("PRAGMA synchronous=FULL; PRAGMA wal_checkpoint(TRUNCATE)"); !status.ok())
    return status;
  auto mark = db.prepare("UPDATE progress SET boot = ?");
  if (!mark.ok()) return mark.error();
  if (Status status = mark->start().bind(std::string_view(boot)).run(); !status.ok()) return status;
  return db.run("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous=OFF");
}

// Usable if it is ours, of this schema, and was closed, or its writer died while the machine ran on: then the
// page cache still holds all that was written.
Status check_usable(Database& db) {
  const auto version = one_number(db, "PRAGMA user_version");
  if (!version.ok()) return version.error();
  if (*version != fingerprint()) return fail(Code::Invalid, "the index has another schema");
  const auto boot = one_text(db, "SELECT boot FROM progress");
  if (!boot.ok()) return boot.error();
  const std::string now = boot_id();
  if (!boot->empty() && (now.empty() || *boot != now)) {
    return fail(Code::Corrupt, "the machine went down while the index was open");
  }
  return Ok{};
}

Status create(Database& db) {
  if (Status status = db.run("PRAGMA journal_mode=WAL"); !status.ok()) return status;
  return db.run("BEGIN;" + std::string(kSchema) + "PRAGMA user_version=" + std::to_string(fingerprint()) +
                ";COMMIT");
}

void remove_files(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) (void)::unlink((path + suffix).c_str());
}

Result<Database> open_usable(const std::string& path) {
  {
    auto db = Database::open(path, Database::Mode::ReadWrite);
    const Status usable = db.ok() ? check_usable(*db) : Status(db.error());
    if (usable.ok()) return db;
    // What cannot be read just now is not thrown away: that says nothing against it.
    const Code code = usable.error().code;
    const bool later = db.ok() ? code == Code::Unavailable || code == Code::Denied : code != Code::Corrupt;
    if (later) return usable.error();
  }
  remove_files(path);
  auto db = Database::open(path, Database::Mode::ReadWrite);
  if (!db.ok()) return db.error();
  if (const Status status = create(*db); !status.ok()) return status.error();
  return db;
}

Statement& bind_optional(Statement& statement, const Json& detail, const char* key) {
  const std::string* text = base::json_text(detail, key);
  return text != nullptr ? statement.bind(std::string_view(*text)) : statement.bind_null();
}

// The whole number behind "key": in a detail, or 0; without parsing, since this is asked for every exchange. No
// text can look like the key: write_event puts a backslash before each quotation mark inside of one.
std::int64_t number_in(std::string_view detail, std::string_view key) {
  const std::size_t at = detail.find(key);
  if (at == std::string_view::npos) return 0;
  const char* begin = detail.data() + at + key.size();
  std::int64_t number = 0;
  std::from_chars(begin, detail.data() + detail.size(), number);
  return std::clamp<std::int64_t>(number, 0, kMostBytes);
}

Result<std::uint32_t> row_number(std::int64_t row) {
  if (row <= 0 || row > std::numeric_limits<std::uint32_t>::max())
    return fail(Code::Limit, "the index cannot number more sessions or actors");
  return static_cast<std::uint32_t>(row);
}

Json detail_of(const EventFields& event) {
  auto detail = base::parse_json(event.detail, kDetailDepthLimit);
  return detail.ok() ? *std::move(detail) : Json::object();
}

}  // namespace

Index::Index(std::unique_ptr<State> state) : state_(std::move(state)) {}

Index::~Index() {
  if (!state_->writer) return;
  if (state_->in_batch) (void)state_->give_up(Ok{});
  (void)mark_durably(state_->db, "");  // if it fails, the next start rebuilds
}

Result<std::unique_ptr<Index>> Index::open(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/'));
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) return base::fail_errno(folder, errno);
  auto db = open_usable(path);
  if (!db.ok()) return db.error();
  auto state = std::make_unique<State>(*std::move(db));
  const std::string boot = boot_id();
  if (const Status status = mark_durably(state->db, boot.empty() ? "unknown" : boot); !status.ok()) {
    return status.error();
  }
  if (const Status status = state->prepare_writer(); !status.ok()) return status.error();
  if (const Status status = state->load_progress(); !status.ok()) return status.error();
  state->writer = true;
  return std::unique_ptr<Index>(new Index(std::move(state)));
}

Result<std::unique_ptr<Index>> Index::open_read_only(const std::string& path) {
  auto db = Database::open(path, Database::Mode::ReadOnly);
  if (!db.ok()) return fail(Code::Unavailable, db.error().message);
  const auto version = one_number(*db, "PRAGMA user_version");
  if (!version.ok()) return fail(Code::Unavailable, version.error().message);
  if (*version != fingerprint())
    return fail(Code::Unavailable, "the index is not ready: the ledger has to make it anew");
  return std::unique_ptr<Index>(new Index(std::make_unique<State>(*std::move(db))));
}

Status Index::State::prepare_writer() {
  const struct {
    Statement& statement;
    const char* sql;
  } all[] = {
      {begin_batch, "BEGIN IMMEDIATE"},
      {end_batch, "COMMIT"},
      {cancel_batch, "ROLLBACK"},
      {save_next, "UPDATE progress SET next = ?"},
      {insert_block, "INSERT OR REPLACE INTO blocks VALUES(?, ?, ?)"},
      {insert_events, "INSERT OR REPLACE INTO events VALUES(?, ?)"},
      {insert_found, "INSERT OR IGNORE INTO found VALUES(?, ?)"},
      {find_actor, "SELECT id FROM actors WHERE name = ?"},
      {insert_actor, "INSERT INTO actors(name) VALUES(?)"},
      {find_session, "SELECT id FROM sessions WHERE name = ?"},
      {insert_session, "INSERT INTO sessions(name, opened, opened_index) VALUES(?, ?, ?)"},
      {count_session,
       "UPDATE sessions SET forwarded = forwarded + ?, completed = completed + ?, refused = refused + ?,"
       " first_exchange = ifnull(first_exchange, ?), last_exchange = ifnull(?, last_exchange),"
       " request_bytes = request_bytes + iif(ended IS NULL, ?, 0),"
       " response_bytes = response_bytes + iif(ended IS NULL, ?, 0),"
       " redacted = redacted + iif(ended IS NULL, ?, 0) WHERE id = ?"},
      {update_opened,
       "UPDATE sessions SET opened = ?, opened_index = ?, expires = ?, engineer = ?, method = ?, client = ? "
       "WHERE id = ?"},
      {update_ended,
       "UPDATE sessions SET ended = ?, ended_index = ?, request_bytes = ?, response_bytes = ?, redacted = ?, "
       "reason = ? WHERE id = ?"},
  };
  for (const auto& [statement, sql] : all) {
    auto prepared = db.prepare(sql);
    if (!prepared.ok()) return prepared.error();
    statement = *std::move(prepared);
  }
  return Ok{};
}

Status Index::State::load_progress() {
  actors.clear();
  counters.clear();
  counted.clear();
  const auto stored = one_number(db, "SELECT next FROM progress");
  if (!stored.ok()) return stored.error();
  next = static_cast<std::uint64_t>(*stored);
  fresh.clear();
  type_found_in.fill(kNoBlock);
  severity_found_in.fill(kNoBlock);
  block = {};
  if (next % kBlockEvents == 0) return Ok{};
  return load_open_block();
}

Status Index::State::load_open_block() {
  block.number = next / kBlockEvents;
  auto packed = db.prepare("SELECT packed FROM events WHERE block = " + std::to_string(block.number));
  if (!packed.ok()) return packed.error();
  const auto row = packed->step();
  if (!row.ok()) return row.error();
  if (*row) block.events = packed->bytes(0);
  if (events_in(block.events) != next % kBlockEvents) return fail(Code::Corrupt, "the index lacks events");
  auto times =
      db.prepare("SELECT earliest, latest FROM blocks WHERE number = " + std::to_string(block.number));
  if (!times.ok()) return times.error();
  const auto known = times->step();
  if (!known.ok()) return known.error();
  if (*known) {
    block.earliest = times->number(0);
    block.latest = times->number(1);
  }
  return Ok{};
}

std::uint64_t Index::next_index() const { return state_->next; }

Status Index::begin() {
  POSTERN_CHECK(state_->writer && !state_->in_batch);
  Status status = state_->begin_batch.start().run();
  state_->in_batch = status.ok();
  return status;
}

Status Index::add(std::uint64_t index, const EventFields& event) {
  POSTERN_CHECK(state_->in_batch && index == state_->next);
  if (const Status status = state_->add(index, event); !status.ok()) return state_->give_up(status);
  return Ok{};
}

Status Index::skip(std::uint64_t index) {
  POSTERN_CHECK(state_->in_batch && index == state_->next);
  if (const Status status = state_->put(index, {}); !status.ok()) return state_->give_up(status);
  return Ok{};
}

Status Index::commit() {
  POSTERN_CHECK(state_->in_batch);
  if (const Status status = state_->commit(); !status.ok()) return state_->give_up(status);
  state_->in_batch = false;
  return Ok{};
}

Status Index::State::give_up(const Status& status) {
  in_batch = false;
  (void)cancel_batch.start().run();  // fails if SQLite has rolled back by itself
  if (Status loaded = load_progress(); !loaded.ok()) return loaded;
  return status;
}

Status Index::State::add(std::uint64_t index, const EventFields& event) {
  if (Status turned = turn_to(index / kBlockEvents); !turned.ok()) return turned;
  IndexedEvent indexed{event.time, 0, 0, static_cast<std::uint8_t>(event.type), event.severity};
  found(Aspect::Type, indexed.type, type_found_in[indexed.type]);
  if (const auto severity = static_cast<std::uint32_t>(event.severity); severity > 0)
    found(Aspect::Severity, severity, severity_found_in[severity]);
  if (!event.session.empty()) {
    const auto session = session_of(index, event);
    if (!session.ok()) return session.error();
    if (Status status = note(**session, index, event); !status.ok()) return status;
    indexed.session = (*session)->row;
    found(Aspect::Session, indexed.session, (*session)->found_in);
  }
  if (!event.actor.empty()) {
    const auto actor = actor_of(event.actor);
    if (!actor.ok()) return actor.error();
    indexed.actor = (*actor)->row;
    found(Aspect::Actor, indexed.actor, (*actor)->found_in);
  }
  block.earliest = std::min(block.earliest, event.time);
  block.latest = std::max(block.latest, event.time);
  return put(index, indexed);
}

Status Index::State::put(std::uint64_t index, const IndexedEvent& event) {
  if (Status turned = turn_to(index / kBlockEvents); !turned.ok()) return turned;
  append_event(block.events, event);
  ++next;
  return Ok{};
}

Status Index::State::turn_to(std::uint64_t block_number) {
  if (block.number == block_number) return Ok{};
  if (Status saved = save_block(); !saved.ok()) return saved;
  block = {};
  block.number = block_number;
  return Ok{};
}

// found_in: the last block for which this was noted.
void Index::State::found(Aspect aspect, std::uint32_t value, std::uint64_t& found_in) {
  if (found_in == block.number) return;
  found_in = block.number;
  fresh.emplace_back(what_of(aspect, value), block.number);
}

Result<KnownActor*> Index::State::actor_of(std::string_view actor) {
  if (const auto known = actors.find(actor); known != actors.end()) return &known->second;
  if (actors.size() > kRemembered) actors.clear();
  const auto found = find_actor.start().bind(actor).step();
  if (!found.ok()) return found.error();
  std::int64_t row = *found ? find_actor.number(0) : 0;
  if (*found) {
    find_actor.start();
  } else {
    if (const Status status = insert_actor.start().bind(actor).run(); !status.ok()) return status.error();
    row = db.last_row();
  }
  const auto number = row_number(row);
  if (!number.ok()) return number.error();
  KnownActor& made = actors[std::string(actor)];
  made.row = *number;
  return &made;
}

Result<SessionCounter*> Index::State::session_of(std::uint64_t index, const EventFields& event) {
  if (const auto known = counters.find(event.session); known != counters.end()) return &known->second;
  const auto found = find_session.start().bind(event.session).step();
  if (!found.ok()) return found.error();
  std::int64_t row = *found ? find_session.number(0) : 0;
  if (*found) {
    find_session.start();
  } else {
    const Status made = insert_session.start().bind(event.session).bind(event.time).bind(index).run();
    if (!made.ok()) return made.error();
    row = db.last_row();
  }
  const auto number = row_number(row);
  if (!number.ok()) return number.error();
  SessionCounter& session = counters[std::string(event.session)];
  session.row = *number;
  return &session;
}

Status Index::State::note(SessionCounter& session, std::uint64_t index, const EventFields& event) {
  switch (event.type) {
    case EventType::ExchangeForwarded:
      ++session.forwarded;
      break;
    case EventType::ExchangeCompleted:
      ++session.completed;
      session.request_bytes =
          base::sum_of(session.request_bytes, number_in(event.detail, "\"request_bytes\":"));
      session.response_bytes =
          base::sum_of(session.response_bytes, number_in(event.detail, "\"response_bytes\":"));
      session.redacted = base::sum_of(session.redacted, number_in(event.detail, "\"redacted\":"));
      break;
    case EventType::ExchangeRefused:
      ++session.refused;
      break;
    case EventType::SessionOpened:
      return open_session(session, index, event);
    case EventType::SessionEnded:
      return end_session(session, index, event);
    default:
      return Ok{};
  }
  if (!std::exchange(session.counted, true)) counted.push_back(&session);
  session.first = session.first.value_or(event.time);
  session.last = std::max(session.last, event.time);
  return Ok{};
}

Status Index::State::open_session(const SessionCounter& session, std::uint64_t index,
                                  const EventFields& event) {
  const Json detail = detail_of(event);
  update_opened.start().bind(event.time).bind(index);
  const auto expires = base::parse_time(base::json_text_or(detail, "expires", ""));
  expires.ok() ? update_opened.bind(*expires) : update_opened.bind_null();
  for (const char* key : {"engineer", "method", "client"}) bind_optional(update_opened, detail, key);
  return update_opened.bind(std::int64_t{session.row}).run();
}

Status Index::State::end_session(const SessionCounter& session, std::uint64_t index,
                                 const EventFields& event) {
  const Json detail = detail_of(event);
  update_ended.start().bind(event.time).bind(index);
  for (const char* key : {"request_bytes", "response_bytes", "redacted"})
    update_ended.bind(base::json_number_or(detail, key, 0));
  bind_optional(update_ended, detail, "reason");
  return update_ended.bind(std::int64_t{session.row}).run();
}

Status Index::State::save_block() {
  if (block.number == kNoBlock) return Ok{};
  Status saved = insert_events.start().bind(block.number).bind_bytes(block.events).run();
  if (!saved.ok() || block.earliest > block.latest) return saved;  // no line of it is an event
  return insert_block.start().bind(block.number).bind(block.earliest).bind(block.latest).run();
}

// In the order of the table, which is several times as fast as in the order of the events.
Status Index::State::save_found() {
  std::sort(fresh.begin(), fresh.end());
  for (const auto& [what, in_block] : fresh) {
    if (Status status = insert_found.start().bind(what).bind(in_block).run(); !status.ok()) return status;
  }
  fresh.clear();
  return Ok{};
}

Status Index::State::save_counters() {
  for (SessionCounter* const one : counted) {
    SessionCounter& session = *one;
    count_session.start().bind(session.forwarded).bind(session.completed).bind(session.refused);
    count_session.bind(*session.first).bind(session.last);
    count_session.bind(session.request_bytes).bind(session.response_bytes).bind(session.redacted);
    count_session.bind(std::int64_t{session.row});
    if (Status status = count_session.run(); !status.ok()) return status;
    SessionCounter counted_anew;
    counted_anew.row = session.row;
    counted_anew.found_in = session.found_in;
    session = counted_anew;
  }
  counted.clear();
  if (counters.size() > kRemembered) counters.clear();
  return Ok{};
}

Status Index::State::commit() {
  if (Status status = save_counters(); !status.ok()) return status;
  if (Status status = save_block(); !status.ok()) return status;
  if (Status status = save_found(); !status.ok()) return status;
  if (Status status = save_next.start().bind(next).run(); !status.ok()) return status;
  return end_batch.start().run();
}

Result<std::uint64_t> Index::catch_up(JournalReader& journal) {
  if (const Status status = journal.refresh(); !status.ok()) return status.error();
  if (state_->next > journal.size())
    return rebuild(journal);  // the journal lost a tail that was never durable
  if (state_->next < journal.first()) {
    if (const Status begun = begin_at(journal.first()); !begun.ok()) return begun.error();
  }
  const std::uint64_t before = state_->next;
  while (state_->next < journal.size()) {
    const auto lines = journal.read(state_->next, kCatchUpBatch);
    if (!lines.ok()) return lines.error();
    if (const Status status = begin(); !status.ok()) return status.error();
    for (const std::string& line : *lines) {
      const auto event = read_event_head(line);
      const Status status = event.ok() ? add(state_->next, *event) : skip(state_->next);
      if (!status.ok()) return status.error();
    }
    if (const Status status = commit(); !status.ok()) return status.error();
  }
  return state_->next - before;
}

Status Index::trim(std::uint64_t before) {
  POSTERN_CHECK(state_->writer && !state_->in_batch);
  const std::string block = std::to_string(std::min(before, state_->next) / kBlockEvents);
  state_->counters.clear();
  return state_->db.run("BEGIN IMMEDIATE; DELETE FROM events WHERE block < " + block +
                        "; DELETE FROM blocks WHERE number < " + block +
                        "; DELETE FROM found WHERE block < " + block +
                        "; DELETE FROM sessions WHERE ended_index < " + std::to_string(before) + "; COMMIT");
}

Status Index::begin_at(std::uint64_t first) {
  POSTERN_CHECK(state_->writer && !state_->in_batch);
  const std::uint64_t next = (first + kBlockEvents - 1) / kBlockEvents * kBlockEvents;
  const Status moved = state_->db.run(
      "BEGIN IMMEDIATE; DELETE FROM events; DELETE FROM blocks; DELETE FROM found; UPDATE progress SET next "
      "= " +
      std::to_string(next) + "; COMMIT");
  return moved.ok() ? state_->load_progress() : moved;
}

Result<std::uint64_t> Index::rebuild(JournalReader& journal) {
  POSTERN_CHECK(state_->writer && !state_->in_batch);
  const Status emptied = state_->db.run(
      "BEGIN IMMEDIATE; DELETE FROM events; DELETE FROM blocks; DELETE FROM found; DELETE FROM sessions;"
      "DELETE FROM actors;"
      "UPDATE progress SET next = 0; COMMIT");
  if (!emptied.ok()) return emptied.error();
  if (const Status status = state_->load_progress(); !status.ok()) return status.error();
  return catch_up(journal);
}

}  // namespace postern::audit
