// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Engineers, and the passes with which they sign in.
#include "console/api.h"
#include "console/commands.h"
#include "console/views.h"

namespace postern::console::api {
namespace {

void about_engineer(Parts& parts, const CallPtr& call, std::string_view command, const Reply& reply) {
  auto body = read_body(*call, {});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  (*body)["name"] = call->captures[0];
  send_command(parts, call, command, std::move(*body), reply, as_it_is);
}

}  // namespace

void list_engineers(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  base::Json items = base::Json::array();
  for (const auto& [name, engineer] : parts.ledger.state().engineers())
    items.push_back(state::view(engineer));
  reply(json_response({{"items", std::move(items)}}));
}

void add_engineer(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"name", "email", "certificates"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  send_command(parts, call, "engineer.add", std::move(*body), reply,
               [](const base::Json& answer) { return json_response(answer, 201); });
}

void approve_engineer(Parts& parts, const CallPtr& call, const Reply& reply) {
  about_engineer(parts, call, "engineer.approve", reply);
}

void remove_engineer(Parts& parts, const CallPtr& call, const Reply& reply) {
  about_engineer(parts, call, "engineer.remove", reply);
}

void issue_pass(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"engineer", "expires"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  send_command(parts, call, "pass.issue", std::move(*body), reply, [&parts](const base::Json& answer) {
    base::Json json = answer;
    // Behind '#': a browser sends it to nobody, so it stands in no log on the way.
    json["link"] =
        parts.facts.public_url + "/.postern/sign-in#pass=" + base::json_text_or(answer, "pass", "");
    return json_response(json, 201);
  });
}

}  // namespace postern::console::api
