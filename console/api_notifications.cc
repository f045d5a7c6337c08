// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who outside is told of what happens, and whether it arrives.
#include "console/api.h"
#include "console/commands.h"

namespace postern::console::api {

void list_notifications(Parts& parts, const CallPtr&, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  reply(json_response({{"items", parts.ledger.witnessing().value("notifications", base::Json::array())}}));
}

// The answer says that it is sent, not that it has arrived: the list does, a moment later.
void test_notification(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  (*body)["name"] = call->captures[0];
  send_command(parts, call, "notification.test", std::move(*body), reply,
               [](const base::Json& answer) { return json_response(answer, 202); });
}

}  // namespace postern::console::api
