// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What those who decide about accounts work on (decide_account.cc, decide_admin_openid.cc), and nobody else.
#pragma once

#include <string>
#include <utility>

#include "gateway/ledger/decide_account.h"
#include "gateway/ledger/deciding.h"

namespace postern::ledger {
namespace account_desk {

inline AccountDecision no(Decision decision) { return {std::move(decision), std::nullopt}; }
inline AccountDecision no_account() { return no(not_found("there is no account of that name")); }

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
  std::string about(const std::string& name) const {
    return Detail().text("admin", name).text("client", order.from).done();
  }
};

}  // namespace account_desk

// Who has come in by the admins' provider; its answer is in the order (provider_asks.h).
AccountDecision decide_admin_openid_open(account_desk::Desk& desk);

}  // namespace postern::ledger
