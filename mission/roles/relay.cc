// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The relay: engineers' connections, passed on by the name that they ask for. Has no key, no file, and no way out.
#include "mission/relay/relay.h"

#include "base/log.h"
#include "gateway/roles/ring_ends.h"
#include "gateway/roles/role.h"

namespace postern::roles {
namespace {

mission::RelayLimits limits_of(const base::Json& config) {
  mission::RelayLimits out;
  const base::Json json = config.value("limits", base::Json::object());
  out.connections = static_cast<std::size_t>(
      base::json_number_or(json, "connections", static_cast<std::int64_t>(out.connections)));
  out.connections_per_address = static_cast<std::size_t>(base::json_number_or(
      json, "connections_per_address", static_cast<std::int64_t>(out.connections_per_address)));
  return out;
}

int serve_engineers() {
  Role role("relay");
  mission::Relay relay(role.loop(), role.take_fd("listener"), limits_of(role.config()));
  relay.on_breach([&](const std::string& why) { role.fail("the exchange protocol was broken: " + why); });
  role.on_channel("exchange", [&](std::uint32_t, Role::Fds fds) {
    if (base::Status set = relay.set_channel(ring_ends(role, std::move(fds))); !set.ok())
      role.fail(set.error().message);
  });
  role.on_reload([&](const base::Json& config) { relay.set_limits(limits_of(config)); });
  role.on_drain([&] { relay.drain([&] { role.drained(); }); });
  return role.serve();
}

}  // namespace
}  // namespace postern::roles

int main() { return postern::roles::serve_engineers(); }
