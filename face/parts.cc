// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "face/parts.h"

#include <algorithm>

#include "base/bytes.h"

namespace postern::face {

bool may_sign_in_here(const SigningFacts& facts, const accounts::Accounts& accounts, std::string_view name) {
  if (!facts.provider || facts.provider->local_accounts.empty()) return true;
  const auto& named = facts.provider->local_accounts;
  if (std::find(named.begin(), named.end(), name) != named.end()) return true;
  const accounts::Account* account = accounts.find(name);
  const bool one_is_there = std::any_of(named.begin(), named.end(), [&](const std::string& one) {
    const accounts::Account* other = accounts.find(one);
    return other != nullptr && accounts::is_local_admin(*other);
  });
  return !one_is_there && account != nullptr && accounts::is_local_admin(*account);
}

std::string actor_of(const Parts& parts, std::string_view name) {
  return std::string(parts.signing.manner.who) + ":" + std::string(name);
}
std::string actor_of(const Parts& parts, const Identity& identity) {
  return actor_of(parts, identity.full_name());
}

base::Result<base::Json> read_body(const Call& call, std::initializer_list<std::string_view> keys) {
  if (call.body.empty()) return base::Json::object();
  base::Result<base::Json> json = base::parse_json(call.body, 8);
  if (!json.ok()) return json;
  if (!json->is_object())
    return base::fail(base::Code::Invalid, base::Side::Client, "the body must be a JSON object");
  for (const auto& [key, value] : json->items()) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    std::string known;
    for (const std::string_view name : keys) known.append(known.empty() ? "" : ", ").append(name);
    return base::fail(base::Code::Invalid, base::Side::Client,
                      "\"" + base::printable(key, 64) +
                          "\" does not belong here; known: " + (known.empty() ? "nothing" : known));
  }
  return json;
}

void send_order(Parts& parts, const CallPtr& call, std::string_view name, base::Json arguments,
                const Reply& reply, Then then) {
  send_order_as(parts, call, actor_of(parts, call->identity), name, std::move(arguments), reply,
                std::move(then));
}

void send_order_as(Parts& parts, const CallPtr& call, const std::string& actor, std::string_view name,
                   base::Json arguments, const Reply& reply, Then then) {
  arguments["actor"] = actor;
  arguments["from"] = call->client;
  parts.registrar.order(name, std::move(arguments),
                        [reply, then = std::move(then)](const Registrar::Answer& answer) {
                          reply(answer.ok ? then(answer.json) : refused_order(answer));
                        });
}

Response as_it_is(const base::Json& reply) { return json_response(reply); }

Response refused_order(const Registrar::Answer& answer) {
  const std::string code = base::json_text_or(answer.json, "code", "refused");
  const std::string message = base::json_text_or(answer.json, "message", "");
  const std::string_view title = answer.status == 503   ? "The change could not be made"
                                 : answer.status == 404 ? "There is no such thing"
                                 : answer.status == 412 ? "Somebody else changed it meanwhile"
                                                        : "The change was refused";
  return problem(answer.status, code, title, message);
}

}  // namespace postern::face
