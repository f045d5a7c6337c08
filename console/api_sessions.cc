// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Visits: those under way, from the state; those of the past, from the log.
#include <algorithm>

#include "base/bytes.h"
#include "base/ulid.h"
#include "console/api.h"
#include "console/commands.h"
#include "console/parameters.h"
#include "console/session_export.h"
#include "console/session_search.h"
#include "console/views.h"

namespace postern::console::api {
namespace {

constexpr std::size_t kDefaultSessions = 200;
constexpr std::size_t kMostActive = 10'000;
constexpr std::size_t kMostChangesShown = 100;  // shown with a session

// One parameter of the list into the question; an error sentence if it cannot be read.
base::Status take_session_parameter(std::string_view name, const std::string& value, base::Micros now,
                                    SessionQuestion& question) {
  if (name == "since" || name == "until") {
    const auto time = parse_moment(value, now);
    if (!time.ok()) return invalid_parameter(std::string(name) + ": " + time.error().message);
    (name == "since" ? question.rows.since : question.rows.until) = *time;
  } else if (name == "limit" || name == "before") {
    const auto number = parse_whole_number(value);
    if (!number) return invalid_parameter(std::string(name) + " is a whole number");
    if (name == "before") question.before = *number;
    if (name == "limit") question.limit = static_cast<std::size_t>(std::max<std::uint64_t>(*number, 1));
  } else if (name == "engineer") {
    question.rows.engineer = value;
  } else if (name == "ticket") {
    question.ticket = value;
  } else if (name == "text") {
    question.text = value;
  } else if (name == "outcome") {
    question.rows.refused = value == "refused";
    question.changed = value == "changed";
    if (!question.rows.refused && !question.changed) question.rows.reason = value;
  } else if (name != "state") {
    return invalid_parameter("\"" + base::printable(name, 64) +
                             "\" is no filter; known: state, since, until, engineer, ticket, outcome, text, "
                             "limit, before");
  }
  return base::Ok{};
}

struct AskedSessions {
  SessionQuestion question;
  std::string state = "active";
  std::string asked;  // without paging
};

base::Result<AskedSessions> read_sessions_question(const Call& call, base::Micros now) {
  AskedSessions read;
  read.question.limit = kDefaultSessions;
  for (const http::Parameter& parameter : call.target.parameters().all()) {
    if (parameter.value.empty()) continue;
    const std::string value(parameter.value);
    if (const auto taken = take_session_parameter(parameter.name, value, now, read.question); !taken.ok())
      return taken.error();
    if (parameter.name == "state") read.state = value;
    if (parameter.name == "limit" || parameter.name == "before") continue;
    read.asked.append(read.asked.empty() ? "" : " ").append(parameter.name).append("=").append(value);
  }
  if (read.state != "active" && read.state != "ended" && read.state != "all")
    return invalid_parameter("state is active, ended or all");
  const std::size_t most = read.state == "active" ? kMostActive : kMostFoundSessions;
  read.question.limit = std::min(read.question.limit, most);
  if (read.state == "ended") read.question.rows.ended = true;
  return read;
}

// What the index knows of sessions, by id. Nothing if it cannot be read now: counters are then 0.
std::map<std::string, audit::SessionRow, std::less<>> rows_of(Parts& parts,
                                                              const audit::SessionFilter& filter) {
  std::map<std::string, audit::SessionRow, std::less<>> rows;
  auto found = parts.log.sessions(filter);
  if (!found.ok()) return rows;
  for (audit::SessionRow& row : *found) rows.emplace(row.id, std::move(row));
  return rows;
}

base::Json view_active(Parts& parts, const std::string& id, const audit::SessionRow* row) {
  const state::State& state = parts.ledger.state();
  return view_session(state.sessions().find(id)->second, row, state, parts.ledger.policy().get(),
                      parts.loop.wall());
}

base::Json active_sessions(Parts& parts, const SessionQuestion& question) {
  audit::SessionFilter filter;
  filter.ended = false;
  filter.limit = kMostActive;
  const auto rows = rows_of(parts, filter);
  base::Json items = base::Json::array();
  const auto& sessions = parts.ledger.state().sessions();
  for (auto it = sessions.rbegin(); it != sessions.rend() && items.size() < question.limit; ++it) {
    if (!question.rows.engineer.empty() && it->second.engineer != question.rows.engineer) continue;
    const auto row = rows.find(it->first);
    items.push_back(view_active(parts, it->first, row == rows.end() ? nullptr : &row->second));
  }
  return items;
}

std::optional<base::Json> find_session(Parts& parts, const std::string& id) {
  if (!base::is_ulid(id)) return std::nullopt;
  audit::SessionFilter filter;
  filter.session = id;
  const auto rows = rows_of(parts, filter);
  const auto row = rows.find(id);
  if (parts.ledger.state().sessions().contains(id))
    return view_active(parts, id, row == rows.end() ? nullptr : &row->second);
  if (row == rows.end()) return std::nullopt;
  return view_ended_session(row->second);
}

// What the session's calls changed, oldest first; more of it is in the export.
base::Json changes_of(Parts& parts, const std::string& id) {
  audit::EventFilter filter;
  filter.session = id;
  filter.types = {"exchange.changed"};
  filter.oldest_first = true;
  filter.limit = kMostChangesShown;
  base::Json changes = base::Json::array();
  const auto found = parts.log.find(filter);
  if (!found.ok()) return changes;
  for (const audit::FoundEvent& event : found->events) {
    auto json = base::parse_json(event.line);
    if (!json.ok() || !json->contains("detail")) continue;
    base::Json change = std::move((*json)["detail"]);
    change["event"] = base::json_text_or(*json, "id", "");
    change["time"] = base::json_text_or(*json, "time", "");
    changes.push_back(std::move(change));
  }
  return changes;
}

base::Json view_found(Parts& parts, const FoundSessions& found, bool ended_only) {
  base::Json items = base::Json::array();
  for (const audit::SessionRow& row : found.rows) {
    // The index may be a moment ahead of the state: what still is open there has not ended.
    const bool open = parts.ledger.state().sessions().contains(row.id);
    if (open && ended_only) continue;
    items.push_back(open ? view_active(parts, row.id, &row) : view_ended_session(row));
  }
  base::Json answer{{"items", std::move(items)}};
  if (found.next) answer["next"] = *found.next;
  return answer;
}

Response unknown() { return problem(404, "not_found", "There is no such session"); }

}  // namespace

void list_sessions(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  const auto read = read_sessions_question(*call, parts.loop.wall());
  if (!read.ok()) return reply(log_problem(read.error()));
  if (read->state == "active")
    return reply(json_response({{"items", active_sessions(parts, read->question)}}));
  ask_log<FoundSessions>(
      parts, reply, [question = read->question](LogReader& log) { return search_sessions(log, question); },
      [&parts, call, asked = *read](const FoundSessions& found) {
        if (!note_reading(parts, *call, {"sessions", asked.asked, -1, false})) return unrecorded_problem();
        return json_response(view_found(parts, found, asked.state == "ended"));
      });
}

void show_session(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  auto session = find_session(parts, call->captures[0]);
  if (!session) return reply(unknown());
  if (base::Json changes = changes_of(parts, call->captures[0]); !changes.empty())
    (*session)["changes"] = std::move(changes);
  const bool past = (*session)["state"] == "ended";
  if (past && !note_reading(parts, *call, {"session", call->captures[0], -1, false}))
    return reply(unrecorded_problem());
  reply(json_response(*session));
}

// Why the engineer was let in: who gave access, for which ticket.
void list_session_grants(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  const auto session = find_session(parts, call->captures[0]);
  if (!session) return reply(unknown());
  const base::Micros now = parts.loop.wall();
  const auto opened = base::parse_time(base::json_text_or(*session, "opened", ""));
  const auto ended = base::parse_time(base::json_text_or(*session, "ended", ""));
  const GrantQuestion question{base::json_text_or(*session, "engineer", ""), opened.ok() ? *opened : 0,
                               ended.ok() ? *ended : now + 1, now};
  ask_log<base::Json>(
      parts, reply, [question](LogReader& log) { return grants_during(log, question); },
      [&parts, call](const base::Json& items) {
        if (!note_reading(parts, *call, {"session", call->captures[0], -1, false}))
          return unrecorded_problem();
        return json_response({{"items", items}});
      });
}

void end_session(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  (*body)["id"] = call->captures[0];
  send_command(parts, call, "session.end", std::move(*body), reply, [](const base::Json& answer) {
    base::Json json = answer;
    json["cut"] = cut_of(answer);
    return json_response(json);
  });
}

void export_session(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  const std::string format = call->parameter("format").empty() ? "json" : call->parameter("format");
  const auto kind = parse_export_format(format);
  if (!kind)
    return reply(problem(400, "invalid", "The format is not known", "format is json, jsonl, csv or har"));
  const std::string id = call->captures[0];
  const auto session = find_session(parts, id);
  if (!session) return reply(unknown());
  if (!note_reading(parts, *call, {"export", "session=" + id + " format=" + format, -1, true}))
    return reply(unrecorded_problem());
  const ExportFacts facts{id, *session, parts.facts.public_url};
  reply(make_export(parts.log, *kind, facts));
}

}  // namespace postern::console::api
