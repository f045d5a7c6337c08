// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/parts.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/network.h"

namespace postern::mission {

void Parts::note(const std::string& installation, std::string_view type, base::Json body) {
  base::log_info(std::string(type) + " " + installation + " " + base::printable(base::dump_json(body), 512));
  StoredEvent event;
  event.installation = installation;
  event.id = new_id();
  event.own = true;
  event.type = type;
  event.time = event.received = clock.wall();
  event.body = std::move(body);
  const auto kept = store.keep_event(event);
  if (!kept.ok()) base::log_error("the store: " + kept.error().message);
  if (kept.ok() && tell) tell(event);
}

base::Status Parts::record(const Doing& doing) {
  base::log_info(doing.type + " " + base::printable(doing.subject) + " by " + base::printable(doing.actor) +
                 " from " + base::printable(doing.from));
  Act act;
  act.id = new_id();
  act.time = clock.wall();
  act.type = doing.type;
  act.actor = doing.actor;
  act.subject = doing.subject;
  act.from = doing.from;
  act.detail = doing.detail;
  store.add_act(std::move(act));
  return base::Ok{};
}

std::string origin_of_client(std::string_view client) {
  std::string_view address = client.substr(0, client.rfind(':'));
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return base::origin_of(address);
}

answer::Response refusal(int status, std::string_view code, std::string_view title, std::string_view detail) {
  answer::Response out = answer::problem(status, code, title, detail);
  out.fields.emplace_back("cache-control", "no-store");
  return out;
}

}  // namespace postern::mission
