// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An update of the component that is run node by node: docs/ROLLING_UPDATES.md.
#include "console/api.h"
#include "console/commands.h"
#include "gateway/state/rolling.h"

namespace postern::console::api {

void show_rolling(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  const auto& rolling = parts.ledger.state().rolling();
  reply(json_response(rolling ? state::view(*rolling)
                              : base::Json{{"state", "none"}, {"nodes", base::Json::array()}}));
}

void run_rolling(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"service", "version", "sha256", "dry_run"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  base::Json order{{"service", base::json_text_or(*body, "service", "")},
                   {"version", base::json_text_or(*body, "version", "")},
                   {"sha256", base::json_text_or(*body, "sha256", "")},
                   {"dry", base::json_bool_or(*body, "dry_run", false)}};
  send_command(parts, call, "rolling.run", std::move(order), reply, as_it_is);
}

void stop_rolling(Parts& parts, const CallPtr& call, const Reply& reply) {
  send_command(parts, call, "rolling.stop", base::Json::object(), reply, as_it_is);
}

void roll_back_rolling(Parts& parts, const CallPtr& call, const Reply& reply) {
  send_command(parts, call, "rolling.roll_back", base::Json::object(), reply, as_it_is);
}

}  // namespace postern::console::api
