// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an order about accounts leads to. Pure. A face sends these; it has verified who asks and what they may. No order holds a
// password, a code or a token: hashes do. A gateway's ledger makes of each what its log takes (gateway/ledger/decide_account.h),
// Mission Control's desk what its store does (mission/desk/registrar.h).
//
//   order                arguments (* may be missing)                 event
//   add                  name, role, password                         added
//   remove               name                                         removed
//   set_role             name, role                                   role_changed
//   lock, unlock         name                                         locked, unlocked
//   set_password         name, password, reset*                       password_changed
//   add_passkey          name, id, label, rp, key, counter            passkey_added
//   remove_passkey       name, id                                     passkey_removed
//   use_passkey          name, id, counter                            -
//   set_totp             name, secret, step, recovery                 totp_enabled
//   remove_totp          name                                         totp_disabled
//   use_totp             name, step                                   -
//   set_recovery         name, recovery                               recovery_codes_made
//   use_recovery         name, code_sha256                            recovery_code_used
//   reset_second_factor  name                                         second_factor_reset
//   invite               name, role, token_sha256                     invited
//   revoke_invitation    id                                           invitation_revoked
//   accept               token_sha256, password                       added
//
// id, key and secret are base64url, hashes hexadecimal, password is an Argon2id hash. Each makes one event at most. The
// last of the highest rank who is not a provider's can be neither removed nor lowered nor locked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "accounts/account.h"
#include "base/json.h"
#include "base/ulid.h"

namespace postern::accounts {

inline constexpr base::Micros kInvitationLife = 24 * 3600 * base::kWallSecond;

bool is_order(std::string_view name);

struct Given {
  std::string_view order;  // is_order() says yes to it
  const base::Json& arguments;
  std::string actor, from;  // who asks, and where from: "admin:root", "192.0.2.7:5"
};
struct Terms {
  base::Micros now = 0;
  base::UlidMaker& ids;
  const Ranks& ranks = kAdminRanks;
  std::string_view who = "admin";  // what the account's name is called in an event's detail
};

struct OrderRefused {
  int status = 400;  // of the HTTP answer
  std::string code, message;
};
struct Ordered {
  std::optional<OrderRefused> refused;
  std::optional<Accounts> next = {};     // nothing: they stay as they are
  std::string event = {}, subject = {};  // empty: there is no event
  base::Json detail = base::Json::object();
  base::Json reply = base::Json::object();
};
Ordered decide(const Terms& terms, const Accounts& accounts, const Given& given);

}  // namespace postern::accounts
