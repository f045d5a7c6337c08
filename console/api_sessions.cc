// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Visits: those under way, from the state; those of the past, from the log.
#include <algorithm>
#include <charconv>

#include "base/ulid.h"
#include "console/api.h"
#include "console/commands.h"
#include "console/session_export.h"
#include "console/views.h"

namespace postern::console::api {
namespace {

constexpr std::size_t kDefaultSessions = 200, kMostSessions = 10'000;
constexpr std::size_t kMostChanges = 100;  // shown with a session

std::size_t limit_of(const Call& call) {
  const std::string text = call.parameter("limit");
  std::size_t limit = kDefaultSessions;
  std::from_chars(text.data(), text.data() + text.size(), limit);
  return std::clamp<std::size_t>(limit, 1, kMostSessions);
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

base::Json active_sessions(Parts& parts, std::size_t limit) {
  audit::SessionFilter filter;
  filter.ended = false;
  filter.limit = kMostSessions;
  const auto rows = rows_of(parts, filter);
  base::Json items = base::Json::array();
  const auto& sessions = parts.ledger.state().sessions();
  for (auto it = sessions.rbegin(); it != sessions.rend() && items.size() < limit; ++it) {
    const auto row = rows.find(it->first);
    items.push_back(view_session(it->second, row == rows.end() ? nullptr : &row->second, parts.ledger.state(),
                                 parts.ledger.policy().get(), parts.loop.wall()));
  }
  return items;
}

std::optional<base::Json> find_session(Parts& parts, const std::string& id) {
  if (!base::is_ulid(id)) return std::nullopt;
  audit::SessionFilter filter;
  filter.session = id;
  const auto rows = rows_of(parts, filter);
  const auto row = rows.find(id);
  const auto& sessions = parts.ledger.state().sessions();
  const auto active = sessions.find(id);
  if (active != sessions.end()) {
    return view_session(active->second, row == rows.end() ? nullptr : &row->second, parts.ledger.state(),
                        parts.ledger.policy().get(), parts.loop.wall());
  }
  if (row == rows.end()) return std::nullopt;
  return view_ended_session(row->second);
}

// What the session's calls changed, oldest first; more of it is in the export.
base::Json changes_of(Parts& parts, const std::string& id) {
  audit::EventFilter filter;
  filter.session = id;
  filter.types = {"exchange.changed"};
  filter.oldest_first = true;
  filter.limit = kMostChanges;
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

Response unknown() { return problem(404, "not_found", "There is no such session"); }

}  // namespace

void list_sessions(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  const std::string wanted = call->parameter("state").empty() ? "active" : call->parameter("state");
  if (wanted != "active" && wanted != "ended" && wanted != "all") {
    return reply(problem(400, "invalid", "The filter cannot be read", "state is active, ended or all"));
  }
  const std::size_t limit = limit_of(*call);
  base::Json items = wanted == "ended" ? base::Json::array() : active_sessions(parts, limit);
  if (wanted == "active") return reply(json_response({{"items", std::move(items)}}));
  audit::SessionFilter filter;
  filter.ended = true;
  filter.limit = limit - std::min(limit, items.size());
  if (filter.limit > 0) {
    const auto rows = parts.log.sessions(filter);
    if (!rows.ok()) return reply(problem(base::Refusal::LogUnavailable, rows.error().message));
    if (!note_reading(parts, *call, {"sessions", "state=" + wanted, -1, false}))
      return reply(unrecorded_problem());
    for (const audit::SessionRow& row : *rows) {
      // The index may be a moment ahead of the state: a session is shown once.
      if (!parts.ledger.state().sessions().contains(row.id)) items.push_back(view_ended_session(row));
    }
  }
  reply(json_response({{"items", std::move(items)}}));
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
