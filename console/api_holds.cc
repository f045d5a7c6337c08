// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Calls that wait for an admin to let them pass.
#include "console/api.h"
#include "console/commands.h"
#include "gateway/state/view.h"

namespace postern::console::api {

void list_holds(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  base::Json items = base::Json::array();
  for (const auto& [id, hold] : parts.ledger.state().holds()) {  // the one that waits for longest first
    base::Json item = state::view(hold);
    item.erase("body");
    item.erase("before");
    items.push_back(std::move(item));
  }
  reply(json_response({{"items", std::move(items)}}));
}

void show_hold(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  const auto& holds = parts.ledger.state().holds();
  const auto found = holds.find(call->captures[0]);
  reply(found == holds.end() ? problem(404, "not_found", "There is no such call waiting (any more)")
                             : json_response(state::view(found->second)));
}

void pass_hold(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"for_session"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  (*body)["id"] = call->captures[0];
  send_command(parts, call, "hold.pass", std::move(*body), reply, as_it_is);
}

void refuse_hold(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"note"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  (*body)["id"] = call->captures[0];
  send_command(parts, call, "hold.refuse", std::move(*body), reply, as_it_is);
}

}  // namespace postern::console::api
