// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Questions to the index. The table found gives the blocks in which something asked for occurs, in the order of
// the journal; what else is asked for is looked up in the block. So a page costs the blocks that it was found in.
// A question for several things (the types of a family) walks along all of them at once.
#include <algorithm>
#include <array>
#include <functional>
#include <limits>

#include "audit/index_state.h"
#include "base/bytes.h"
#include "base/json.h"

namespace postern::audit {

// What an event must be, in the index's own numbers.
struct Sought {
  std::array<bool, 256> types{};
  Severity severity = Severity::Info;
  std::optional<std::int64_t> session;
  std::optional<std::int64_t> actor;
  base::Micros since = std::numeric_limits<base::Micros>::min();
  base::Micros until = std::numeric_limits<base::Micros>::max();
  std::vector<std::int64_t> walks;  // along these of found; empty: along all blocks

  bool matches(const IndexedEvent& event) const {
    return types[event.type] && event.severity >= severity && (!session || event.session == *session) &&
           (!actor || event.actor == *actor) && event.time >= since && event.time < until;
  }
};

namespace {

using base::Code;
using base::fail;
using base::Ok;
using base::Result;
using base::Status;

// A text as it stands in the line, without the quotation marks: what the scanner gave the index.
std::string as_written(std::string_view text) {
  std::string out;
  base::JsonWriter::escape(out, text);
  return out.substr(1, out.size() - 2);
}

bool in_family(std::string_view name, std::string_view wanted) {
  return name == wanted || (name.size() > wanted.size() && name.substr(0, wanted.size()) == wanted &&
                            name[wanted.size()] == '.');
}

Result<std::vector<int>> type_numbers(const std::vector<std::string>& wanted) {
  std::vector<int> numbers;
  for (const std::string& text : wanted) {
    const std::size_t before = numbers.size();
    for (const EventText& event : all_events()) {
      if (in_family(event.name, text)) numbers.push_back(static_cast<int>(event.type));
    }
    if (numbers.size() == before) {
      return fail(Code::Invalid, base::Side::Client,
                  "\"" + base::printable(text, 60) + "\" is neither an event type nor a family of them");
    }
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

// The rarest is walked along: a session, else an actor, else types.
std::vector<std::int64_t> walks_of(const Sought& sought, const std::vector<int>& types) {
  if (sought.session) return {what_of(Aspect::Session, *sought.session)};
  if (sought.actor) return {what_of(Aspect::Actor, *sought.actor)};
  std::vector<std::int64_t> walks;
  walks.reserve(types.size());
  for (const int type : types) walks.push_back(what_of(Aspect::Type, type));
  if (!walks.empty()) return walks;
  for (auto s = static_cast<int>(sought.severity); s > 0 && s <= static_cast<int>(Severity::Severe); ++s)
    walks.push_back(what_of(Aspect::Severity, s));
  return walks;
}

// Journal indices from first to before end.
struct Bounds {
  std::uint64_t first = 0;
  std::uint64_t end = std::uint64_t{1} << 62U;  // beyond any journal, and a number to SQLite
  bool empty() const { return first >= end; }
};

// Several walks along found (or one along all blocks) as one: each block once, in order.
class BlockWalk {
 public:
  BlockWalk(Database& db, const Bounds& bounds, bool rising) : db_(db), rising_(rising) {
    range_ = " BETWEEN " + std::to_string(bounds.first / kBlockEvents) + " AND " +
             std::to_string((bounds.end - 1) / kBlockEvents);
  }

  Status add(std::optional<std::int64_t> what) {
    const std::string from = what ? "FROM found WHERE what = " + std::to_string(*what) + " AND block"
                                  : std::string("FROM events WHERE block");
    auto statement =
        db_.prepare("SELECT block " + from + range_ + " ORDER BY block " + (rising_ ? "ASC" : "DESC"));
    if (!statement.ok()) return statement.error();
    lines_.push_back({std::move(*statement), 0});
    return step(lines_.size() - 1);
  }

  // Nothing after the last one.
  Result<std::optional<std::uint64_t>> next() {
    if (lines_.empty()) return std::optional<std::uint64_t>();
    const auto nearer = [this](const Line& a, const Line& b) {
      return rising_ ? a.block < b.block : a.block > b.block;
    };
    const std::uint64_t block = std::min_element(lines_.begin(), lines_.end(), nearer)->block;
    for (std::size_t i = lines_.size(); i > 0; --i) {
      if (lines_[i - 1].block != block) continue;
      if (const Status stepped = step(i - 1); !stepped.ok()) return stepped.error();
    }
    return std::optional<std::uint64_t>(block);
  }

 private:
  struct Line {
    Statement statement;
    std::uint64_t block;
  };
  // A line that has ended goes.
  Status step(std::size_t line) {
    const auto row = lines_[line].statement.step();
    if (!row.ok()) return row.error();
    if (*row) {
      lines_[line].block = static_cast<std::uint64_t>(lines_[line].statement.number(0));
    } else {
      lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(line));
    }
    return Ok{};
  }

  Database& db_;
  bool rising_;
  std::string range_;
  std::vector<Line> lines_;
};

using OnEvent = std::function<bool(std::uint64_t index, const IndexedEvent& event)>;

// The block's events that match, in order, until on_event says no. True: go on.
bool look_through(std::string_view packed, std::uint64_t first, const Bounds& bounds, const Sought& sought,
                  bool rising, const OnEvent& on_event) {
  const std::size_t count = *events_in(packed);
  for (std::size_t n = 0; n < count; ++n) {
    const std::size_t i = rising ? n : count - 1 - n;
    const std::uint64_t index = first + i;
    if (index < bounds.first || index >= bounds.end) continue;
    const IndexedEvent event = event_at(packed, i);
    if (sought.matches(event) && !on_event(index, event)) return false;
  }
  return true;
}

Result<std::optional<std::int64_t>> number_if_any(Database& db, const std::string& sql) {
  auto statement = db.prepare(sql);
  if (!statement.ok()) return statement.error();
  const auto row = statement->step();
  if (!row.ok()) return row.error();
  if (!*row || statement->is_null(0)) return std::optional<std::int64_t>();
  return std::optional<std::int64_t>(statement->number(0));
}

// The bounds that since, until, before and after give; times through the table of blocks.
Result<Bounds> bounds_of(Database& db, const EventFilter& filter) {
  Bounds bounds;
  if (filter.before) bounds.end = std::min(bounds.end, *filter.before);
  if (filter.after) bounds.first = std::min(*filter.after, bounds.end) + 1;
  if (filter.since) {
    const auto block =
        number_if_any(db, "SELECT min(number) FROM blocks WHERE latest >= " + std::to_string(*filter.since));
    if (!block.ok()) return block.error();
    bounds.first =
        *block ? std::max(bounds.first, static_cast<std::uint64_t>(**block) * kBlockEvents) : bounds.end;
  }
  if (filter.until) {
    const auto block =
        number_if_any(db, "SELECT max(number) FROM blocks WHERE earliest < " + std::to_string(*filter.until));
    if (!block.ok()) return block.error();
    bounds.end = *block ? std::min(bounds.end, (static_cast<std::uint64_t>(**block) + 1) * kBlockEvents) : 0;
  }
  return bounds;
}

}  // namespace

Result<std::optional<std::int64_t>> Index::State::row_of(const char* sql, std::string_view text) {
  auto statement = db.prepare(sql);
  if (!statement.ok()) return statement.error();
  const std::string written = as_written(text);
  const auto row = statement->start().bind(std::string_view(written)).step();
  if (!row.ok()) return row.error();
  if (!*row) return std::optional<std::int64_t>();
  return std::optional<std::int64_t>(statement->number(0));
}

Result<Sought> Index::State::resolve(const EventFilter& filter) {
  const auto types = type_numbers(filter.types);
  if (!types.ok()) return types.error();
  Sought sought;
  for (const int type : *types) sought.types[static_cast<std::size_t>(type)] = true;
  if (types->empty()) std::fill_n(sought.types.begin(), kEventTypes, true);
  sought.severity = filter.severity;
  sought.since = filter.since.value_or(sought.since);
  sought.until = filter.until.value_or(sought.until);
  if (!filter.session.empty()) {
    const auto row = row_of("SELECT id FROM sessions WHERE name = ?", filter.session);
    if (!row.ok()) return row.error();
    sought.session = row->value_or(-1);  // no such row: no events
  }
  if (!filter.actor.empty()) {
    const auto row = row_of("SELECT id FROM actors WHERE name = ?", filter.actor);
    if (!row.ok()) return row.error();
    sought.actor = row->value_or(-1);
  }
  sought.walks = walks_of(sought, *types);
  return sought;
}

Status Index::State::search(const EventFilter& filter, const OnEvent& on_event) {
  const auto sought = resolve(filter);
  if (!sought.ok()) return sought.error();
  const auto bounds = bounds_of(db, filter);
  if (!bounds.ok()) return bounds.error();
  if (bounds->empty()) return Ok{};
  BlockWalk walk(db, *bounds, filter.oldest_first);
  for (const std::int64_t what : sought->walks) {
    if (Status added = walk.add(what); !added.ok()) return added;
  }
  if (sought->walks.empty()) {
    if (Status added = walk.add(std::nullopt); !added.ok()) return added;
  }
  auto read = db.prepare("SELECT packed FROM events WHERE block = ?");
  if (!read.ok()) return read.error();
  for (;;) {
    const auto number = walk.next();
    if (!number.ok()) return number.error();
    if (!*number) return Ok{};
    const auto row = read->start().bind(**number).step();
    if (!row.ok()) return row.error();
    ++blocks_read;
    const std::string_view packed = *row ? read->bytes(0) : std::string_view();
    if (!events_in(packed)) return fail(Code::Corrupt, "the index: a block of events is damaged");
    if (!look_through(packed, **number * kBlockEvents, *bounds, *sought, filter.oldest_first, on_event))
      return Ok{};
  }
}

Result<std::vector<std::uint64_t>> Index::events(const EventFilter& filter) {
  std::vector<std::uint64_t> indices;
  const std::size_t limit = std::min(filter.limit, kQueryLimit);
  const Status searched = state_->search(filter, [&](std::uint64_t index, const IndexedEvent&) {
    if (indices.size() < limit) indices.push_back(index);
    return indices.size() < limit;
  });
  if (!searched.ok()) return searched.error();
  return indices;
}

std::uint64_t Index::blocks_read() const { return state_->blocks_read; }

Result<std::vector<EventCount>> Index::counts(base::Micros since) {
  EventFilter filter;
  filter.since = since;
  std::map<std::pair<std::uint8_t, Severity>, std::uint64_t> counted;
  const Status searched = state_->search(filter, [&](std::uint64_t, const IndexedEvent& event) {
    ++counted[{event.type, event.severity}];
    return true;
  });
  if (!searched.ok()) return searched.error();
  std::vector<EventCount> counts;
  counts.reserve(counted.size());
  for (const auto& [kind, count] : counted)
    counts.push_back({static_cast<EventType>(kind.first), kind.second, count});
  return counts;
}

namespace {

constexpr const char* kSessionColumns =
    "name, ifnull(engineer, ''), ifnull(method, ''), ifnull(client, ''), opened, expires, ended, "
    "ifnull(reason, ''), forwarded, "
    "completed, refused, first_exchange, last_exchange, request_bytes, response_bytes, opened_index, "
    "ended_index, redacted";

std::uint64_t count_at(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.number(column));
}

std::optional<base::Micros> time_at(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional<base::Micros>(row.number(column));
}

SessionRow session_at(const Statement& row) {
  SessionRow out;
  out.id = unescape(row.text(0));
  out.engineer = row.text(1);
  out.method = row.text(2);
  out.client = row.text(3);
  out.opened = row.number(4);
  out.expires = time_at(row, 5);
  out.ended = time_at(row, 6);
  out.reason = row.text(7);
  out.forwarded = count_at(row, 8);
  out.completed = count_at(row, 9);
  out.refused = count_at(row, 10);
  out.first_exchange = time_at(row, 11);
  out.last_exchange = time_at(row, 12);
  out.request_bytes = count_at(row, 13);
  out.response_bytes = count_at(row, 14);
  out.opened_index = count_at(row, 15);
  if (!row.is_null(16)) out.ended_index = count_at(row, 16);
  out.redacted = count_at(row, 17);
  return out;
}

std::string session_sql(const SessionFilter& filter) {
  std::string sql = std::string("SELECT ") + kSessionColumns + " FROM sessions WHERE 1";
  if (!filter.session.empty()) sql += " AND name = ?";
  if (!filter.engineer.empty()) sql += " AND engineer = ?";
  if (!filter.reason.empty()) sql += " AND reason = ?";
  if (filter.refused) sql += " AND refused > 0";
  if (filter.ended) sql += *filter.ended ? " AND ended IS NOT NULL" : " AND ended IS NULL";
  if (filter.since) sql += " AND (ended IS NULL OR ended >= " + std::to_string(*filter.since) + ")";
  if (filter.until) sql += " AND opened < " + std::to_string(*filter.until);
  if (filter.before)
    sql += " AND opened_index < " + std::to_string(std::min(*filter.before, std::uint64_t{1} << 62U));
  return sql + " ORDER BY opened_index DESC LIMIT " + std::to_string(std::min(filter.limit, kQueryLimit));
}

}  // namespace

Result<std::vector<SessionRow>> Index::sessions(const SessionFilter& filter) {
  auto statement = state_->db.prepare(session_sql(filter));
  if (!statement.ok()) return statement.error();
  const std::string name = as_written(filter.session);
  if (!name.empty()) statement->bind(std::string_view(name));
  if (!filter.engineer.empty()) statement->bind(std::string_view(filter.engineer));
  if (!filter.reason.empty()) statement->bind(std::string_view(filter.reason));
  std::vector<SessionRow> rows;
  for (;;) {
    const auto row = statement->step();
    if (!row.ok()) return row.error();
    if (!*row) return rows;
    rows.push_back(session_at(*statement));
  }
}

}  // namespace postern::audit
