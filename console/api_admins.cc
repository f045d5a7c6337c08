// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Admins signing in and out.
#include "base/crypto.h"
#include "console/api.h"
#include "console/commands.h"
#include "console/site.h"
#include "gateway/http/cookie.h"

namespace postern::console::api {
namespace {

// Argon2id takes 64 MiB and 100 ms of a core: more at once would let anyone who can connect exhaust the
// machine.
constexpr int kMostVerifying = 2;
constexpr std::size_t kLongestName = 128, kLongestPassword = 1024;
// Verified when nobody has that name, so that the time of a refusal does not say which names exist. Nobody
// knows its password.
constexpr const char* kNobodysHash =
    "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b/dWRWJTmaaJObGhJ2u0dB7Vs8";

base::Json view_me(const Identity& identity) {
  base::Json json{{"name", identity.name}, {"role", to_text(identity.rank)}};
  if (identity.since > 0) json["since"] = base::format_time(identity.since);
  return json;
}

Response too_often(base::Nanos wait) {
  const auto seconds = (wait + base::kSecond - 1) / base::kSecond;
  Response response =
      problem(base::Refusal::LimitReached, "Wait " + std::to_string(seconds) + " s before the next attempt.");
  response.fields.emplace_back("retry-after", std::to_string(seconds));
  return response;
}

bool note_sign_in(Parts& parts, const Call& call, const Account& account) {
  LedgerClient::Note note{audit::EventType::AdminSignedIn, "admin:" + account.name, account.name, {}, {}};
  base::JsonWriter detail(note.detail);
  detail.open_object();
  detail.field("admin", account.name);
  detail.field("method", "password");
  detail.field("client", call.client);
  detail.field("user_agent", call.fields.find("user-agent").value_or(std::string_view()).substr(0, 256));
  detail.close_object();
  return parts.ledger.note(note);
}

Response welcome(Parts& parts, const Call& call, const Account& account) {
  if (!note_sign_in(parts, call, account)) return problem(base::Refusal::LogUnavailable);
  const std::string cookie = parts.sign_ins.open(account, parts.loop.now(), parts.loop.wall());
  Response response = json_response(view_me({account.name, account.rank, {}, parts.loop.wall()}));
  response.fields.emplace_back("set-cookie",
                               http::format_set_cookie({kAdminCookie, cookie, -1, http::SameSite::Strict}));
  return response;
}

// The password is overwritten as soon as it was looked at.
struct Attempt {
  CallPtr call;
  std::optional<Account> account;
  std::string password;
  bool right = false;
};

void conclude(Parts& parts, const Attempt& attempt, const Reply& reply) {
  --parts.verifying;
  if (attempt.right) {
    parts.guard.succeeded(attempt.call->client, parts.loop.now());
    return reply(welcome(parts, *attempt.call, *attempt.account));
  }
  parts.guard.failed(attempt.call->client, parts.loop.now());
  note_refusal(parts, *attempt.call, "admin:unknown", "sign_in_refused", "name or password is wrong");
  reply(problem(403, "sign_in_refused", "Name or password is wrong",
                "Try again; postern init printed the first admin's password once."));
}

}  // namespace

void sign_in(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (call->local) return reply(problem(400, "invalid", "The control socket needs no sign-in"));
  auto body = read_body(*call, {"name", "password"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const std::string name = base::json_text_or(*body, "name", "");
  auto attempt = std::make_shared<Attempt>();
  attempt->call = call;
  attempt->password = base::json_text_or(*body, "password", "");
  if (name.empty() || name.size() > kLongestName || attempt->password.empty() ||
      attempt->password.size() > kLongestPassword) {
    return reply(problem(400, "invalid", "Name and password are needed"));
  }
  const base::Nanos wait = parts.guard.wait(call->client, parts.loop.now());
  if (wait > 0) return reply(too_often(wait));
  if (parts.verifying >= kMostVerifying) return reply(too_often(base::kSecond));
  for (const Account& account : parts.facts.accounts) {
    if (account.name == name) attempt->account = account;
  }
  ++parts.verifying;
  parts.loop.run_elsewhere(
      [attempt] {
        const std::string hash = attempt->account ? attempt->account->password_hash : kNobodysHash;
        const bool right = base::verify_password(hash, attempt->password);
        attempt->right = right && attempt->account.has_value();
        base::wipe(attempt->password);
      },
      [&parts, attempt, reply, life = std::weak_ptr<const bool>(parts.life)] {
        if (!life.expired()) conclude(parts, *attempt, reply);
      });
}

void sign_out(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (call->identity.session.empty()) return reply(no_content());
  parts.sign_ins.close(call->identity.session);
  LedgerClient::Note note{
      audit::EventType::AdminSignedOut, call->identity.actor(), call->identity.name, {}, {}};
  base::JsonWriter detail(note.detail);
  detail.open_object();
  detail.field("admin", call->identity.name);
  detail.field("reason", "signed_out");
  detail.close_object();
  // Leaving is always allowed: without room for the event the sign-in ends all the same.
  (void)parts.ledger.note(note);
  Response response = no_content();
  response.fields.emplace_back("set-cookie",
                               http::format_set_cookie({kAdminCookie, "", 0, http::SameSite::Strict}));
  reply(std::move(response));
}

void show_me(Parts& /*parts*/, const CallPtr& call, const Reply& reply) {
  reply(json_response(view_me(call->identity)));
}

}  // namespace postern::console::api
