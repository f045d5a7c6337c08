// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Signing in and out, and proving again who one is.
#include "base/bytes.h"
#include "base/crypto.h"
#include "face/api.h"
#include "face/gate.h"
#include "face/signing_in.h"
#include "face/verifying.h"
#include "gateway/http/cookie.h"

namespace postern::face {
namespace {

constexpr std::size_t kBrowserToken = 32;
constexpr std::size_t kBrowserTokenText = 43;  // in base64url

base::Json view_me(const Parts& parts, const Identity& identity) {
  base::Json json{{"name", identity.name}, {"role", to_text(identity.rank, parts.signing.manner.ranks)}};
  if (identity.since > 0) json["since"] = base::format_time(identity.since);
  if (identity.session.empty()) return json;
  const accounts::Account* account = parts.registrar.accounts().find(identity.name);
  json["passkeys"] = account == nullptr ? 0 : account->passkeys.size();
  json["totp"] = account != nullptr && account->totp.has_value();
  json["openid"] = account != nullptr && account->provider.has_value();
  json["proved"] = is_proved(identity, parts.loop.now());
  json["must_enroll"] = parts.signing.second_factor_required && !identity.two_factors;
  return json;
}

std::string set_sign_in_cookie(const Parts& parts, const std::string& value) {
  return http::format_set_cookie({parts.signing.manner.cookie, value, -1, http::SameSite::Strict});
}

void put_provider(base::JsonWriter& detail, const accounts::Account* account) {
  if (account == nullptr || !account->provider) return;
  detail.field("issuer", account->provider->issuer);
  detail.field("subject", account->provider->subject);
}

bool note_about(Parts& parts, std::string_view event, const Call& call, const Verified& verified) {
  const std::string& admin = verified.account.name;
  Note note{event, actor_of(parts, admin), admin, {}, {}};
  base::JsonWriter detail(note.detail);
  detail.open_object();
  detail.field(parts.signing.manner.who, admin);
  detail.field("method", verified.method);
  detail.field("client", call.client);
  put_provider(detail, &verified.account);
  if (event == "signed_in")
    detail.field("user_agent", field_of(call, "user-agent").substr(0, kLongestUserAgent));
  detail.close_object();
  return parts.registrar.note(note);
}

// What a challenge answers with: to whom and how long. Which passkeys there are is not told to those who have not
// signed in.
base::Json challenge_json(const accounts::RelyingParty& party, const std::string& challenge) {
  return {{"challenge", base::to_base64url(challenge)},
          {"rp", party.id},
          {"timeout_ms", Challenges::kLife / base::kMillisecond}};
}

}  // namespace

Response prove_again(Parts& parts, const CallPtr& call, const std::string& session,
                     const Verified& verified) {
  if (!note_about(parts, "proved", *call, verified)) return parts.registrar.unavailable();
  const std::string cookie = parts.sign_ins.prove(session, verified.two_factors, parts.loop.now());
  if (cookie.empty()) return problem(401, "no_session", "You are not signed in", "Sign in again.");
  Response response = no_content();
  response.fields.emplace_back("set-cookie", set_sign_in_cookie(parts, cookie));
  return response;
}

Response welcome(Parts& parts, const CallPtr& call, const Verified& verified) {
  if (!note_about(parts, "signed_in", *call, verified)) return parts.registrar.unavailable();
  const std::string user_agent(field_of(*call, "user-agent").substr(0, kLongestUserAgent));
  SignIns::Origin origin{verified.method, call->client, user_agent, verified.two_factors};
  if (const auto& provider = verified.account.provider) {
    origin.issuer = provider->issuer;
    origin.subject = provider->subject;
    origin.sid = verified.sid;
  }
  const std::string cookie =
      parts.sign_ins.open(verified.account, origin, parts.loop.now(), parts.loop.wall());
  const auto identity = parts.sign_ins.find(cookie, parts.loop.now(), parts.loop.wall());
  Response response = json_response(view_me(parts, *identity));
  response.fields.emplace_back("set-cookie", set_sign_in_cookie(parts, cookie));
  return response;
}

void sign_in(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (call->local) return reply(problem(400, "invalid", "The control socket needs no sign-in"));
  auto body = read_body(*call, {"name", "password", "code"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  PasswordAttempt attempt{base::json_text_or(*body, "name", ""), base::json_text_or(*body, "password", ""),
                          base::json_text_or(*body, "code", "")};
  verify_password(parts, call, std::move(attempt),
                  [&parts, call, reply](const std::optional<Verified>& verified, Response refusal) {
                    reply(verified ? welcome(parts, call, *verified) : std::move(refusal));
                  });
}

void ask_for_passkey(Parts& parts, const CallPtr& call, const Reply& reply) {
  const auto party = relying_party(*call);
  if (call->local || !party) return reply(no_passkeys_here());
  const std::string browser = base::to_base64url(base::random_bytes(kBrowserToken));
  const std::string challenge = parts.challenges.issue(Challenges::Purpose::SignIn, address_of(call->client),
                                                       base::sha256_hex(browser), parts.loop.now());
  Response response = json_response(challenge_json(*party, challenge));
  response.fields.emplace_back(
      "set-cookie", http::format_set_cookie({parts.signing.manner.browser_cookie, browser,
                                             Challenges::kLife / base::kSecond, http::SameSite::Strict}));
  reply(std::move(response));
}

void sign_in_with_passkey(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"id", "client_data", "authenticator_data", "signature", "user_handle"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const http::CookieAnswer browser =
      http::find_cookie(field_of(*call, "cookie"), parts.signing.manner.browser_cookie);
  const bool known = browser.state == http::CookieState::Found && browser.value.size() == kBrowserTokenText;
  verify_passkey(
      parts, call,
      {*body, Challenges::Purpose::SignIn, known ? base::sha256_hex(browser.value) : std::string(), {}},
      [&parts, call, reply](const std::optional<Verified>& verified, Response refusal) {
        reply(verified ? welcome(parts, call, *verified) : std::move(refusal));
      });
}

void ask_for_proof(Parts& parts, const CallPtr& call, const Reply& reply) {
  const auto party = relying_party(*call);
  if (call->identity.session.empty() || !party) return reply(no_passkeys_here());
  const std::string& session = call->identity.session;
  const std::string challenge =
      parts.challenges.issue(Challenges::Purpose::Prove, session, session, parts.loop.now());
  base::Json json = challenge_json(*party, challenge);
  json["passkeys"] = base::Json::array();
  if (const accounts::Account* account = parts.registrar.accounts().find(call->identity.name)) {
    for (const accounts::Passkey& passkey : account->passkeys) {
      if (passkey.rp == party->id) json["passkeys"].push_back(base::to_base64url(passkey.id));
    }
  }
  reply(json_response(json));
}

void prove(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (call->identity.session.empty())
    return reply(problem(400, "invalid", "Only a sign-in at the page can be proved"));
  auto body = read_body(*call, {"password", "code", "passkey"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const OnVerified done = [&parts, call, reply](const std::optional<Verified>& verified, Response refusal) {
    if (!verified) return reply(std::move(refusal));
    reply(prove_again(parts, call, call->identity.session, *verified));
  };
  if (body->contains("passkey") && (*body)["passkey"].is_object()) {
    return verify_passkey(
        parts, call,
        {(*body)["passkey"], Challenges::Purpose::Prove, call->identity.session, call->identity.name}, done);
  }
  verify_password(
      parts, call,
      {call->identity.name, base::json_text_or(*body, "password", ""), base::json_text_or(*body, "code", "")},
      done);
}

void sign_out(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (call->identity.session.empty()) return reply(no_content());
  parts.sign_ins.close(call->identity.session);
  // Leaving is always allowed: without room for the event the sign-in ends all the same.
  (void)note_sign_out(parts, actor_of(parts, call->identity), call->identity.name, "signed_out");
  Response response = no_content();
  response.fields.emplace_back(
      "set-cookie", http::format_set_cookie({parts.signing.manner.cookie, "", 0, http::SameSite::Strict}));
  reply(std::move(response));
}

bool note_sign_out(Parts& parts, const std::string& actor, const std::string& admin,
                   std::string_view reason) {
  Note note{"signed_out", actor, admin, {}, {}};
  base::JsonWriter detail(note.detail);
  detail.open_object();
  detail.field(parts.signing.manner.who, admin);
  detail.field("reason", reason);
  put_provider(detail, parts.registrar.accounts().find(admin));
  detail.close_object();
  return parts.registrar.note(note);
}

void show_me(Parts& parts, const CallPtr& call, const Reply& reply) {
  reply(json_response(view_me(parts, call->identity)));
}

}  // namespace postern::face
