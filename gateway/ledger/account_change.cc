// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The commands about accounts: one at a time, each in the steps of account_file.h. The console is told once the new file
// stands, and only then is the asker answered. Should the log fail between two steps, the change is made when it can be
// written again, and the asker is told so.
#include <algorithm>

#include "base/log.h"
#include "gateway/ledger/ledger.h"

namespace postern::ledger {

using base::Json;
using ipc::FromLedger;

void Ledger::take_account_order(const Asker& asker, const Json& order) {
  const std::string actor = base::json_text_or(order, "actor", "");
  const auto of_actor = std::count_if(
      account_orders_.begin(), account_orders_.end(),
      [&](const AccountOrder& one) { return base::json_text_or(one.order, "actor", "") == actor; });
  if (account_orders_.size() >= kAccountOrders || of_actor >= kAccountOrdersOfOne)
    return refuse(asker, {429, "limit_reached", "too many changes of accounts at once"});
  account_orders_.push_back({asker, order});
  next_account_order();
}

void Ledger::next_account_order() {
  while (!account_change_ && !account_orders_.empty()) {
    const AccountOrder taken = std::move(account_orders_.front());
    account_orders_.pop_front();
    AccountDecision decided = decide_account(context(), accounts_, taken.order);
    if (decided.decision.refused) {
      refuse(taken.asker, *decided.decision.refused);
    } else if (!decided.next) {
      reply_to(taken.asker, decided.decision.reply, {});
    } else {
      begin_account_change(taken.asker, std::move(decided));
    }
  }
}

void Ledger::begin_account_change(const Asker& asker, AccountDecision decided) {
  auto change = std::make_shared<AccountChange>();
  change->asker = asker;
  change->reply = std::move(decided.decision.reply);
  change->next = *std::move(decided.next);
  for (const Draft& draft : decided.decision.events) change->events.push_back(line_of(draft));
  account_change_ = change;
  loop_.run_elsewhere(
      [file = account_file_, change] {
        const std::string event = change->events.empty() ? std::string() : change->events.front().id;
        change->status = file->prepare(change->next, event);
      },
      [this, alive = alive_] {
        if (*alive) record_account_change();
      });
}

// Refuses, and goes on with the next order.
void Ledger::drop_account_change(const std::string& why) {
  const auto dropped = std::exchange(account_change_, nullptr);
  base::log_error("a change of accounts was not made: " + why);
  refuse(dropped->asker, {503, "log_unavailable", "the change was not made: " + why});
  next_account_order();
}

void Ledger::record_account_change() {
  AccountChange& change = *account_change_;
  if (!change.status.ok()) return drop_account_change(change.status.error().message);
  if (!recorder_.writable()) return drop_account_change("the log cannot be written");
  for (const LogLine& line : change.events) {
    if (!append_own(line)) return drop_account_change("too many events wait for the disk");
  }
  change.durable_at = change.events.empty() ? 0 : recorder_.size();
  change.step = AccountChange::Step::Recorded;
  go_on_with_account_change();
}

void Ledger::go_on_with_account_change() {
  if (!account_change_ || account_change_->step != AccountChange::Step::Recorded) return;
  AccountChange& change = *account_change_;
  if (recorder_.durable() < change.durable_at) {
    if (recorder_.writable() || change.answered) return;
    change.answered = true;
    return refuse(change.asker,
                  {503, "log_unavailable", "the log cannot be written; the change takes effect when it can"});
  }
  change.step = AccountChange::Step::Adopting;
  loop_.run_elsewhere([file = account_file_, change = account_change_] { change->status = file->adopt(); },
                      [this, alive = alive_] {
                        if (*alive) finish_account_change();
                      });
}

void Ledger::finish_account_change() {
  if (!account_change_->status.ok()) {  // its event is in the log: the next tick tries again
    base::log_error("the accounts cannot be put in place: " + account_change_->status.error().message);
    account_change_->step = AccountChange::Step::Recorded;
    return;
  }
  const auto change = std::exchange(account_change_, nullptr);
  accounts_ = std::move(change->next);
  tell_accounts();
  if (!change->answered)
    reply_to(change->asker, change->reply,
             change->events.empty() ? std::string() : change->events.front().id);
  next_account_order();
}

void Ledger::reply_to(const Asker& asker, const Json& reply, const std::string& event) {
  const auto peer = peers_.find(asker.peer);
  if (peer == peers_.end()) return;
  peer->second->send(FromLedger::Reply, ipc::Reply{asker.command, true, base::dump_json(reply), event});
}

void Ledger::send_accounts(Peer& peer) {
  if (peer.sender() != Sender::Console) return;
  peer.send_pieces(FromLedger::Accounts, accounts::format_accounts(accounts_, {}),
                   [](std::string_view piece, bool last) {
                     return ipc::AccountsPiece{last, piece};
                   });
}

void Ledger::tell_accounts() {
  for (auto& [number, peer] : peers_) send_accounts(*peer);
}

}  // namespace postern::ledger
