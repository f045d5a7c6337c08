// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/session_search.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/bytes.h"
#include "base/json.h"

namespace postern::console {
namespace {

using base::Result;

constexpr std::size_t kEventPage = 1'000;    // events that are found at once
constexpr std::size_t kMostEventPages = 10;  // of them for one page of sessions
constexpr std::size_t kMostTickets = 100;    // requests that have the ticket
constexpr std::size_t kMostSpans = 200;      // times in which they were granted

bool contains_ignoring_case(const std::string& text, const std::string& part) {
  return base::to_lower(text).find(base::to_lower(part)) != std::string::npos;
}

// The session's row, if it fits the question.
Result<std::optional<audit::SessionRow>> row_of(LogReader& log, const SessionQuestion& question,
                                                const std::string& id) {
  audit::SessionFilter filter = question.rows;
  filter.session = id;
  filter.limit = 1;
  auto rows = log.sessions(filter);
  if (!rows.ok()) return rows.error();
  if (rows->empty()) return std::optional<audit::SessionRow>();
  return std::optional<audit::SessionRow>(std::move(rows->front()));
}

Result<FoundSessions> search_rows(LogReader& log, const SessionQuestion& question) {
  audit::SessionFilter filter = question.rows;
  filter.before = question.before;
  filter.limit = question.limit + 1;
  auto rows = log.sessions(filter);
  if (!rows.ok()) return rows.error();
  FoundSessions found{std::move(*rows), std::nullopt};
  if (found.rows.size() > question.limit) {
    found.rows.pop_back();
    found.next = found.rows.back().opened_index;
  }
  return found;
}

// Events first: the sessions that they belong to, each once.
Result<FoundSessions> search_by_events(LogReader& log, const SessionQuestion& question) {
  audit::EventFilter filter;
  filter.types = {"session", "exchange", "hold"};
  if (question.changed) filter.types = {"exchange.changed"};
  filter.since = question.rows.since;
  filter.text = question.text;
  filter.before = question.before;
  filter.limit = kEventPage;
  if (!question.rows.engineer.empty()) filter.actor = "engineer:" + question.rows.engineer;
  FoundSessions found;
  std::set<std::string, std::less<>> seen;
  for (std::size_t page = 0; page < kMostEventPages; ++page) {
    const auto events = log.find(filter);
    if (!events.ok()) return events.error();
    for (const audit::FoundEvent& event : events->events) {
      const auto head = audit::read_event_head(event.line);
      if (!head.ok() || head->session.empty() || !seen.emplace(head->session).second) continue;
      if (found.rows.size() == question.limit) {  // it is the first of the next page
        found.next = event.index + 1;
        return found;
      }
      auto row = row_of(log, question, std::string(head->session));
      if (!row.ok()) return row.error();
      if (*row) found.rows.push_back(std::move(**row));
    }
    found.next = events->next;
    // A look that the text's own bound cut short has taken long enough.
    if (!events->next || events->events.size() < kEventPage) break;
    filter.before = events->next;
  }
  return found;
}

// When the engineer was let in because of a request.
struct Span {
  std::string engineer;
  base::Micros begin = 0;
  base::Micros end = 0;
};

void take_grant(const audit::FoundEvent& event, std::vector<Span>& spans) {
  const auto json = base::parse_json(event.line);
  if (!json.ok() || !json->contains("detail")) return;
  const base::Json& detail = (*json)["detail"];
  const auto at = base::parse_time(base::json_text_or(*json, "time", ""));
  if (!at.ok()) return;
  if (base::json_text_or(*json, "type", "") == "grant.ended") {
    if (!spans.empty()) spans.back().end = std::min(spans.back().end, *at);
    return;
  }
  const auto end = base::parse_time(base::json_text_or(detail, "expires", ""));
  if (end.ok()) spans.push_back({base::json_text_or(detail, "engineer", ""), *at, *end});
}

// The grants of the requests that have the ticket.
Result<std::vector<Span>> spans_of(LogReader& log, const std::string& ticket) {
  audit::EventFilter requests;
  requests.types = {"request.created"};
  requests.text = ticket;
  requests.limit = kMostTickets;
  const auto asked = log.find(requests);
  if (!asked.ok()) return asked.error();
  std::vector<Span> spans;
  for (const audit::FoundEvent& event : asked->events) {
    const auto json = base::parse_json(event.line);
    if (!json.ok() || !json->contains("detail") || spans.size() >= kMostSpans) continue;
    const base::Json& detail = (*json)["detail"];
    if (!contains_ignoring_case(base::json_text_or(detail, "ticket", ""), ticket)) continue;
    audit::EventFilter grants;
    grants.types = {"grant"};
    grants.text = base::json_text_or(detail, "request", "");
    grants.after = event.index;
    grants.oldest_first = true;
    const auto granted = log.find(grants);
    if (!granted.ok()) return granted.error();
    for (const audit::FoundEvent& grant : granted->events) take_grant(grant, spans);
  }
  return spans;
}

Result<bool> has_text(LogReader& log, const std::string& session, const std::string& text) {
  if (text.empty()) return true;
  audit::EventFilter filter;
  filter.session = session;
  filter.text = text;
  filter.limit = 1;
  const auto found = log.find(filter);
  if (!found.ok()) return found.error();
  return !found->events.empty();
}

Result<FoundSessions> search_by_ticket(LogReader& log, const SessionQuestion& question) {
  const auto spans = spans_of(log, question.ticket);
  if (!spans.ok()) return spans.error();
  FoundSessions found;
  std::set<std::string> seen;
  for (const Span& span : *spans) {
    audit::SessionFilter filter = question.rows;
    if (!filter.engineer.empty() && filter.engineer != span.engineer) continue;
    filter.engineer = span.engineer;
    filter.since = std::max(filter.since.value_or(span.begin), span.begin);
    filter.until = std::min(filter.until.value_or(span.end), span.end);
    filter.limit = question.limit;
    auto rows = log.sessions(filter);
    if (!rows.ok()) return rows.error();
    for (audit::SessionRow& row : *rows) {
      const auto fits = has_text(log, row.id, question.text);
      if (!fits.ok()) return fits.error();
      if (*fits && seen.insert(row.id).second) found.rows.push_back(std::move(row));
    }
  }
  std::sort(found.rows.begin(), found.rows.end(),
            [](const auto& a, const auto& b) { return a.opened_index > b.opened_index; });
  if (found.rows.size() > question.limit) found.rows.resize(question.limit);
  return found;
}

constexpr std::size_t kMostGrantEvents = 1'000;  // looked at for one session

// A grant as its begin tells it; an empty object if that cannot be read. end: its grant.ended, or nullptr.
base::Json view_started(const base::Json& event, const base::Json* end, base::Micros now) {
  const base::Json detail = event.value("detail", base::Json::object());
  const std::string until = base::json_text_or(detail, "expires", "");
  const auto expires = base::parse_time(until);
  if (!expires.ok()) return base::Json::object();
  base::Json grant{{"id", base::json_text_or(detail, "grant", "")},
                   {"engineer", base::json_text_or(detail, "engineer", "")},
                   {"capabilities", detail.value("capabilities", base::Json::array())},
                   {"from", base::json_text_or(event, "time", "")},
                   {"until", until},
                   {"state", end == nullptr && *expires > now ? "active" : "ended"},
                   {"by", base::json_text_or(event, "actor", "")}};
  for (const char* const name : {"request", "role", "reason", "ticket"}) {
    if (std::string text = base::json_text_or(detail, name, ""); !text.empty()) grant[name] = std::move(text);
  }
  if (end != nullptr) {
    grant["ended"] = base::json_text_or(*end, "time", "");
    grant["ended_reason"] = base::json_text_or((*end)["detail"], "reason", "");
  }
  return grant;
}

bool counted(const base::Json& grant, const GrantQuestion& question) {
  const auto last =
      base::parse_time(base::json_text_or(grant, grant.contains("ended") ? "ended" : "until", ""));
  return last.ok() && *last > question.begin &&
         base::json_text_or(grant, "engineer", "") == question.engineer;
}

}  // namespace

Result<base::Json> grants_during(LogReader& log, const GrantQuestion& question) {
  audit::EventFilter filter;
  filter.types = {"grant"};
  filter.text = question.engineer;
  filter.limit = kMostGrantEvents;
  const auto found = log.find(filter);
  if (!found.ok()) return found.error();
  std::map<std::string, base::Json> ends;  // by grant; newest first, so an end comes before its begin
  base::Json items = base::Json::array();
  for (const audit::FoundEvent& event : found->events) {
    auto json = base::parse_json(event.line);
    if (!json.ok() || !json->contains("detail")) continue;
    const std::string id = base::json_text_or((*json)["detail"], "grant", "");
    if (base::json_text_or(*json, "type", "") == "grant.ended") {
      ends.emplace(id, std::move(*json));
      continue;
    }
    const auto began = base::parse_time(base::json_text_or(*json, "time", ""));
    if (!began.ok() || *began >= question.end) continue;
    const auto end = ends.find(id);
    base::Json grant = view_started(*json, end == ends.end() ? nullptr : &end->second, question.now);
    if (counted(grant, question)) items.push_back(std::move(grant));
    if (items.size() == kMostGrantsFound) break;
  }
  return items;
}

Result<FoundSessions> search_sessions(LogReader& log, const SessionQuestion& question) {
  if (!question.ticket.empty()) return search_by_ticket(log, question);
  if (!question.text.empty() || question.changed) return search_by_events(log, question);
  return search_rows(log, question);
}

}  // namespace postern::console
