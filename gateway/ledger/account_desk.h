// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an answer of the admins' provider is decided on (decide_admin_openid.cc); all else about accounts is in accounts/orders.h.
#pragma once

#include <string>
#include <utility>

#include "gateway/ledger/decide_account.h"
#include "gateway/ledger/deciding.h"

namespace postern::ledger {
namespace account_desk {

inline AccountDecision no(Decision decision) { return {std::move(decision), std::nullopt}; }

// A copy that becomes the new accounts.
struct Desk {
  const Context& context;
  accounts::Accounts next;
  const Order& order;

  accounts::Account* account() { return next.find(order.text("name")); }
  AccountDecision done(audit::EventType type, const std::string& subject, std::string detail,
                       base::Json reply = base::Json::object()) {
    AccountDecision out;
    out.decision.events.push_back(Draft{type, order.actor, {}, subject, {}, std::move(detail), false});
    out.decision.reply = std::move(reply);
    out.next = std::move(next);
    return out;
  }
  AccountDecision quietly() { return {{}, std::move(next)}; }
};

}  // namespace account_desk

// Who has come in by the admins' provider; its answer is in the order (provider_asks.h).
AccountDecision decide_admin_openid_open(account_desk::Desk& desk);

}  // namespace postern::ledger
