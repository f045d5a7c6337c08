// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The link: the connection out. Errands come from the ledger, connections from the supervisor.
#include "gateway/link/link.h"

#include "base/log.h"
#include "certs/library.h"
#include "gateway/roles/role.h"

namespace postern::roles {
namespace {

int serve_errands() {
  Role role("link");
  certs::load_openssl();
  const base::SystemClock clock;
  link::Link link(role.loop(), [&](std::uint32_t place, auto done) { role.connect(place, std::move(done)); });

  const auto configure = [&](const base::Json& config) -> base::Status {
    auto settings =
        link::Settings::read(config, clock, [&](std::string_view name) { return role.take_fd(name); });
    if (!settings.ok()) return std::move(settings).error();
    link.configure(std::move(*settings));
    return base::Ok{};
  };
  if (base::Status configured = configure(role.config()); !configured.ok())
    role.fail(configured.error().message);
  role.on_channel("ledger", [&](std::uint32_t, Role::Fds fds) {
    if (fds.size() != 1) role.fail("a channel to the ledger is one socket");
    link.set_ledger(std::move(fds[0]));
  });
  role.on_reload([&](const base::Json& config) {
    if (base::Status configured = configure(config); !configured.ok())
      base::log_error("the old settings stay: " + configured.error().message);
  });
  return role.serve();
}

}  // namespace
}  // namespace postern::roles

int main() { return postern::roles::serve_errands(); }
