// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One's own account: password, passkeys, authenticator app, recovery codes, sign-ins. Auditors have these too: what
// they change is nobody else's.
#include "accounts/password.h"
#include "accounts/totp.h"
#include "base/bytes.h"
#include "base/crypto.h"
#include "face/api.h"
#include "face/signing_in.h"
#include "face/verifying.h"

namespace postern::face {
namespace {

using accounts::Account;

// Whose account it is: only somebody who signed in at the page has one.
const Account* own_account(const Parts& parts, const Call& call, const Reply& reply) {
  const Account* account =
      call.identity.session.empty() ? nullptr : parts.registrar.accounts().find(call.identity.name);
  if (account == nullptr)
    reply(problem(409, "no_account", "You have no account here",
                  std::string(parts.signing.manner.command) + " changes the accounts of others."));
  return account;
}

base::Json sign_ins_json(const std::vector<SignIns::Shown>& list, const std::string& current) {
  base::Json out = base::Json::array();
  for (const SignIns::Shown& one : list) {
    out.push_back({{"id", one.id},
                   {"admin", one.admin},
                   {"method", one.origin.method},
                   {"client", one.origin.client},
                   {"user_agent", one.origin.user_agent},
                   {"since", base::format_time(one.since)},
                   {"seen", base::format_time(one.seen)},
                   {"current", one.id == current}});
  }
  return out;
}

base::Json passkeys_json(const Account& account) {
  base::Json out = base::Json::array();
  for (const accounts::Passkey& passkey : account.passkeys) {
    base::Json one{{"id", base::to_base64url(passkey.id)},
                   {"name", passkey.name},
                   {"host", passkey.rp},
                   {"added", base::format_time(passkey.added)}};
    if (passkey.used > 0) one["used"] = base::format_time(passkey.used);
    out.push_back(std::move(one));
  }
  return out;
}

struct RecoveryCodes {
  std::vector<std::string> shown, hashes;
};
RecoveryCodes make_recovery_codes() {
  RecoveryCodes codes;
  for (std::size_t i = 0; i < accounts::kRecoveryCodes; ++i) {
    codes.shown.push_back(accounts::make_recovery_code());
    codes.hashes.push_back(accounts::recovery_hash(codes.shown.back()));
  }
  return codes;
}

// Which browser says that it is which host: for the name in the app.
std::string issuer_of(const Parts& parts, const Call& call) {
  const auto authority = http::parse_authority(call.fields.find("host").value_or(std::string_view()));
  const std::string product(parts.signing.manner.product);
  return authority ? product + " " + authority->host : product;
}

}  // namespace

void show_account(Parts& parts, const CallPtr& call, const Reply& reply) {
  const Account* account = own_account(parts, *call, reply);
  if (account == nullptr) return;
  const auto party = relying_party(*call);
  base::Json json{{"name", account->name},
                  {"role", to_text(account->rank, parts.signing.manner.ranks)},
                  {"passkeys", passkeys_json(*account)},
                  {"totp", account->totp.has_value()},
                  {"recovery_codes", account->recovery.size()},
                  {"sign_ins", sign_ins_json(parts.sign_ins.of(account->name, parts.loop.now()),
                                             call->identity.session)}};
  if (party) json["passkey_host"] = party->id;
  if (account->added > 0) json["added"] = base::format_time(account->added);
  if (account->provider) json["openid"] = openid_json(*account->provider, parts.signing.manner.ranks);
  reply(json_response(json));
}

void change_password(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (own_account(parts, *call, reply) == nullptr) return;
  auto body = read_body(*call, {"old", "new", "code"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const std::string wanted = base::json_text_or(*body, "new", "");
  if (const auto why = accounts::password_problem(wanted, call->identity.name))
    return reply(problem(422, "weak_password", "Choose another password", *why));
  const auto change = [&parts, call, reply, wanted](const std::string& hash) {
    parts.sign_ins.expect_password(call->identity.session, hash);
    send_order(parts, call, "set_password", {{"name", call->identity.name}, {"password", hash}}, reply,
               [](const base::Json&) { return no_content(); });
  };
  verify_password(
      parts, call,
      {call->identity.name, base::json_text_or(*body, "old", ""), base::json_text_or(*body, "code", "")},
      [&parts, reply, wanted, change](const std::optional<Verified>& verified, Response refusal) {
        if (!verified) return reply(std::move(refusal));
        hash_elsewhere(parts, wanted, reply, change);
      });
}

void ask_for_new_passkey(Parts& parts, const CallPtr& call, const Reply& reply) {
  const Account* account = own_account(parts, *call, reply);
  if (account == nullptr) return;
  const auto party = relying_party(*call);
  if (!party) return reply(no_passkeys_here());
  const std::string& session = call->identity.session;
  const std::string challenge =
      parts.challenges.issue(Challenges::Purpose::Register, session, session, parts.loop.now());
  base::Json known = base::Json::array();
  for (const accounts::Passkey& passkey : account->passkeys) {
    if (passkey.rp == party->id) known.push_back(base::to_base64url(passkey.id));
  }
  reply(json_response({{"challenge", base::to_base64url(challenge)},
                       {"rp", party->id},
                       {"user", {{"handle", base::to_base64url(account->handle)}, {"name", account->name}}},
                       {"algorithms", {accounts::kEs256, accounts::kEdDsa, accounts::kRs256}},
                       {"exclude", std::move(known)},
                       {"timeout_ms", Challenges::kLife / base::kMillisecond}}));
}

void add_passkey(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (own_account(parts, *call, reply) == nullptr) return;
  auto body = read_body(*call, {"name", "client_data", "attestation"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const auto party = relying_party(*call);
  if (!party) return reply(no_passkeys_here());
  const auto client_data = base::from_base64url(base::json_text_or(*body, "client_data", ""));
  const auto attestation = base::from_base64url(base::json_text_or(*body, "attestation", ""));
  if (!client_data || !attestation)
    return reply(problem(400, "invalid", "client_data and attestation are needed"));
  const std::string challenge = accounts::challenge_in(*client_data);
  const std::string& session = call->identity.session;
  if (!parts.challenges.take(challenge, Challenges::Purpose::Register, session, parts.loop.now()))
    return reply(
        problem(422, "passkey_refused", "The passkey was not accepted", "It took too long: try again."));
  const auto made = accounts::judge_registration(*party, challenge, *client_data, *attestation);
  if (!made.ok())
    return reply(problem(422, "passkey_refused", "The passkey was not accepted", made.error().message));
  send_order(parts, call, "add_passkey",
             {{"name", call->identity.name},
              {"id", base::to_base64url(made->id)},
              {"label", base::json_text_or(*body, "name", "")},
              {"rp", party->id},
              {"key", base::to_base64url(made->key)},
              {"counter", made->counter}},
             reply, [&parts, session](const base::Json&) {
               parts.sign_ins.has_two_factors(session);
               return no_content();
             });
}

void remove_passkey(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (own_account(parts, *call, reply) == nullptr) return;
  send_order(parts, call, "remove_passkey", {{"name", call->identity.name}, {"id", call->captures[0]}}, reply,
             [](const base::Json&) { return no_content(); });
}

void begin_totp(Parts& parts, const CallPtr& call, const Reply& reply) {
  const Account* account = own_account(parts, *call, reply);
  if (account == nullptr) return;
  const std::string secret = base::random_bytes(accounts::kTotpSecretSize);
  parts.sign_ins.set_totp_secret(call->identity.session, secret);
  reply(json_response({{"secret", accounts::to_base32(secret)},
                       {"link", accounts::otpauth_link(issuer_of(parts, *call), account->name, secret)}}));
}

void enable_totp(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (own_account(parts, *call, reply) == nullptr) return;
  auto body = read_body(*call, {"code"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const std::string session = call->identity.session;
  const std::string secret = parts.sign_ins.totp_secret(session);
  if (secret.empty()) return reply(problem(409, "conflict", "No secret is being set up", "Begin anew."));
  constexpr std::int64_t kNoneUsed = -1;
  const auto step =
      accounts::match_totp(secret, base::json_text_or(*body, "code", ""), parts.loop.wall(), kNoneUsed);
  if (!step) {
    return reply(problem(422, "code_refused", "The code is not right",
                         "Use the newest code of your app, and see that its clock is right."));
  }
  const RecoveryCodes codes = make_recovery_codes();
  send_order(parts, call, "set_totp",
             {{"name", call->identity.name},
              {"secret", base::to_base64url(secret)},
              {"step", *step},
              {"recovery", codes.hashes}},
             reply, [&parts, session, shown = codes.shown](const base::Json&) {
               parts.sign_ins.set_totp_secret(session, {});
               parts.sign_ins.has_two_factors(session);
               return json_response({{"recovery_codes", shown}});
             });
}

void disable_totp(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (own_account(parts, *call, reply) == nullptr) return;
  send_order(parts, call, "remove_totp", {{"name", call->identity.name}}, reply,
             [](const base::Json&) { return no_content(); });
}

void make_recovery(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (own_account(parts, *call, reply) == nullptr) return;
  const RecoveryCodes codes = make_recovery_codes();
  send_order(parts, call, "set_recovery", {{"name", call->identity.name}, {"recovery", codes.hashes}}, reply,
             [shown = codes.shown](const base::Json&) {
               return json_response({{"recovery_codes", shown}});
             });
}

void end_own_sign_in(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (own_account(parts, *call, reply) == nullptr) return;
  if (!parts.sign_ins.close_of(call->identity.name, call->captures[0]))
    return reply(problem(404, "not_found", "There is no such sign-in any more"));
  (void)note_sign_out(parts, actor_of(parts, call->identity), call->identity.name, "ended");
  reply(no_content());
}

void end_other_sign_ins(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (own_account(parts, *call, reply) == nullptr) return;
  const std::size_t ended = parts.sign_ins.close_others(call->identity.name, call->identity.session);
  for (std::size_t i = 0; i < ended; ++i)
    (void)note_sign_out(parts, actor_of(parts, call->identity), call->identity.name, "ended");
  reply(json_response({{"ended", ended}}));
}

}  // namespace postern::face
