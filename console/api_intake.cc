// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Tokens with which nodes of the component send events, and the remote gateways that they speak of (docs/INTAKE.md).
#include "base/bytes.h"
#include "base/crypto.h"
#include "console/api.h"
#include "console/commands.h"
#include "console/expiring.h"
#include "console/tokens.h"

namespace postern::console::api {
namespace {

using base::Json;

constexpr std::string_view kIntakeTokenBegins = "intake_";
constexpr std::size_t kIntakeTokenBytes = 32;

Json view_intake_token(const state::IntakeToken& token, base::Micros now) {
  Json json{{"id", token.id},
            {"name", token.name},
            {"service", token.service},
            {"created", base::format_time(token.created)},
            {"not_after", nullptr}};
  if (token.expires == 0) return json;
  json["not_after"] = base::format_time(token.expires);
  json.update(time_left(token.expires, now));
  return json;
}

}  // namespace

void list_intake_tokens(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  Json items = Json::array();
  for (const auto& [id, token] : parts.ledger.state().intake_tokens())
    items.push_back(view_intake_token(token, parts.loop.wall()));
  reply(json_response({{"items", std::move(items)}}));
}

void create_intake_token(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"name", "service", "expires"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const std::string token =
      std::string(kIntakeTokenBegins) + base::to_base64url(base::random_bytes(kIntakeTokenBytes));
  (*body)["token_sha256"] = base::to_hex(token_sha256(token));
  send_command(
      parts, call, "intake.token_create", std::move(*body), reply, [&parts, token](const Json& answer) {
        const auto& tokens = parts.ledger.state().intake_tokens();
        const auto made = tokens.find(base::json_text_or(answer, "id", ""));
        Json json = made == tokens.end() ? answer : view_intake_token(made->second, parts.loop.wall());
        json["token"] = token;
        return json_response(json, 201);
      });
}

void revoke_intake_token(Parts& parts, const CallPtr& call, const Reply& reply) {
  send_command(parts, call, "intake.token_revoke", {{"id", call->captures[0]}}, reply,
               [](const Json&) { return no_content(); });
}

void list_remote_gateways(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  Json items = Json::array();
  for (const auto& [key, gateway] : parts.ledger.state().remote_gateways())
    items.push_back({{"name", gateway.name},
                     {"service", gateway.service},
                     {"registered", base::format_time(gateway.registered)},
                     {"lost", gateway.lost == 0 ? Json() : Json(base::format_time(gateway.lost))}});
  reply(json_response({{"items", std::move(items)}}));
}

}  // namespace postern::console::api
