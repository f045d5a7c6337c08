// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's updates, and what the customer decides about each: docs/UPDATES.md.
#include "console/api.h"
#include "console/commands.h"
#include "gateway/state/updates.h"

namespace postern::console::api {
namespace {

using base::Json;

// What the ledger knows beyond the log: how far the files are, and when the next window opens.
Json calendar_of(const Parts& parts) { return parts.ledger.witnessing().value("calendar", Json::object()); }

Json update_json(const state::VendorUpdate& update, const Json& calendar, bool whole) {
  Json out = state::view(update, whole);
  const Json files = calendar.value("files", Json::object());
  if (const auto file = files.find(update.target); file != files.end()) {
    out["have"] = base::json_number_or(*file, "have", 0);
    out["whole"] = base::json_bool_or(*file, "whole", false);
  }
  return out;
}

void decide_update(Parts& parts, const CallPtr& call, const char* command, Json order, const Reply& reply) {
  order["target"] = call->captures[0];
  send_command(parts, call, command, std::move(order), reply, as_it_is);
}

}  // namespace

void list_updates(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  const Json calendar = calendar_of(parts);
  Json items = Json::array();
  for (const auto& [name, update] : parts.ledger.state().updates().targets)
    items.push_back(update_json(update, calendar, false));
  Json out{{"items", std::move(items)}};
  if (const auto next = calendar.find("next_window"); next != calendar.end()) out["next_window"] = *next;
  reply(json_response(out));
}

void show_update(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  const state::VendorUpdate* update = parts.ledger.state().updates().find(call->captures[0]);
  if (update == nullptr)
    return reply(
        problem(404, "not_found", "There is no such update", "no update of that name was announced"));
  reply(json_response(update_json(*update, calendar_of(parts), true)));
}

void postpone_update(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"to"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  decide_update(parts, call, "update.postpone", {{"to", base::json_text_or(*body, "to", "")}}, reply);
}

void run_update_now(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"dry_run"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const bool dry = base::json_bool_or(*body, "dry_run", false);
  decide_update(parts, call, dry ? "update.dry_run" : "update.run_now", Json::object(), reply);
}

void cancel_update(Parts& parts, const CallPtr& call, const Reply& reply) {
  decide_update(parts, call, "update.cancel", Json::object(), reply);
}

void schedule_update(Parts& parts, const CallPtr& call, const Reply& reply) {
  decide_update(parts, call, "update.schedule", Json::object(), reply);
}

}  // namespace postern::console::api
