// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/commands.h"

#include <algorithm>

#include "base/bytes.h"

namespace postern::console {
namespace {

Response refused(const LedgerClient::Answer& answer) {
  const std::string code = base::json_text_or(answer.json, "code", "refused");
  const std::string message = base::json_text_or(answer.json, "message", "");
  const std::string_view title = answer.status == 503   ? "The change could not be made"
                                 : answer.status == 404 ? "There is no such thing"
                                 : answer.status == 412 ? "Somebody else changed it meanwhile"
                                                        : "The change was refused";
  return problem(answer.status, code, title, message);
}

}  // namespace

base::Result<base::Json> read_body(const Call& call, std::initializer_list<std::string_view> keys) {
  if (call.body.empty()) return base::Json::object();
  base::Result<base::Json> json = base::parse_json(call.body, 8);
  if (!json.ok()) return json;
  if (!json->is_object())
    return base::fail(base::Code::Invalid, base::Side::Client, "the body must be a JSON object");
  for (const auto& [key, value] : json->items()) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    std::string known;
    for (const std::string_view name : keys) known.append(known.empty() ? "" : ", ").append(name);
    return base::fail(base::Code::Invalid, base::Side::Client,
                      "\"" + base::printable(key, 64) +
                          "\" does not belong here; known: " + (known.empty() ? "nothing" : known));
  }
  return json;
}

void send_command(Parts& parts, const CallPtr& call, std::string_view name, base::Json arguments,
                  const Reply& reply, Then then) {
  send_command_as(parts, call, call->identity.actor(), name, std::move(arguments), reply, std::move(then));
}

void send_command_as(Parts& parts, const CallPtr& call, std::string_view actor, std::string_view name,
                     base::Json arguments, const Reply& reply, Then then) {
  arguments["command"] = name;
  arguments["actor"] = actor;
  arguments["from"] = call->client;
  parts.ledger.command(arguments, [reply, then = std::move(then)](const LedgerClient::Answer& answer) {
    reply(answer.ok ? then(answer.json) : refused(answer));
  });
}

Response as_it_is(const base::Json& reply) { return json_response(reply); }

base::Json cut_of(const base::Json& reply) {
  base::Json cut = reply.value("cut", base::Json::object());
  if (!cut.is_object()) cut = base::Json::object();
  if (const auto sessions = reply.find("sessions_ended"); sessions != reply.end())
    cut["sessions"] = *sessions;
  return cut;
}

std::optional<Response> state_problem(const Parts& parts) {
  if (parts.ledger.up()) return std::nullopt;
  return problem(base::Refusal::LogUnavailable, parts.ledger.reason());
}

bool note_reading(Parts& parts, const Call& call, const Reading& reading) {
  const std::string key = call.identity.name + " " + std::string(reading.what) + " " + reading.filter;
  if (!reading.always && !parts.readings.due(key, parts.loop.now())) return true;
  LedgerClient::Note note{audit::EventType::LogRead, call.identity.actor(), {}, {}, {}};
  base::JsonWriter detail(note.detail);
  detail.open_object();
  detail.field("what", reading.what);
  if (!reading.filter.empty()) detail.field("filter", std::string_view(reading.filter).substr(0, 1024));
  if (reading.events >= 0) detail.field("events", reading.events);
  detail.field("client", call.client);
  detail.close_object();
  if (!parts.ledger.note(note)) return false;
  parts.readings.recorded(key, parts.loop.now());
  return true;
}

Response unrecorded_problem() {
  return problem(base::Refusal::LogUnavailable,
                 "reading the log is an event too, and it cannot be recorded now");
}

Response too_many_searches() {
  return problem(base::Refusal::LimitReached, "Too many questions to the log wait: try again in a moment.");
}

Response log_problem(const base::Error& error) {
  if (error.code == base::Code::Invalid)
    return problem(400, "invalid", "The filter cannot be read", error.message);
  return problem(base::Refusal::LogUnavailable, error.message);
}

}  // namespace postern::console
