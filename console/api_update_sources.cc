// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where the vendor's updates come from: docs/UPDATES.md, "At the customer". The ledger answers, and looking makes no event.
#include "console/api.h"
#include "console/commands.h"

namespace postern::console::api {

void show_update_sources(Parts& parts, const CallPtr& call, const Reply& reply) {
  send_command(parts, call, "sources.show", base::Json::object(), reply, as_it_is);
}

void look_for_updates(Parts& parts, const CallPtr& call, const Reply& reply) {
  send_command(parts, call, "sources.look", base::Json::object(), reply, as_it_is);
}

}  // namespace postern::console::api
