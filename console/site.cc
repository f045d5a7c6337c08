// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/site.h"

#include <algorithm>
#include <cstdio>

#include "base/bytes.h"
#include "console/assets.h"
#include "console/router.h"
#include "gateway/http/cookie.h"

namespace postern::console {
namespace {

constexpr std::size_t kLongestUserAgent = 256;  // bytes of it that an event keeps
constexpr std::string_view kDataContentSecurityPolicy =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

bool changes(http::Method method) {
  return method != http::Method::Get && method != http::Method::Head && method != http::Method::Options;
}

// What every answer carries (docs/THREATS.md: the console's page).
void dress(Response& response) {
  const bool page = response.content_type.starts_with("text/html");
  response.fields.emplace_back("content-security-policy",
                               page ? kConsoleContentSecurityPolicy : kDataContentSecurityPolicy);
  response.fields.emplace_back("x-content-type-options", "nosniff");
  response.fields.emplace_back("referrer-policy", "no-referrer");
  response.fields.emplace_back("strict-transport-security", "max-age=31536000");
  response.fields.emplace_back("cross-origin-opener-policy", "same-origin");
  response.fields.emplace_back("cross-origin-resource-policy", "same-origin");
  response.fields.emplace_back("x-frame-options", "DENY");
  response.fields.emplace_back("permissions-policy", "camera=(), geolocation=(), microphone=()");
  for (const auto& [name, value] : response.fields) {
    if (name == "cache-control") return;
  }
  response.fields.emplace_back("cache-control", "no-store");
}

// To nobody else: how long a refusal took would tell what it was compared with.
bool is_known(const Identity& identity) { return !identity.session.empty() || !identity.token.empty(); }

// Server-Timing (W3C): what browsers show among the timings of a request.
void tell_time(Response& response, base::Nanos took) {
  char text[48];
  std::snprintf(text, sizeof text, "console;dur=%.2f", static_cast<double>(took) / 1e6);
  response.fields.emplace_back("server-timing", text);
}

std::string_view find(const Call& call, std::string_view name) {
  return call.fields.find(name).value_or(std::string_view());
}

bool is_json(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const std::size_t end = type.find_last_not_of(" \t");
  return base::equals_ignoring_case(type.substr(0, end == std::string_view::npos ? 0 : end + 1),
                                    "application/json");
}

// Places in the console: the page finds out what to show there. Whatever is below them is the page's matter too.
bool is_place(std::string_view path) {
  constexpr std::string_view kPlaces[] = {"permissions", "requests", "sessions", "events",
                                          "engineers",   "account",  "admins",   "invitation",
                                          "policy",      "tokens",   "openid",   "mission-control"};
  path.remove_prefix(1);
  const std::string_view first = path.substr(0, path.find('/'));
  return std::find(std::begin(kPlaces), std::end(kPlaces), first) != std::end(kPlaces);
}

// With a password alone, where more is wanted, one may look after one's own account and leave.
bool is_for_the_half_signed_in(std::string_view path) {
  return path.starts_with("/api/v1/account") || path == "/api/v1/me" || path == "/api/v1/sign-out";
}

bool is_own_origin(std::string_view origin, std::span<const http::Authority> names) {
  constexpr std::string_view kScheme = "https://";
  return origin.starts_with(kScheme) && http::names_one_of(names, origin.substr(kScheme.size()));
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

std::optional<Response> cross_site_problem(const Call& call, std::span<const http::Authority> names) {
  if (!is_json(find(call, "content-type"))) {
    return problem(415, "unsupported_media_type", "Changes are sent as JSON",
                   "Set Content-Type: application/json.");
  }
  // No browser speaks to a Unix socket, nor sends a token.
  if (call.local || call.fields.find("authorization")) return std::nullopt;
  const auto origin = call.fields.find("origin");
  if (origin && !is_own_origin(*origin, names)) return problem(base::Refusal::CrossSite);
  const auto site = call.fields.find("sec-fetch-site");
  if (site && *site != "same-origin") return problem(base::Refusal::CrossSite);
  return std::nullopt;
}

void note_refusal(Parts& parts, const Call& call, std::string_view actor, std::string_view code,
                  std::string_view why, const NamedByProvider& named) {
  const std::string key = address_of(call.client) + " " + std::string(code);
  if (!parts.refusals.due(key, parts.loop.now())) return;
  LedgerClient::Note note{audit::EventType::AdminRefused, std::string(actor), {}, std::string(code), {}};
  base::JsonWriter detail(note.detail);
  detail.open_object();
  detail.field("client", call.client);
  detail.field("user_agent", find(call, "user-agent").substr(0, kLongestUserAgent));
  detail.field("command", std::string(http::to_text(call.method)) + " " +
                              std::string(call.target.path().substr(0, 512)));
  detail.field("code", code);
  detail.field("why", why);
  if (!named.issuer.empty()) detail.field("issuer", named.issuer);
  if (!named.subject.empty()) detail.field("subject", named.subject);
  detail.close_object();
  if (parts.ledger.note(note)) parts.refusals.recorded(key, parts.loop.now());
}

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
  if (http::find_cookie(find(call, "cookie"), kAdminCookie).state != http::CookieState::Absent)
    return problem(400, "invalid", "Send the token or the cookie, not both");
  const std::string_view field = find(call, "authorization");
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

bool Site::identify(Call& call) {
  if (call.local) return true;
  const http::CookieAnswer cookie = http::find_cookie(find(call, "cookie"), kAdminCookie);
  if (cookie.state != http::CookieState::Found) return false;
  std::optional<Identity> identity =
      parts_.sign_ins.find(cookie.value, parts_.loop.now(), parts_.loop.wall());
  if (!identity) return false;
  call.identity = std::move(*identity);
  return true;
}

void Site::answer(std::shared_ptr<Call> call, Reply reply) {
  const Reply dressed = [&loop = parts_.loop, call, began = parts_.loop.now(),
                         reply = std::move(reply)](Response response) {
    dress(response);
    if (is_known(call->identity)) tell_time(response, loop.now() - began);
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
  } else if (known && !identify(*call)) {
    return reply(problem(401, "no_session", "You are not signed in", "Sign in at the console's page."));
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
  if (parts_.facts.second_factor_required && !identity.two_factors &&
      !is_for_the_half_signed_in(route.path)) {
    return problem(
        403, "second_factor_missing", "This gateway wants more than a password",
        "Add a passkey or an authenticator app to your account; if it has a passkey, sign in with it.");
  }
  if (route.needs_proof == nullptr || is_proved(identity, parts_.loop.now()) ||
      !route.needs_proof(parts_, call))
    return std::nullopt;
  return problem(403, "reauthenticate", "Show again that it is you",
                 "Before anything is opened, the password or a passkey of the last ten minutes is needed.");
}

namespace {

// A member of If-None-Match that is ours, or "*". Weak ones compare equal here (RFC 9110 section 13.1.2).
bool names_etag(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

bool accepts_gzip(std::string_view accept_encoding) {
  const std::size_t at = accept_encoding.find("gzip");
  if (at == std::string_view::npos) return false;
  const std::string_view rest = accept_encoding.substr(at + 4, 8);
  return !rest.starts_with(";q=0,") && rest != ";q=0" && !rest.starts_with(";q=0.0");
}

}  // namespace

Response Site::asset(const Call& call) {
  if (call.method != http::Method::Get && call.method != http::Method::Head) {
    return problem(405, "method_not_allowed", "Pages can only be read");
  }
  const base::Asset* asset = find_console_asset(is_place(call.target.path()) ? "/" : call.target.path());
  if (asset == nullptr) return problem(404, "not_found", "There is no such page");
  Response response;
  response.fields.emplace_back("etag", asset->etag);
  response.fields.emplace_back("vary", "accept-encoding");
  response.fields.emplace_back("cache-control",
                               asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (names_etag(find(call, "if-none-match"), asset->etag)) {
    response.status = 304;
    return response;
  }
  response.content_type = asset->content_type;
  response.constant = asset->bytes;
  if (!asset->gzip.empty() && accepts_gzip(find(call, "accept-encoding"))) {
    response.constant = asset->gzip;
    response.fields.emplace_back("content-encoding", "gzip");
  }
  return response;
}

}  // namespace postern::console
