// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// API tokens: made by admins for their scripts, never by a script.
#include "base/bytes.h"
#include "console/api.h"
#include "console/commands.h"
#include "console/tokens.h"

namespace postern::console::api {
namespace {

using base::Json;

// On the control socket nobody has an account: the body says whose token it is to be.
std::string owner_in(const Parts& parts, const Call& call, const Json& body) {
  if (!call.local) return call.identity.name;
  const std::string wanted = base::json_text_or(body, "admin", "");
  for (const accounts::Account& account : parts.ledger.accounts().list) {
    if (account.name == wanted) return wanted;
  }
  return {};
}

}  // namespace

void list_tokens(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  Json items = Json::array();
  for (const auto& [id, token] : parts.ledger.state().tokens())
    items.push_back(view_token(token, parts.token_uses, parts.ledger.accounts().list, parts.loop.wall()));
  reply(json_response({{"items", std::move(items)}}));
}

void create_token(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"name", "admin", "rank", "scopes", "networks", "expires"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const std::string owner = owner_in(parts, *call, *body);
  if (owner.empty())
    return reply(
        problem(400, "invalid", "Nobody would own this token", "admin must name an account of the console"));
  (*body)["admin"] = owner;
  const std::string token = make_token();
  (*body)["token_sha256"] = base::to_hex(token_sha256(token));
  send_command(parts, call, "token.create", std::move(*body), reply, [&parts, token](const Json& answer) {
    const auto& tokens = parts.ledger.state().tokens();
    const auto made = tokens.find(base::json_text_or(answer, "id", ""));
    Json json = answer;
    if (made != tokens.end())
      json = view_token(made->second, parts.token_uses, parts.ledger.accounts().list, parts.loop.wall());
    json["token"] = token;
    return json_response(json, 201);
  });
}

void revoke_token(Parts& parts, const CallPtr& call, const Reply& reply) {
  send_command(parts, call, "token.revoke", {{"id", call->captures[0]}}, reply,
               [](const Json&) { return no_content(); });
}

}  // namespace postern::console::api
