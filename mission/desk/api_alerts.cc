// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Alerts: those that are open, those of before, and taking one on.
#include "mission/desk/admin.h"
#include "mission/desk/alarms.h"

namespace postern::mission::api {

using answer::CallPtr;
using answer::Reply;
using base::Json;

// state: open (unless said otherwise) or all; installation: of one.
void list_alerts(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  std::int64_t below = 0;
  std::size_t most = 100;
  const std::string state = call->parameter("state"), installation = call->parameter("installation");
  if (!read_page(*call, kAlertsPage, below, most))
    return reply(unreadable("before is an alert's number, limit between 1 and 1000"));
  if (!state.empty() && state != "open" && state != "all") return reply(unreadable("state is open or all"));
  const auto found = parts.desk.store.alerts({state == "all", installation, below, most});
  if (!found.ok()) return reply(store_problem(found.error()));
  Json items = Json::array();
  for (const Alert& one : *found) items.push_back(json_of_alert(one));
  Json out{{"items", items}};
  if (found->size() == most) out["next"] = found->back().number;
  reply(answer::json_response(out));
}

void acknowledge_alert(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  const std::string& id = call->captures.front();
  const std::string by = face::actor_of(parts, call->identity);
  const auto done = parts.desk.store.acknowledge_alert(id, by, parts.desk.clock.wall());
  if (!done.ok()) return reply(store_problem(done.error()));
  if (!*done) return reply(not_there("there is no such alert that is open and that nobody has acknowledged"));
  const base::Status recorded = parts.desk.record({"alert.acknowledged", by, call->client, id});
  if (!recorded.ok()) return reply(store_problem(recorded.error()));
  parts.watch.changed();
  reply(answer::no_content());
}

}  // namespace postern::mission::api
