// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the functions of a face work with: a gateway's console and Mission Control's page both have a Parts of their own that
// begins with this one. The role builds and owns all of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/account.h"
#include "face/call.h"
#include "face/challenges.h"
#include "face/code_guard.h"
#include "face/registrar.h"
#include "face/repeats.h"
#include "face/sign_in_guard.h"
#include "face/sign_ins.h"
#include "face/thinner.h"
#include "gateway/http/authority.h"
#include "gateway/loop/loop.h"

namespace postern::face {

// The identity provider of those who sign in here (docs/OPENID.md).
struct ProviderFacts {
  std::string issuer;
  std::vector<std::string> local_accounts;  // that sign in without it; empty: all that are not its own
  bool demanding = false;                   // asks for more than any sign-in at the provider (acr, amr)
};

// Whose face it is. Browsers send a cookie to every port of a host: two faces on one machine need names of their own.
struct Manner {
  std::string_view cookie = "__Host-postern-admin";
  std::string_view browser_cookie = "__Host-postern-browser";  // which browser asked for a challenge
  std::string_view who = "admin";                              // in events: "admin:root"
  std::string_view product = "Postern";                        // for authenticator apps
  std::string_view place = "gateway";                          // for sentences
  std::string_view first_password = "postern init printed the first admin's password once.";
  std::string_view command = "postern admin";  // changes accounts where nobody can sign in
  accounts::Ranks ranks = accounts::kAdminRanks;
};

struct SigningFacts {
  std::vector<http::Authority> names;   // what browsers may call the listener
  bool second_factor_required = false;  // of everybody who signs in
  std::optional<ProviderFacts> provider = {};
  Manner manner = {};
};

// Whether the account may sign in by what it has here: which the configuration can keep to a few while there is a provider.
// Should none of those be there, every local admin still may: nobody is shut out by a name that was mistyped.
bool may_sign_in_here(const SigningFacts& facts, const accounts::Accounts& accounts, std::string_view name);

struct Parts {
  loop::Loop& loop;
  const SigningFacts& signing;
  Registrar& registrar;
  SignIns& sign_ins;
  SignInGuard& guard;
  Thinner& refusals;  // what was refused or slowed, by address
  Challenges challenges = {};
  CodeGuard code_guard = {};
  Repeats repeats = {};
  int verifying = 0;  // passwords being verified right now
  // Work on other threads cannot be called back: what comes of it asks first whether there still is a face.
  std::shared_ptr<const bool> life = std::make_shared<const bool>(true);
};

// As events name them: "admin:root".
std::string actor_of(const Parts& parts, std::string_view name);
std::string actor_of(const Parts& parts, const Identity& identity);

// The body as an object that has no other keys than these; an empty body is {}. Invalid names the key that does not belong.
base::Result<base::Json> read_body(const Call& call, std::initializer_list<std::string_view> keys);

// Sends arguments as that order about accounts, then answers with what then makes of the reply, or with its refusal.
using Then = std::function<Response(const base::Json& reply)>;
void send_order(Parts& parts, const CallPtr& call, std::string_view name, base::Json arguments,
                const Reply& reply, Then then);
// The same in the name of somebody who is not signed in, but has shown who they are.
void send_order_as(Parts& parts, const CallPtr& call, const std::string& actor, std::string_view name,
                   base::Json arguments, const Reply& reply, Then then);
Response as_it_is(const base::Json& reply);               // a Then that adds nothing
Response refused_order(const Registrar::Answer& answer);  // not ok

}  // namespace postern::face
