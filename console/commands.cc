// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/commands.h"

namespace postern::console {
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
    reply(answer.ok ? then(answer.json) : face::refused_order(answer));
  });
}

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
