// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Questions to the index. Each is answered along one index, in the order of the journal, so that a page costs
// what it returns. A question with several drivers (three types of a family) is one such walk per driver,
// merged. The unary plus in the other conditions keeps SQLite from choosing a different path.
#include <algorithm>

#include "audit/index_state.h"
#include "base/bytes.h"
#include "base/json.h"

namespace postern::audit {
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

std::string list_of(const std::vector<int>& numbers) {
  std::string out;
  for (const int number : numbers) out += (out.empty() ? "" : ",") + std::to_string(number);
  return out;
}

struct Plan {
  std::vector<std::string> drivers;  // one walk each
  std::string rest;                  // what every row must fulfil besides
};

void also(std::string& rest, const std::string& condition) { rest += " AND " + condition; }

// What a walk along an index begins with. None of the values is text: the statement can be put together.
Plan plan_walks(const EventFilter& filter, const std::vector<int>& types, std::optional<std::int64_t> session,
                std::optional<std::int64_t> actor) {
  Plan plan;
  const int severity = static_cast<int>(filter.severity);
  if (session) {
    plan.drivers.push_back("session = " + std::to_string(*session));
    if (actor) also(plan.rest, "+actor = " + std::to_string(*actor));
  } else if (actor) {
    plan.drivers.push_back("actor = " + std::to_string(*actor));
  } else if (!types.empty()) {
    for (const int type : types) plan.drivers.push_back("type = " + std::to_string(type));
  } else if (severity > 0) {
    for (int s = severity; s <= static_cast<int>(Severity::Severe); ++s) {
      plan.drivers.push_back("severity > 0 AND severity = " + std::to_string(s));  // names the partial index
    }
  } else {
    plan.drivers.emplace_back("1");
  }
  if (!types.empty() && (session || actor)) also(plan.rest, "+type IN (" + list_of(types) + ")");
  if (severity > 0) also(plan.rest, "+severity >= " + std::to_string(severity));
  return plan;
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

// The bounds on i that since, until, before and after give; times through the table of blocks.
std::string Index::State::bounds_of(const EventFilter& filter) {
  const std::string block = std::to_string(kBlockEvents);
  std::string out;
  if (filter.since) {
    const std::string since = std::to_string(*filter.since);
    out += " AND i >= (SELECT ifnull(min(number), 1 << 50) * " + block +
           " FROM blocks WHERE latest >= " + since + ")";
    also(out, "+time >= " + since);
  }
  if (filter.until) {
    const std::string until = std::to_string(*filter.until);
    out += " AND i < (SELECT (ifnull(max(number), -1) + 1) * " + block + " FROM blocks WHERE earliest < " +
           until + ")";
    also(out, "+time < " + until);
  }
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62U;  // beyond any journal, and a number to SQLite
  if (filter.before) also(out, "i < " + std::to_string(std::min(*filter.before, kMost)));
  if (filter.after) also(out, "i > " + std::to_string(std::min(*filter.after, kMost)));
  return out;
}

Result<Statement> Index::State::query(const EventFilter& filter, const std::string& prefix) {
  const auto types = type_numbers(filter.types);
  if (!types.ok()) return types.error();
  std::optional<std::int64_t> session;
  std::optional<std::int64_t> actor;
  if (!filter.session.empty()) {
    const auto row = row_of("SELECT id FROM sessions WHERE name = ?", filter.session);
    if (!row.ok()) return row.error();
    session = row->value_or(-1);  // no such row: no events
  }
  if (!filter.actor.empty()) {
    const auto row = row_of("SELECT id FROM actors WHERE name = ?", filter.actor);
    if (!row.ok()) return row.error();
    actor = row->value_or(-1);
  }
  const Plan plan = plan_walks(filter, *types, session, actor);
  const std::string bounds = bounds_of(filter);
  const std::string order = std::string(" ORDER BY i ") + (filter.oldest_first ? "ASC" : "DESC") + " LIMIT " +
                            std::to_string(std::min(filter.limit, kQueryLimit));
  std::string sql;
  for (const std::string& driver : plan.drivers) {
    if (!sql.empty()) sql += " UNION ALL ";
    sql += "SELECT i FROM (SELECT i FROM events WHERE " + driver + bounds + plan.rest + order + ")";
  }
  return db.prepare(prefix + sql + order);
}

Result<std::vector<std::uint64_t>> Index::events(const EventFilter& filter) {
  auto statement = state_->query(filter, "");
  if (!statement.ok()) return statement.error();
  std::vector<std::uint64_t> indices;
  for (;;) {
    const auto row = statement->step();
    if (!row.ok()) return row.error();
    if (!*row) return indices;
    indices.push_back(static_cast<std::uint64_t>(statement->number(0)));
  }
}

Result<std::string> Index::explain(const EventFilter& filter) {
  auto statement = state_->query(filter, "EXPLAIN QUERY PLAN ");
  if (!statement.ok()) return statement.error();
  std::string out;
  for (;;) {
    const auto row = statement->step();
    if (!row.ok()) return row.error();
    if (!*row) return out;
    out += statement->text(3) + "\n";
  }
}

Result<std::vector<EventCount>> Index::counts(base::Micros since) {
  EventFilter filter;
  filter.since = since;
  const std::string bounds = state_->bounds_of(filter);
  auto statement = state_->db.prepare("SELECT type, severity, count(*) FROM events WHERE 1" + bounds +
                                      " GROUP BY type, severity");
  if (!statement.ok()) return statement.error();
  std::vector<EventCount> counts;
  for (;;) {
    const auto row = statement->step();
    if (!row.ok()) return row.error();
    if (!*row) return counts;
    counts.push_back({static_cast<EventType>(statement->number(0)),
                      static_cast<Severity>(statement->number(1)),
                      static_cast<std::uint64_t>(statement->number(2))});
  }
}

namespace {

constexpr const char* kSessionColumns =
    "name, ifnull(engineer, ''), ifnull(method, ''), ifnull(client, ''), opened, expires, ended, "
    "ifnull(reason, ''), forwarded, "
    "completed, refused, first_exchange, last_exchange, request_bytes, response_bytes, opened_index, "
    "ended_index";

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
  return out;
}

std::string session_sql(const SessionFilter& filter) {
  std::string sql = std::string("SELECT ") + kSessionColumns + " FROM sessions WHERE 1";
  if (!filter.session.empty()) sql += " AND name = ?";
  if (!filter.engineer.empty()) sql += " AND engineer = ?";
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
  std::vector<SessionRow> rows;
  for (;;) {
    const auto row = statement->step();
    if (!row.ok()) return row.error();
    if (!*row) return rows;
    rows.push_back(session_at(*statement));
  }
}

}  // namespace postern::audit
