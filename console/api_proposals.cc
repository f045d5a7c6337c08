// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Changes of settings that Mission Control proposes.
#include "console/api.h"
#include "console/commands.h"

namespace postern::console::api {
namespace {

void decide_proposal(Parts& parts, const CallPtr& call, const Reply& reply, std::string_view command,
                     std::initializer_list<std::string_view> fields) {
  auto body = read_body(*call, fields);
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  (*body)["id"] = call->captures[0];
  send_command(parts, call, command, std::move(*body), reply, as_it_is);
}

}  // namespace

void list_proposals(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  const std::string wanted = call->parameter("state");
  base::Json items = base::Json::array();
  const auto& all = parts.ledger.state().proposals();
  for (auto it = all.rbegin(); it != all.rend(); ++it) {  // ids rise with time: newest first
    if (!wanted.empty() && wanted != "all" && wanted != to_text(it->second.state)) continue;
    base::Json item = state::view(it->second, parts.loop.wall());
    item.erase("before");
    items.push_back(std::move(item));
  }
  reply(json_response({{"items", std::move(items)}}));
}

void show_proposal(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  const auto& all = parts.ledger.state().proposals();
  const auto found = all.find(call->captures[0]);
  reply(found == all.end() ? problem(404, "not_found", "There is no such proposal (any more)")
                           : json_response(state::view(found->second, parts.loop.wall())));
}

void approve_proposal(Parts& parts, const CallPtr& call, const Reply& reply) {
  decide_proposal(parts, call, reply, "proposal.approve", {"note"});
}

void refuse_proposal(Parts& parts, const CallPtr& call, const Reply& reply) {
  decide_proposal(parts, call, reply, "proposal.refuse", {"note"});
}

void undo_proposal(Parts& parts, const CallPtr& call, const Reply& reply) {
  decide_proposal(parts, call, reply, "proposal.undo", {});
}

}  // namespace postern::console::api
