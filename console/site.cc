// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/site.h"

#include <algorithm>

#include "base/bytes.h"
#include "console/assets.h"
#include "console/router.h"
#include "gateway/http/cookie.h"

namespace postern::console {

using face::changes;
using face::cross_site_problem;
using face::dress;
using face::field_of;
using face::identify;
using face::is_proved;
using face::tell_time;

namespace {

// Places in the console: the page finds out what to show there. Whatever is below them is the page's matter too.
bool is_place(std::string_view path) {
  constexpr std::string_view kPlaces[] = {
      "permissions", "requests", "sessions", "events", "engineers",       "account", "admins",
      "invitation",  "policy",   "tokens",   "openid", "mission-control", "updates"};
  path.remove_prefix(1);
  const std::string_view first = path.substr(0, path.find('/'));
  return std::find(std::begin(kPlaces), std::end(kPlaces), first) != std::end(kPlaces);
}

constexpr std::string_view kBearer = "Bearer ";

// The ledger makes an event of a first use from an address, and of a later one once a day. The answer does not wait for it.
void tell_of_use(Parts& parts, const Call& call) {
  const std::string address = host_of(call.client);
  const std::string key = call.identity.token + " " + address;
  if (!parts.uses_told.due(key, parts.loop.now())) return;
  parts.uses_told.recorded(key, parts.loop.now());
  parts.ledger.command({{"command", "token.use"},
                        {"actor", call.identity.actor()},
                        {"from", call.client},
                        {"id", call.identity.token},
                        {"client", address}},
                       [](const LedgerClient::Answer&) {});
}

}  // namespace

Response Site::refuse(const Call& call, base::Refusal refusal, std::string_view why) {
  note_refusal(parts_, call, "admin:unknown", base::text_of(refusal).code, why);
  Response response = problem(refusal, why);
  response.close = true;
  dress(response);
  return response;
}

// What a program shows instead of a cookie. The control socket knows who asks without it.
bool Site::has_token(const Call& call) const {
  return !call.local && call.fields.find("authorization").has_value();
}

// Who shows the token, or why it does not count. No browser sends one by itself, so nothing that it asks for can have
// been forged by another site.
std::optional<Response> Site::take_token(Call& call, const Route& route) {
  if (http::find_cookie(field_of(call, "cookie"), parts_.signing.manner.cookie).state !=
      http::CookieState::Absent)
    return problem(400, "invalid", "Send the token or the cookie, not both");
  const std::string_view field = field_of(call, "authorization");
  const bool bearer =
      field.size() > kBearer.size() && base::equals_ignoring_case(field.substr(0, kBearer.size()), kBearer);
  const base::Micros wall = parts_.loop.wall();
  const TokenVerdict verdict =
      judge_token(parts_.ledger.state(), parts_.ledger.accounts().list,
                  bearer ? field.substr(kBearer.size()) : std::string_view(), call.client, wall);
  if (!verdict.identity) {
    const base::Nanos wait = parts_.token_guard.wait(call.client, parts_.loop.now());
    if (wait > 0) return problem(base::Refusal::LimitReached, "too many wrong tokens came from this address");
    parts_.token_guard.failed(call.client, parts_.loop.now());
    note_refusal(parts_, call, verdict.token == nullptr ? "admin:unknown" : "admin:" + verdict.token->owner,
                 "token", verdict.why);
    Response response = problem(401, "token", "The token is not accepted", verdict.why);
    response.fields.emplace_back("www-authenticate", "Bearer error=\"invalid_token\"");
    return response;
  }
  call.identity = *verdict.identity;
  parts_.token_uses.note(call.identity.token, call.client, wall);
  const std::string scope(to_text(route.scope));
  const auto& scopes = call.identity.scopes;
  if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) {
    const std::string why =
        scope.empty() ? "no token is accepted for this" : "the token was not made for \"" + scope + "\"";
    note_refusal(parts_, call, call.identity.actor(), "scope", why);
    return problem(403, "scope", "The token may not do this", why);
  }
  tell_of_use(parts_, call);
  return std::nullopt;
}

void Site::answer(std::shared_ptr<Call> call, Reply reply) {
  const Reply dressed = [&loop = parts_.loop, call, began = parts_.loop.now(),
                         reply = std::move(reply)](Response response) {
    dress(response);
    tell_time(response, call->identity, loop.now() - began);
    reply(std::move(response));
  };
  const std::string_view path = call->target.path();
  const bool is_api = path.starts_with("/api/") || path.starts_with("/witness/");
  if (is_api || path == "/healthz" || path == "/readyz" || path == "/metrics")
    return answer_api(std::move(call), dressed);
  dressed(asset(*call));
}

void Site::answer_api(std::shared_ptr<Call> call, const Reply& reply) {
  Found found = find_route(call->method, call->target.path());
  if (found.route == nullptr) {
    if (found.allow.empty()) return reply(problem(404, "not_found", "There is no such resource"));
    Response response = problem(405, "method_not_allowed", "This resource does not have that method",
                                "It has: " + found.allow + ".");
    response.fields.emplace_back("allow", found.allow);
    return reply(std::move(response));
  }
  call->captures = std::move(found.captures);
  const Access access = found.route->access;
  if (changes(call->method) && access != Access::Signed) {
    if (auto wrong = cross_site_problem(*call, parts_.facts.names)) {
      note_refusal(parts_, *call, "admin:unknown", "cross_site",
                   "a change that did not come from the console's page");
      return reply(std::move(*wrong));
    }
  }
  const bool known = access == Access::Readers || access == Access::Admins;
  if (known && has_token(*call)) {
    if (auto wrong = take_token(*call, *found.route)) return reply(std::move(*wrong));
  } else if (known && !identify(parts_, *call)) {
    Response response = problem(401, "no_session", "You are not signed in",
                                "Sign in at the console's page, or send an API token.");
    response.fields.emplace_back("www-authenticate", "Bearer");
    return reply(std::move(response));
  }
  if (access == Access::Admins && call->identity.rank != Rank::Admin) {
    note_refusal(parts_, *call, call->identity.actor(), "auditor", "an auditor asked for a change");
    return reply(problem(403, "auditor", "An auditor reads and changes nothing", "Ask an admin to do this."));
  }
  if (auto wrong = proof_problem(*found.route, *call)) return reply(*std::move(wrong));
  if (!known || !changes(call->method)) return found.route->handler(parts_, call, reply);
  if (const auto once = parts_.repeats.begin(*call, reply, parts_.loop.now()))
    found.route->handler(parts_, call, *once);
}

// Of a sign-in at the page: what it must have shown before it may do this.
std::optional<Response> Site::proof_problem(const Route& route, const Call& call) const {
  const Identity& identity = call.identity;
  if (call.local || identity.session.empty()) return std::nullopt;
  if (auto missing = face::second_factor_problem(parts_, call)) return missing;
  if (route.needs_proof == nullptr || is_proved(identity, parts_.loop.now()) ||
      !route.needs_proof(parts_, call))
    return std::nullopt;
  return face::reauthenticate();
}

Response Site::asset(const Call& call) {
  return face::serve_asset(call, find_console_asset(is_place(call.target.path()) ? "/" : call.target.path()));
}

}  // namespace postern::console
