// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Access requests and the grants that come of them.
#include "console/api.h"
#include "console/commands.h"
#include "console/views.h"

namespace postern::console::api {
namespace {

Response unknown(std::string_view what) {
  return problem(404, "not_found", "There is no such " + std::string(what));
}

// A grant that has started, or the request that takes more approvals first.
Response given(const base::Json& answer, int done) {
  return json_response(answer, base::json_text_or(answer, "state", "") == "pending" ? 202 : done);
}

}  // namespace

void list_requests(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  const std::string wanted = call->parameter("state");
  base::Json items = base::Json::array();
  const auto& requests = parts.ledger.state().requests();
  for (auto it = requests.rbegin(); it != requests.rend(); ++it) {  // ids rise with time: newest first
    if (wanted.empty() || wanted == "all" || wanted == to_text(it->second.state))
      items.push_back(state::view(it->second));
  }
  reply(json_response({{"items", std::move(items)}}));
}

void show_request(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  const auto& requests = parts.ledger.state().requests();
  const auto found = requests.find(call->captures[0]);
  reply(found == requests.end() ? unknown("request") : json_response(state::view(found->second)));
}

void approve_request(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"capabilities", "role", "duration", "start", "note", "void_earlier"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  (*body)["id"] = call->captures[0];
  send_command(parts, call, "request.approve", std::move(*body), reply,
               [](const base::Json& answer) { return given(answer, 200); });
}

void ask_back(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"text"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  (*body)["id"] = call->captures[0];
  send_command(parts, call, "request.ask_back", std::move(*body), reply, as_it_is);
}

void refuse_request(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"reason"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  (*body)["id"] = call->captures[0];
  send_command(parts, call, "request.refuse", std::move(*body), reply, as_it_is);
}

void list_grants(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  const std::string wanted = call->parameter("state");
  const base::Micros now = parts.loop.wall();
  base::Json items = base::Json::array();
  const auto& grants = parts.ledger.state().grants();
  for (auto it = grants.rbegin(); it != grants.rend(); ++it) {
    base::Json grant = state::view(it->second, now);
    if (wanted.empty() || wanted == "all" || wanted == grant["state"]) items.push_back(std::move(grant));
  }
  reply(json_response({{"items", std::move(items)}}));
}

void give_grant(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body =
      read_body(*call, {"engineer", "capabilities", "role", "from", "until", "duration", "ticket", "reason"});
  if (!body.ok()) return reply(problem(400, "invalid", "The grant cannot be read", body.error().message));
  // In a command "from" is where the asker is.
  if (const auto from = body->find("from"); from != body->end()) {
    (*body)["start"] = *from;
    body->erase("from");
  }
  send_command(parts, call, "grant.give", std::move(*body), reply,
               [](const base::Json& answer) { return given(answer, 201); });
}

void apply_grant(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"document"});
  if (!body.ok()) return reply(problem(400, "invalid", "The document cannot be read", body.error().message));
  send_command(parts, call, "grant.apply", std::move(*body), reply,
               [](const base::Json& answer) { return given(answer, 201); });
}

void show_grant(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  const auto& grants = parts.ledger.state().grants();
  const auto found = grants.find(call->captures[0]);
  reply(found == grants.end() ? unknown("grant")
                              : json_response(state::view(found->second, parts.loop.wall())));
}

void revoke_grant(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  (*body)["id"] = call->captures[0];
  send_command(parts, call, "grant.revoke", std::move(*body), reply, [](const base::Json& answer) {
    base::Json json = answer;
    json["cut"] = cut_of(answer);
    return json_response(json);
  });
}

}  // namespace postern::console::api
