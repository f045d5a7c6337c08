// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a command about the console's accounts leads to. Pure, like decide_command.h, but for one thing: the accounts are
// no fold of the events, because no secret may stand in the log, so what they become is part of the answer. The console
// alone sends these; it has verified who asks, and what they may (console/router.h). No command holds a password, a code or
// a token: hashes do.
//
//   command                    arguments (* may be missing)                            event
//   admin.add                  name, role, password                                    admin.added
//   admin.remove               name                                                    admin.removed
//   admin.set_role             name, role                                              admin.role_changed
//   admin.lock, admin.unlock   name                                                    admin.locked, admin.unlocked
//   admin.set_password         name, password, reset*                                  admin.password_changed
//   admin.add_passkey          name, id, label, rp, key, counter                       admin.passkey_added
//   admin.remove_passkey       name, id                                                admin.passkey_removed
//   admin.use_passkey          name, id, counter                                       -
//   admin.set_totp             name, secret, step, recovery                            admin.totp_enabled
//   admin.remove_totp          name                                                    admin.totp_disabled
//   admin.use_totp             name, step                                              -
//   admin.set_recovery         name, recovery                                          admin.recovery_codes_made
//   admin.use_recovery         name, code_sha256                                       admin.recovery_code_used
//   admin.reset_second_factor  name                                                    admin.second_factor_reset
//   admin.invite               name, role, token_sha256                                admin.invited
//   admin.revoke_invitation    id                                                      admin.invitation_revoked
//   admin.accept               token_sha256, password                                  admin.added
//   admin_openid.open          decide_command.h; the provider's answer                 admin.added, admin.role_changed, or none
//
// id, key and secret are base64url, hashes hexadecimal, password is an Argon2id hash. Each makes one event at most. The
// last admin who is not a provider's can be neither removed nor made an auditor nor locked. Nothing is changed while the log cannot be
// written.
#pragma once

#include <optional>
#include <string_view>

#include "accounts/account.h"
#include "gateway/ledger/decide_command.h"

namespace postern::ledger {

inline constexpr base::Micros kInvitationLife = 24 * 3600 * base::kWallSecond;

bool is_account_command(std::string_view command);

struct AccountDecision {
  Decision decision;
  std::optional<accounts::Accounts> next;  // nothing: they stay as they are
};
// order is an object whose "command" is_account_command() says yes to.
AccountDecision decide_account(const Context& context, const accounts::Accounts& accounts,
                               const base::Json& order);

}  // namespace postern::ledger
