// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The log: questions to it, and its live line.
#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "console/api.h"
#include "console/commands.h"
#include "console/parameters.h"

namespace postern::console::api {
namespace {

constexpr std::size_t kDefaultEvents = 100, kMostEvents = 1'000;

// One parameter into the filter; an error sentence if it cannot be read.
base::Status take_parameter(std::string_view name, std::string_view value, base::Micros now,
                            audit::EventFilter& filter) {
  if (name == "since" || name == "until") {
    const auto time = parse_moment(value, now);
    if (!time.ok()) return invalid_parameter(std::string(name) + ": " + time.error().message);
    (name == "since" ? filter.since : filter.until) = *time;
  } else if (name == "type") {
    filter.types = split_at_commas(value);
  } else if (name == "severity") {
    const auto severity = audit::severity_from_name(value);
    if (!severity) return invalid_parameter("severity is info, warning or severe");
    filter.severity = *severity;
  } else if (name == "session") {
    filter.session = value;
  } else if (name == "actor") {
    filter.actor = value;
  } else if (name == "text") {
    filter.text = value;
  } else if (name == "limit" || name == "before" || name == "after") {
    const auto number = parse_whole_number(value);
    if (!number) return invalid_parameter(std::string(name) + " is a whole number");
    if (name == "limit")
      filter.limit = static_cast<std::size_t>(std::clamp<std::uint64_t>(*number, 1, kMostEvents));
    if (name == "before") filter.before = *number;
    if (name == "after") filter.after = *number;
  } else if (name == "order") {
    if (value != "oldest" && value != "newest") return invalid_parameter("order is newest or oldest");
    filter.oldest_first = value == "oldest";
  } else {
    return invalid_parameter(
        "\"" + base::printable(name, 64) +
        "\" is no filter; known: since, until, type, session, severity, actor, text, limit, "
        "before, after, order");
  }
  return base::Ok{};
}

struct Question {
  audit::EventFilter filter;
  std::string asked;  // the filter without paging
};

base::Result<Question> read_question(const Call& call, base::Micros now) {
  Question question;
  question.filter.limit = kDefaultEvents;
  for (const http::Parameter& parameter : call.target.parameters().all()) {
    if (parameter.value.empty()) continue;
    const base::Status taken = take_parameter(parameter.name, parameter.value, now, question.filter);
    if (!taken.ok()) return taken.error();
    if (parameter.name == "limit" || parameter.name == "before" || parameter.name == "after") continue;
    question.asked.append(question.asked.empty() ? "" : " ")
        .append(parameter.name)
        .append("=")
        .append(parameter.value);
  }
  return question;
}

base::Json view_events(const audit::FoundEvents& found) {
  base::Json items = base::Json::array();
  for (const audit::FoundEvent& event : found.events) {
    if (auto json = event_json(event.index, event.line)) items.push_back(std::move(*json));
  }
  return items;
}

}  // namespace

void list_events(Parts& parts, const CallPtr& call, const Reply& reply) {
  const base::Result<Question> question = read_question(*call, parts.loop.wall());
  if (!question.ok()) return reply(log_problem(question.error()));
  ask_log<audit::FoundEvents>(
      parts, reply, [filter = question->filter](LogReader& log) { return log.find(filter); },
      [&parts, call, asked = question->asked](const audit::FoundEvents& found) {
        const auto count = static_cast<std::int64_t>(found.events.size());
        if (!note_reading(parts, *call, {"events", asked, count, false})) return unrecorded_problem();
        base::Json answer{{"items", view_events(found)}};
        if (found.next) answer["next"] = *found.next;
        return json_response(answer);
      });
}

void stream_events(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (parts.live.full())
    return reply(problem(base::Refusal::LimitReached, "Too many pages follow the log already: close one."));
  if (!note_reading(parts, *call, {"stream", {}, -1, false})) return reply(unrecorded_problem());
  // A head asks for no stream, and must not take the place of one.
  if (call->method == http::Method::Head) return reply(face::stream_response(nullptr));
  const std::string session = call->identity.session, token = call->identity.token;
  reply(face::stream_response(parts.live.open([&parts, session, token] {
    if (!token.empty())
      return token_alive(parts.ledger.state(), parts.ledger.accounts().list, token, parts.loop.wall());
    return session.empty() || parts.sign_ins.alive(session, parts.loop.now());
  })));
}

}  // namespace postern::console::api
