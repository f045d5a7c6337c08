// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/decide_account.h"

#include "accounts/orders.h"
#include "audit/detail.h"
#include "gateway/ledger/account_desk.h"

namespace postern::ledger {
namespace {

using account_desk::Desk;
using account_desk::no;
using accounts::Accounts;
using base::Json;

constexpr std::string_view kPrefix = "admin.";
constexpr std::string_view kByProvider = "admin_openid.open";

// "admin.add" -> "add"; empty: it is none of these.
std::string_view order_in(std::string_view command) {
  return command.starts_with(kPrefix) ? command.substr(kPrefix.size()) : std::string_view();
}

// As the log has it: the event of an order is one of the catalogue's.
AccountDecision as_decision(const Order& order, accounts::Ordered ordered) {
  if (ordered.refused)
    return no(refuse(ordered.refused->status, std::move(ordered.refused->code),
                     std::move(ordered.refused->message)));
  AccountDecision out{{}, std::move(ordered.next)};
  out.decision.reply = std::move(ordered.reply);
  if (ordered.event.empty()) return out;
  const auto type = audit::event_type_from_name(std::string(kPrefix) + ordered.event);
  POSTERN_CHECK(type.has_value());
  out.decision.events.push_back(
      Draft{*type, order.actor, {}, ordered.subject, {}, audit::as_detail(ordered.detail), false});
  return out;
}

}  // namespace

bool is_account_command(std::string_view command) {
  return command == kByProvider || accounts::is_order(order_in(command));
}

AccountDecision decide_account(const Context& context, const Accounts& accounts, const Json& order) {
  const std::string command = base::json_text_or(order, "command", "");
  POSTERN_CHECK(is_account_command(command));
  if (auto refused = refuse_asker(Sender::Console, order))
    return no(refuse(refused->status, std::move(refused->code), std::move(refused->message)));
  if (!context.log_writable) {
    return no(
        refuse(base::Refusal::LogUnavailable, "the log cannot be written, so no account can be changed"));
  }
  const Order taken{order, Sender::Console, base::json_text_or(order, "actor", ""),
                    base::json_text_or(order, "from", "")};
  if (command == kByProvider) {
    Desk desk{context, accounts, taken};
    return decide_admin_openid_open(desk);
  }
  return as_decision(taken, accounts::decide({context.now, context.ids}, accounts,
                                             {order_in(command), order, taken.actor, taken.from}));
}

}  // namespace postern::ledger
