// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A test of a target of notifications: the event that says so is what the target is told.
#include <algorithm>

#include "gateway/ledger/deciding.h"

namespace postern::ledger {

Decision decide_notification_test(const Context& context, const Order& order) {
  const std::string name = order.text("name");
  if (std::find(context.targets.begin(), context.targets.end(), name) == context.targets.end())
    return not_found("the configuration has no target of notifications of this name");
  if (!context.log_writable) return log_closed();
  Decision decision;
  Draft draft{audit::EventType::NotificationTested, order.actor, {}, name, {}, {}, false};
  draft.detail = Detail().text("target", name).text("client", order.from).done();
  decision.events.push_back(std::move(draft));
  decision.reply = {{"name", name}};
  return decision;
}

}  // namespace postern::ledger
