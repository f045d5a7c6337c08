// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "face/gate.h"

#include <cstdio>

#include "base/bytes.h"
#include "gateway/http/cookie.h"

namespace postern::face {
namespace {

constexpr std::string_view kDataSecurityPolicy =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

bool is_known(const Identity& identity) { return !identity.session.empty() || !identity.token.empty(); }

bool is_json(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const std::size_t end = type.find_last_not_of(" \t");
  return base::equals_ignoring_case(type.substr(0, end == std::string_view::npos ? 0 : end + 1),
                                    "application/json");
}

// With a password alone, where more is wanted, one may look after one's own account and leave.
bool is_for_the_half_signed_in(std::string_view path) {
  return path == "/api/v1/account" || path.starts_with("/api/v1/account/") || path == "/api/v1/me" ||
         path == "/api/v1/sign-out";
}

bool is_own_origin(std::string_view origin, std::span<const http::Authority> names) {
  constexpr std::string_view kScheme = "https://";
  return origin.starts_with(kScheme) && http::names_one_of(names, origin.substr(kScheme.size()));
}

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

bool is_proved(const Identity& identity, base::Nanos now) { return now - identity.proved < kProofLife; }

bool changes(http::Method method) {
  return method != http::Method::Get && method != http::Method::Head && method != http::Method::Options;
}

std::string_view field_of(const Call& call, std::string_view name) {
  return call.fields.find(name).value_or(std::string_view());
}

void dress(Response& response) {
  const bool page = response.content_type.starts_with("text/html");
  response.fields.emplace_back("content-security-policy", page ? kPageSecurityPolicy : kDataSecurityPolicy);
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

void tell_time(Response& response, const Identity& identity, base::Nanos took) {
  if (!is_known(identity)) return;
  char text[48];
  std::snprintf(text, sizeof text, "console;dur=%.2f", static_cast<double>(took) / 1e6);
  response.fields.emplace_back("server-timing", text);
}

std::optional<Response> cross_site_problem(const Call& call, std::span<const http::Authority> names) {
  if (!is_json(field_of(call, "content-type"))) {
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

bool identify(Parts& parts, Call& call) {
  if (call.local) return true;
  const http::CookieAnswer cookie = http::find_cookie(field_of(call, "cookie"), parts.signing.manner.cookie);
  if (cookie.state != http::CookieState::Found) return false;
  std::optional<Identity> identity = parts.sign_ins.find(cookie.value, parts.loop.now(), parts.loop.wall());
  if (!identity) return false;
  call.identity = std::move(*identity);
  return true;
}

std::optional<Response> second_factor_problem(const Parts& parts, const Call& call) {
  const Identity& identity = call.identity;
  if (call.local || identity.session.empty() || !parts.signing.second_factor_required ||
      identity.two_factors || is_for_the_half_signed_in(call.target.path()))
    return std::nullopt;
  return problem(
      403, "second_factor_missing",
      "This " + std::string(parts.signing.manner.place) + " wants more than a password",
      "Add a passkey or an authenticator app to your account; if it has a passkey, sign in with it.");
}

Response reauthenticate() {
  return problem(403, "reauthenticate", "Show again that it is you",
                 "Before anything is opened, the password or a passkey of the last ten minutes is needed.");
}

Response serve_asset(const Call& call, const base::Asset* asset) {
  if (call.method != http::Method::Get && call.method != http::Method::Head) {
    return problem(405, "method_not_allowed", "Pages can only be read");
  }
  if (asset == nullptr) return problem(404, "not_found", "There is no such page");
  Response response;
  response.fields.emplace_back("etag", asset->etag);
  response.fields.emplace_back("vary", "accept-encoding");
  response.fields.emplace_back("cache-control",
                               asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (names_etag(field_of(call, "if-none-match"), asset->etag)) {
    response.status = 304;
    return response;
  }
  response.content_type = asset->content_type;
  response.constant = asset->bytes;
  if (!asset->gzip.empty() && accepts_gzip(field_of(call, "accept-encoding"))) {
    response.constant = asset->gzip;
    response.fields.emplace_back("content-encoding", "gzip");
  }
  return response;
}

void note_refusal(Parts& parts, const Call& call, std::string_view actor, std::string_view code,
                  std::string_view why, const NamedByProvider& named) {
  const std::string key = address_of(call.client) + " " + std::string(code);
  if (!parts.refusals.due(key, parts.loop.now())) return;
  Note note{"refused", std::string(actor), {}, std::string(code), {}};
  base::JsonWriter detail(note.detail);
  detail.open_object();
  detail.field("client", call.client);
  detail.field("user_agent", field_of(call, "user-agent").substr(0, kLongestUserAgent));
  detail.field("command", std::string(http::to_text(call.method)) + " " +
                              std::string(call.target.path().substr(0, 512)));
  detail.field("code", code);
  detail.field("why", why);
  if (!named.issuer.empty()) detail.field("issuer", named.issuer);
  if (!named.subject.empty()) detail.field("subject", named.subject);
  detail.close_object();
  if (parts.registrar.note(note)) parts.refusals.recorded(key, parts.loop.now());
}

}  // namespace postern::face
