// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a command about the console's accounts leads to. Pure, like decide_command.h, but for one thing: the accounts are
// no fold of the events, because no secret may stand in the log, so what they become is part of the answer. The console
// alone sends these; it has verified who asks, and what they may (console/router.h). No command holds a password, a code or
// a token: hashes do.
//
//   admin.*              accounts/orders.h has each, and what it leads to
//   admin_openid.open    decide_command.h; the provider's answer      admin.added, admin.role_changed, or none
//
// Nothing is changed while the log cannot be written.
#pragma once

#include <optional>
#include <string_view>

#include "accounts/account.h"
#include "gateway/ledger/decide_command.h"

namespace postern::ledger {

bool is_account_command(std::string_view command);

struct AccountDecision {
  Decision decision;
  std::optional<accounts::Accounts> next;  // nothing: they stay as they are
};
// order is an object whose "command" is_account_command() says yes to.
AccountDecision decide_account(const Context& context, const accounts::Accounts& accounts,
                               const base::Json& order);

}  // namespace postern::ledger
