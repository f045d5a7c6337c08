// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The master switch and the capabilities.
#include "console/api.h"
#include "console/commands.h"
#include "console/views.h"

namespace postern::console::api {

void show_remote_access(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  reply(json_response(view_remote_access(parts.ledger.state(), parts.loop.wall())));
}

void set_remote_access(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"mode", "until", "reason"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  send_command(parts, call, "remote_access.set", std::move(*body), reply, [&parts](const base::Json& answer) {
    base::Json json = view_remote_access(parts.ledger.state(), parts.loop.wall());
    json["cut"] = cut_of(answer);
    return json_response(json);
  });
}

void list_capabilities(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  base::Json items = base::Json::array();
  if (const auto& policy = parts.ledger.policy()) {
    for (const policy::Capability& capability : policy->capabilities()) {
      items.push_back(view_capability(*policy, capability, parts.ledger.state(), parts.loop.wall()));
    }
  }
  reply(json_response({{"items", std::move(items)}}));
}

void set_capability(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"setting", "until", "reason"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const std::string name = call->captures[0];
  (*body)["name"] = name;
  send_command(parts, call, "capability.set", std::move(*body), reply,
               [&parts, name](const base::Json& answer) {
                 base::Json json = answer;
                 const auto& policy = parts.ledger.policy();
                 const int index = policy == nullptr ? -1 : policy->find_capability(name);
                 if (index >= 0) {
                   json = view_capability(*policy, policy->capabilities()[static_cast<std::size_t>(index)],
                                          parts.ledger.state(), parts.loop.wall());
                 }
                 json["cut"] = cut_of(answer);
                 return json_response(json);
               });
}

void show_capability_use(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (const base::Status looked = parts.uses.refresh(parts.log); !looked.ok())
    return reply(log_problem(looked.error()));
  if (!note_reading(parts, *call, {"events", "last use of each capability", -1, false}))
    return reply(unrecorded_problem());
  reply(json_response(parts.uses.to_json()));
}

}  // namespace postern::console::api
