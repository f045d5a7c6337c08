// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The accounts of all: who may sign in, as what, and who is invited.
#include <algorithm>

#include "accounts/password.h"
#include "base/bytes.h"
#include "base/crypto.h"
#include "face/api.h"
#include "face/gate.h"
#include "face/signing_in.h"
#include "face/verifying.h"

namespace postern::face {
namespace {

using accounts::Account;
using accounts::Invitation;

constexpr std::size_t kInvitationToken = 32;      // bytes of an invitation's
constexpr std::size_t kGeneratedCharacters = 20;  // of a password: 116 bits

// Whoever has no account of the provider signs in by what they have here, if that is allowed.
std::optional<Response> no_local_account(const Parts& parts, const std::string& name) {
  const auto& provider = parts.signing.provider;
  if (!provider || provider->local_accounts.empty()) return std::nullopt;
  const auto& named = provider->local_accounts;
  if (std::find(named.begin(), named.end(), name) != named.end()) return std::nullopt;
  return problem(409, "provider_only", "That account could not sign in",
                 "admin_openid.local_accounts of the configuration does not name it: give the person a group "
                 "at the identity provider instead.");
}

base::Json view(const Parts& parts, const Account& account) {
  const auto sign_ins = parts.sign_ins.of(account.name, parts.loop.now());
  base::Json json{{"name", account.name},
                  {"role", to_text(account.rank, parts.signing.manner.ranks)},
                  {"passkeys", account.passkeys.size()},
                  {"totp", account.totp.has_value()},
                  {"sign_ins", sign_ins.size()}};
  if (account.added > 0) json["added"] = base::format_time(account.added);
  if (account.locked) json["locked"] = true;
  if (account.provider) json["openid"] = openid_json(*account.provider, parts.signing.manner.ranks);
  base::Micros seen = 0;
  for (const SignIns::Shown& one : sign_ins) seen = std::max(seen, one.seen);
  if (seen > 0) json["seen"] = base::format_time(seen);
  return json;
}

base::Json view(const Parts& parts, const Invitation& invitation) {
  return {{"id", invitation.id},
          {"name", invitation.name},
          {"role", to_text(invitation.rank, parts.signing.manner.ranks)},
          {"by", invitation.by},
          {"created", base::format_time(invitation.created)},
          {"expires", base::format_time(invitation.expires)}};
}

std::optional<Response> accounts_problem(const Parts& parts) {
  if (parts.registrar.up() && parts.registrar.accounts_known()) return std::nullopt;
  return parts.registrar.unavailable();
}

// The password that somebody gives an account, or one by lot, which is shown once: {"password"} in the answer.
void with_password(Parts& parts, const base::Json& body, const std::string& name, const Reply& reply,
                   const std::function<void(const std::string& hash, const base::Json& shown)>& done) {
  std::string password = base::json_text_or(body, "password", "");
  base::Json shown = base::Json::object();
  if (password.empty()) {
    password = base::random_password(kGeneratedCharacters);
    shown["password"] = password;
  } else if (const auto why = accounts::password_problem(password, name)) {
    return reply(problem(422, "weak_password", "Choose another password", *why));
  }
  hash_elsewhere(parts, std::move(password), reply,
                 [done, shown](const std::string& hash) { done(hash, shown); });
}

const Invitation* find_valid(const Parts& parts, const std::string& token) {
  const Invitation* found = parts.registrar.accounts().find_invitation(base::sha256_hex(token));
  return found != nullptr && found->expires > parts.loop.wall() ? found : nullptr;
}

Response no_invitation(Parts& parts, const Call& call) {
  parts.guard.failed(call.client, parts.loop.now());
  note_refusal(parts, call, actor_of(parts, "unknown"), "no_invitation",
               "an invitation that is not there, or not any more");
  return problem(404, "no_invitation", "This invitation is not valid any more",
                 "It was used, was taken back, or is older than a day. Ask for another one.");
}

// An unknown token is counted like a wrong password; so is how often it may be tried.
std::optional<Response> refuse_invited(Parts& parts, const Call& call) {
  if (auto refused = accounts_problem(parts)) return refused;
  if (call.local) return problem(400, "invalid", "An invitation is accepted at the page");
  const base::Nanos wait = parts.guard.wait(call.client, parts.loop.now());
  if (wait <= 0) return std::nullopt;
  return problem(base::Refusal::LimitReached,
                 "Wait " + std::to_string((wait + base::kSecond - 1) / base::kSecond) + " s.");
}

}  // namespace

base::Json openid_json(const accounts::ProviderAccount& account, const accounts::Ranks& ranks) {
  return {{"issuer", account.issuer}, {"subject", account.subject}, {"most", to_text(account.most, ranks)}};
}

void list_admins(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto refused = accounts_problem(parts)) return reply(*std::move(refused));
  base::Json items = base::Json::array();
  for (const Account& account : parts.registrar.accounts().list) items.push_back(view(parts, account));
  reply(json_response({{"items", std::move(items)}}));
}

void add_admin(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"name", "role", "password"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const std::string name = base::json_text_or(*body, "name", "");
  const std::string role = base::json_text_or(*body, "role", "");
  if (auto refused = no_local_account(parts, name)) return reply(*std::move(refused));
  with_password(parts, *body, name, reply,
                [&parts, call, reply, name, role](const std::string& hash, base::Json shown) {
                  send_order(parts, call, "add", {{"name", name}, {"role", role}, {"password", hash}}, reply,
                             [shown = std::move(shown)](const base::Json& made) {
                               base::Json json = made;
                               json.update(shown);
                               return json_response(json, 201);
                             });
                });
}

void remove_admin(Parts& parts, const CallPtr& call, const Reply& reply) {
  send_order(parts, call, "remove", {{"name", call->captures[0]}}, reply,
             [](const base::Json&) { return no_content(); });
}

void set_admin_role(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"role"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  send_order(parts, call, "set_role",
             {{"name", call->captures[0]}, {"role", base::json_text_or(*body, "role", "")}}, reply, as_it_is);
}

void lock_admin(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"locked"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const auto locked = body->find("locked");
  if (locked == body->end() || !locked->is_boolean())
    return reply(problem(400, "invalid", "locked must be true or false"));
  send_order(parts, call, locked->get<bool>() ? "lock" : "unlock", {{"name", call->captures[0]}}, reply,
             as_it_is);
}

void reset_admin_password(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"password"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const std::string name = call->captures[0];
  if (name == call->identity.name && !call->identity.session.empty())
    return reply(
        problem(409, "own_account", "Your own password is changed with the old one", "See your account."));
  with_password(
      parts, *body, name, reply, [&parts, call, reply, name](const std::string& hash, base::Json shown) {
        send_order(parts, call, "set_password", {{"name", name}, {"password", hash}, {"reset", true}}, reply,
                   [name, shown = std::move(shown)](const base::Json&) {
                     base::Json json{{"name", name}};
                     json.update(shown);
                     return json_response(json);
                   });
      });
}

void reset_admin_second_factor(Parts& parts, const CallPtr& call, const Reply& reply) {
  send_order(parts, call, "reset_second_factor", {{"name", call->captures[0]}}, reply,
             [&parts, name = call->captures[0]](const base::Json&) {
               parts.code_guard.succeeded(name);
               return no_content();
             });
}

void end_admin_sign_ins(Parts& parts, const CallPtr& call, const Reply& reply) {
  const std::string name = call->captures[0];
  if (parts.registrar.accounts().find(name) == nullptr)
    return reply(problem(404, "not_found", "There is no account of that name"));
  const bool own = name == call->identity.name;
  const std::size_t ended = parts.sign_ins.close_others(name, own ? call->identity.session : std::string());
  for (std::size_t i = 0; i < ended; ++i)
    (void)note_sign_out(parts, actor_of(parts, call->identity), name, "ended");
  reply(json_response({{"ended", ended}}));
}

void list_invitations(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto refused = accounts_problem(parts)) return reply(*std::move(refused));
  base::Json items = base::Json::array();
  for (const Invitation& invitation : parts.registrar.accounts().invitations) {
    if (invitation.expires > parts.loop.wall()) items.push_back(view(parts, invitation));
  }
  reply(json_response({{"items", std::move(items)}}));
}

// The token leaves in this answer and is kept nowhere. It stands behind the '#' of the link, which browsers send to nobody.
void invite_admin(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"name", "role"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  if (auto refused = no_local_account(parts, base::json_text_or(*body, "name", "")))
    return reply(*std::move(refused));
  const std::string token = base::to_base64url(base::random_bytes(kInvitationToken));
  const auto host = call->fields.find("host");
  const std::string place =
      call->local || !host
          ? (parts.signing.names.empty() ? std::string() : to_text(parts.signing.names.front()))
          : std::string(*host);
  send_order(parts, call, "invite",
             {{"name", base::json_text_or(*body, "name", "")},
              {"role", base::json_text_or(*body, "role", "")},
              {"token_sha256", base::sha256_hex(token)}},
             reply, [token, place](const base::Json& made) {
               base::Json json = made;
               json["link"] = "https://" + place + "/invitation#" + token;
               return json_response(json, 201);
             });
}

void revoke_invitation(Parts& parts, const CallPtr& call, const Reply& reply) {
  send_order(parts, call, "revoke_invitation", {{"id", call->captures[0]}}, reply,
             [](const base::Json&) { return no_content(); });
}

void show_invitation(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (auto refused = refuse_invited(parts, *call)) return reply(*std::move(refused));
  auto body = read_body(*call, {"token"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const Invitation* invitation = find_valid(parts, base::json_text_or(*body, "token", ""));
  if (invitation == nullptr) return reply(no_invitation(parts, *call));
  reply(json_response({{"name", invitation->name},
                       {"role", to_text(invitation->rank, parts.signing.manner.ranks)},
                       {"by", invitation->by},
                       {"expires", base::format_time(invitation->expires)}}));
}

void accept_invitation(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (auto refused = refuse_invited(parts, *call)) return reply(*std::move(refused));
  auto body = read_body(*call, {"token", "password"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const std::string token = base::json_text_or(*body, "token", "");
  const Invitation* invitation = find_valid(parts, token);
  if (invitation == nullptr) return reply(no_invitation(parts, *call));
  const std::string password = base::json_text_or(*body, "password", "");
  const std::string name = invitation->name;
  if (auto refused = no_local_account(parts, name)) return reply(*std::move(refused));
  if (const auto why = accounts::password_problem(password, name))
    return reply(problem(422, "weak_password", "Choose another password", *why));
  hash_elsewhere(parts, password, reply, [&parts, call, reply, token, name](const std::string& hash) {
    send_order_as(parts, call, actor_of(parts, name), "accept",
                  {{"token_sha256", base::sha256_hex(token)}, {"password", hash}}, reply,
                  [&parts, call, name](const base::Json&) {
                    const Account* account = parts.registrar.accounts().find(name);
                    if (account == nullptr) return parts.registrar.unavailable();
                    return welcome(parts, call, {*account, "invitation", false});
                  });
  });
}

}  // namespace postern::face
