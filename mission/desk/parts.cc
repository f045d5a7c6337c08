// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/parts.h"

#include "base/bytes.h"
#include "base/log.h"

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
}

answer::Response refusal(int status, std::string_view code, std::string_view title, std::string_view detail) {
  answer::Response out = answer::problem(status, code, title, detail);
  out.fields.emplace_back("cache-control", "no-store");
  return out;
}

}  // namespace postern::mission
