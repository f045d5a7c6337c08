// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "face/verifying.h"

#include <algorithm>

#include "accounts/password.h"
#include "accounts/totp.h"
#include "base/bytes.h"
#include "base/crypto.h"
#include "face/gate.h"

namespace postern::face {
namespace {

using accounts::Account;
using accounts::Passkey;

// Argon2id takes 64 MiB and 100 ms of a core: more at once would let anyone who can connect exhaust the
// machine.
constexpr int kMostVerifying = 2;
// Verified when nobody has that name, so that the time of a refusal does not say which names exist. Nobody
// knows its password.
constexpr const char* kNobodysHash =
    "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b/dWRWJTmaaJObGhJ2u0dB7Vs8";

Response too_often(base::Nanos wait) {
  const auto seconds = (wait + base::kSecond - 1) / base::kSecond;
  Response response =
      problem(base::Refusal::LimitReached, "Wait " + std::to_string(seconds) + " s before the next attempt.");
  response.fields.emplace_back("retry-after", std::to_string(seconds));
  return response;
}

// An event when attempts begin to be slowed, at most one per address or account and interval.
void note_slowed(Parts& parts, const Call& call, const std::string& who, int failures, base::Nanos wait) {
  const std::string key = "slowed " + (who.empty() ? address_of(call.client) : who);
  if (wait <= 0 || !parts.refusals.due(key, parts.loop.now())) return;
  Note note{"slowed", std::string(parts.signing.manner.place), who, {}, {}};
  base::JsonWriter detail(note.detail);
  detail.open_object();
  if (!who.empty()) detail.field(parts.signing.manner.who, who);
  detail.field("client", call.client);
  detail.field("failures", std::int64_t{failures});
  detail.field("wait_us", std::int64_t{wait / 1000});
  detail.close_object();
  if (parts.registrar.note(note)) parts.refusals.recorded(key, parts.loop.now());
}

Response wrong_password(Parts& parts, const Call& call) {
  count_failure(parts, call);
  note_refusal(parts, call, actor_of(parts, "unknown"), "sign_in_refused", "name or password is wrong");
  return problem(403, "sign_in_refused", "Name or password is wrong",
                 "Try again; " + std::string(parts.signing.manner.first_password));
}

// What was shown is right, and opens nothing all the same; nothing if it does.
std::optional<Response> closed_here(Parts& parts, const Call& call, const Account& account) {
  if (account.locked) {
    note_refusal(parts, call, actor_of(parts, account.name), "account_locked", "the account is locked");
    return problem(403, "account_locked", "This account is locked", "Another administrator can unlock it.");
  }
  if (may_sign_in_here(parts.signing, parts.registrar.accounts(), account.name)) return std::nullopt;
  note_refusal(parts, call, actor_of(parts, account.name), "provider_only",
               "admin_openid.local_accounts of the configuration does not name the account");
  return problem(403, "provider_only", "This account does not sign in here",
                 "Sign in with your company's account.");
}

Response wrong_code(Parts& parts, const Call& call, const Account& account, const char* why) {
  const base::Nanos now = parts.loop.now();
  count_failure(parts, call);
  parts.code_guard.failed(account.name, now);
  note_slowed(parts, call, account.name, parts.code_guard.failures(account.name),
              parts.code_guard.wait(account.name, now));
  note_refusal(parts, call, actor_of(parts, account.name), "code_refused", why);
  return problem(403, "code_refused", "The code is not right",
                 "Use the newest code of your app; each is good once.");
}

Response wrong_passkey(Parts& parts, const Call& call, const std::string& why) {
  count_failure(parts, call);
  note_refusal(parts, call, actor_of(parts, "unknown"), "passkey_refused", why);
  return problem(403, "passkey_refused", "The passkey was not accepted", why);
}

// The password is overwritten as soon as it was looked at.
struct Attempt {
  CallPtr call;
  std::optional<Account> account;
  std::string password, code;
  bool right = false;
};

void password_verified(Parts& parts, const Attempt& attempt, const OnVerified& done) {
  const Call& call = *attempt.call;
  --parts.verifying;
  if (!attempt.right) return done(std::nullopt, wrong_password(parts, call));
  const Account* account = parts.registrar.accounts().find(attempt.account->name);
  if (account == nullptr || account->password != attempt.account->password)  // changed while we looked at it
    return done(std::nullopt, wrong_password(parts, call));
  if (auto closed = closed_here(parts, call, *account)) return done(std::nullopt, *std::move(closed));
  if (account->totp) {
    if (!attempt.code.empty()) return verify_code(parts, attempt.call, *account, attempt.code, done);
    return done(std::nullopt,
                problem(403, "second_factor_needed", "The code of your authenticator app is needed",
                        "Or one of your recovery codes."));
  }
  parts.guard.succeeded(call.client, parts.loop.now());
  done(Verified{*account, "password", false}, {});
}

// What was shown was right, and is used up. Meanwhile the account may have been locked, lowered or removed, or its password
// changed: it opens what the account is now, if anything.
void proved(Parts& parts, const CallPtr& call, const Account& before, const std::string& method,
            const OnVerified& done) {
  const Account* account = parts.registrar.accounts().find(before.name);
  if (account == nullptr || account->password != before.password)
    return done(std::nullopt, wrong_password(parts, *call));
  if (auto closed = closed_here(parts, *call, *account)) return done(std::nullopt, *std::move(closed));
  parts.guard.succeeded(call->client, parts.loop.now());
  done(Verified{*account, method, true}, {});
}

// Used up for nothing, because the account was locked before that came to be decided: that is the answer.
std::optional<Response> locked_meanwhile(Parts& parts, const Call& call, const Account& before) {
  const Account* account = parts.registrar.accounts().find(before.name);
  return account != nullptr && account->locked ? closed_here(parts, call, *account) : std::nullopt;
}

// The registrar uses the code up: it is good once, wherever and whenever it is tried again.
void use_up(Parts& parts, const CallPtr& call, const Account& account, std::string_view name,
            base::Json order, const std::string& method, const OnVerified& done) {
  order["name"] = account.name;
  order["actor"] = actor_of(parts, account.name);
  order["from"] = call->client;
  parts.registrar.order(name, std::move(order),
                        [&parts, call, account, method, done](const Registrar::Answer& answer) {
                          if (answer.status == 503) return done(std::nullopt, parts.registrar.unavailable());
                          if (answer.ok) {
                            parts.code_guard.succeeded(account.name);
                            return proved(parts, call, account, method, done);
                          }
                          if (auto closed = locked_meanwhile(parts, *call, account))
                            return done(std::nullopt, *std::move(closed));
                          done(std::nullopt, wrong_code(parts, *call, account, "the code was used already"));
                        });
}

std::string decoded(const base::Json& json, const char* key) {
  return base::from_base64url(base::json_text_or(json, key, "")).value_or(std::string());
}

struct FoundPasskey {
  const Account* account = nullptr;
  const Passkey* passkey = nullptr;
};
FoundPasskey find_credential(const accounts::Accounts& accounts, const std::string& id) {
  for (const Account& account : accounts.list) {
    for (const Passkey& passkey : account.passkeys) {
      if (!id.empty() && passkey.id == id) return {&account, &passkey};
    }
  }
  return {};
}

// What a passkey that counts has counted must be durable before it opens anything: otherwise a copy of it could sign in
// after a restart. One that does not count has nothing to keep but when it was used.
void keep_counter(Parts& parts, const CallPtr& call, const FoundPasskey& found, std::uint32_t counter,
                  const OnVerified& done) {
  base::Json order{{"name", found.account->name},
                   {"id", base::to_base64url(found.passkey->id)},
                   {"counter", counter},
                   {"actor", actor_of(parts, found.account->name)},
                   {"from", call->client}};
  const bool counts = counter > 0;
  parts.registrar.order(
      "use_passkey", std::move(order),
      [&parts, call, account = *found.account, counts, done](const Registrar::Answer& answer) {
        if (counts && answer.status == 503) return done(std::nullopt, parts.registrar.unavailable());
        if (answer.ok || answer.status == 503) return proved(parts, call, account, "passkey", done);
        if (auto closed = locked_meanwhile(parts, *call, account))
          return done(std::nullopt, *std::move(closed));
        done(std::nullopt,
             wrong_passkey(parts, *call, "the passkey was removed, or its counter has not risen"));
      });
}

}  // namespace

void count_failure(Parts& parts, const Call& call) {
  const base::Nanos now = parts.loop.now();
  parts.guard.failed(call.client, now);
  note_slowed(parts, call, {}, parts.guard.failures(call.client), parts.guard.wait(call.client, now));
}

std::optional<Response> refuse_for_now(Parts& parts, const Call& call) {
  if (!parts.registrar.accounts_known()) return parts.registrar.unavailable();
  const base::Nanos wait = parts.guard.wait(call.client, parts.loop.now());
  if (wait > 0) return too_often(wait);
  return std::nullopt;
}

void verify_password(Parts& parts, const CallPtr& call, PasswordAttempt given, const OnVerified& done) {
  auto attempt = std::make_shared<Attempt>();
  attempt->call = call;
  attempt->password = std::move(given.password);
  attempt->code = std::move(given.code);
  const bool odd = given.name.empty() || given.name.size() > accounts::kLongestName ||
                   attempt->password.empty() || attempt->password.size() > accounts::kLongestPassword;
  if (odd) return done(std::nullopt, problem(400, "invalid", "Name and password are needed"));
  if (auto refused = refuse_for_now(parts, *call)) return done(std::nullopt, *std::move(refused));
  if (parts.verifying >= kMostVerifying) return done(std::nullopt, too_often(base::kSecond));
  // A provider's account has no password: it is as unknown as one that is not there.
  if (const Account* account = parts.registrar.accounts().find(given.name); account && !account->provider)
    attempt->account = *account;
  ++parts.verifying;
  parts.loop.run_elsewhere(
      [attempt] {
        const std::string hash = attempt->account ? attempt->account->password : kNobodysHash;
        const bool right = base::verify_password(hash, attempt->password);
        attempt->right = right && attempt->account.has_value();
        base::wipe(attempt->password);
      },
      [&parts, attempt, done, life = std::weak_ptr<const bool>(parts.life)] {
        if (!life.expired()) password_verified(parts, *attempt, done);
      });
}

void verify_code(Parts& parts, const CallPtr& call, const Account& account, const std::string& code,
                 const OnVerified& done) {
  const base::Nanos wait = parts.code_guard.wait(account.name, parts.loop.now());
  if (wait > 0) return done(std::nullopt, too_often(wait));
  if (accounts::looks_like_recovery_code(code)) {
    const std::string hash = accounts::recovery_hash(code);
    const auto& left = account.recovery;
    if (std::find(left.begin(), left.end(), hash) == left.end())
      return done(std::nullopt, wrong_code(parts, *call, account, "there is no such recovery code"));
    return use_up(parts, call, account, "use_recovery", {{"code_sha256", hash}}, "password and recovery code",
                  done);
  }
  const auto step = accounts::match_totp(account.totp->secret, code, parts.loop.wall(), account.totp->step);
  if (!step) return done(std::nullopt, wrong_code(parts, *call, account, "the code is not right"));
  use_up(parts, call, account, "use_totp", {{"step", *step}}, "password and code", done);
}

void verify_passkey(Parts& parts, const CallPtr& call, const PasskeyAttempt& attempt,
                    const OnVerified& done) {
  const auto party = relying_party(*call);
  if (!party) return done(std::nullopt, no_passkeys_here());
  if (auto refused = refuse_for_now(parts, *call)) return done(std::nullopt, *std::move(refused));
  const std::string client_data = decoded(attempt.json, "client_data");
  const std::string challenge = accounts::challenge_in(client_data);
  if (!parts.challenges.take(challenge, attempt.purpose, attempt.binding, parts.loop.now()))
    return done(std::nullopt,
                wrong_passkey(parts, *call, "the question is too old, or was put elsewhere: try again"));
  const FoundPasskey found = find_credential(parts.registrar.accounts(), decoded(attempt.json, "id"));
  const std::string handle = decoded(attempt.json, "user_handle");
  const bool right_account = found.account != nullptr &&
                             (attempt.only.empty() || found.account->name == attempt.only) &&
                             (handle.empty() || handle == found.account->handle);
  if (!right_account) return done(std::nullopt, wrong_passkey(parts, *call, "nobody here has that passkey"));
  const std::string data = decoded(attempt.json, "authenticator_data"),
                    signature = decoded(attempt.json, "signature");
  const auto counter = accounts::judge_assertion(
      *party, challenge, {found.passkey->key, found.passkey->counter}, {client_data, data, signature});
  if (!counter.ok()) return done(std::nullopt, wrong_passkey(parts, *call, counter.error().message));
  if (auto closed = closed_here(parts, *call, *found.account)) return done(std::nullopt, *std::move(closed));
  keep_counter(parts, call, found, *counter, done);
}

std::optional<accounts::RelyingParty> relying_party(const Call& call) {
  const auto authority = http::parse_authority(call.fields.find("host").value_or(std::string_view()));
  if (!authority) return std::nullopt;
  const std::string& host = authority->host;
  const bool address = host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string::npos;
  if (address) return std::nullopt;
  constexpr std::uint16_t kHttps = 443;
  const bool plain = authority->port == 0 || authority->port == kHttps;
  return accounts::RelyingParty{host,
                                "https://" + host + (plain ? "" : ":" + std::to_string(authority->port))};
}

Response no_passkeys_here() {
  return problem(409, "no_passkeys_here", "Passkeys do not work with an IP address",
                 "Open the page by its name: on this machine, with localhost in the place of the address.");
}

void hash_elsewhere(Parts& parts, std::string password, const Reply& reply,
                    std::function<void(const std::string& hash)> done) {
  if (parts.verifying >= kMostVerifying) {
    base::wipe(password);
    return reply(too_often(base::kSecond));
  }
  struct Work {
    std::string password;
    base::Result<std::string> hash = std::string();
  };
  auto work = std::make_shared<Work>();
  work->password = std::move(password);
  ++parts.verifying;
  parts.loop.run_elsewhere(
      [work] {
        work->hash = base::hash_password(work->password);
        base::wipe(work->password);
      },
      [&parts, work, reply, done = std::move(done), life = std::weak_ptr<const bool>(parts.life)] {
        if (life.expired()) return;
        --parts.verifying;
        if (!work->hash.ok()) return reply(problem(base::Refusal::GatewayError, work->hash.error().message));
        done(*work->hash);
      });
}

}  // namespace postern::face
