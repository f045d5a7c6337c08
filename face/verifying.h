// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Whether somebody is who they say: password, then the code of an app or a recovery code if the account wants one; or a
// passkey. Used by signing in and by proving it again. Every failure is counted and noted here, and in the same words
// whatever was wrong of name and password.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "accounts/account.h"
#include "accounts/webauthn.h"
#include "face/call.h"
#include "face/challenges.h"
#include "face/parts.h"

namespace postern::face {

struct Verified {
  accounts::Account account;
  std::string method;  // "password", "password and code", "password and recovery code", "passkey", "openid"
  bool two_factors = false;
  std::string sid = {};  // of the provider's own session
};
// Called once: with who it is, or with the refusal to answer.
using OnVerified = std::function<void(std::optional<Verified> verified, Response refusal)>;

struct PasswordAttempt {
  std::string name, password;
  std::string code;  // empty: none was given
};
// Argon2id runs on another thread. The refusal's code is sign_in_refused, second_factor_needed (the password is right),
// account_locked and provider_only (likewise), code_refused, limit_reached or log_unavailable.
void verify_password(Parts& parts, const CallPtr& call, PasswordAttempt attempt, const OnVerified& done);

// The code alone, of an account whose password was verified.
void verify_code(Parts& parts, const CallPtr& call, const accounts::Account& account, const std::string& code,
                 const OnVerified& done);

// json: {"id","client_data","authenticator_data","signature","user_handle"*}, all base64url, as a browser gives them.
// only: the account that it must be; empty: any.
struct PasskeyAttempt {
  const base::Json& json;
  Challenges::Purpose purpose;
  std::string binding;  // of the challenge
  std::string only;
};
void verify_passkey(Parts& parts, const CallPtr& call, const PasskeyAttempt& attempt, const OnVerified& done);

// Why nobody's proof is looked at now: too many failed, or the accounts are not known yet.
std::optional<Response> refuse_for_now(Parts& parts, const Call& call);
// One more that failed: its address waits longer, and the log says when that begins.
void count_failure(Parts& parts, const Call& call);

// For whom a passkey is made or used, where the browser sees us; nothing if that is an address, to which browsers bind
// none.
std::optional<accounts::RelyingParty> relying_party(const Call& call);
Response no_passkeys_here();

// Hashes on another thread, then calls back on the loop; at most as many at once as verify.
void hash_elsewhere(Parts& parts, std::string password, const Reply& reply,
                    std::function<void(const std::string& hash)> done);

}  // namespace postern::face
