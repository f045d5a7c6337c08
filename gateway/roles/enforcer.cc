// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The enforcer: the second door. Exchanges come from its terminator, permissions from the ledger, connections
// from the supervisor; what is signed for certificates that the component is shown, from the keeper.
#include "gateway/enforcer/enforcer.h"

#include "base/log.h"
#include "certs/keeper_channel.h"
#include "certs/library.h"
#include "gateway/roles/ring_ends.h"
#include "gateway/roles/role.h"
#include "gateway/tls/remote_signer.h"

namespace postern::roles {
namespace {

int serve_exchanges() {
  Role role("enforcer");
  certs::load_openssl();
  const base::SystemClock clock;
  certs::KeeperChannel keeper((base::UniqueFd()));
  tls::ChannelSigner signer(keeper, tls::ChannelSigner::Use::Client);
  enforcer::Enforcer enforcer(
      role.loop(), clock, [&](std::uint32_t node, auto done) { role.connect(node, std::move(done)); }, signer,
      [&](const base::Json& question, auto done) { role.ask(question, std::move(done)); });

  const auto configure = [&](const base::Json& config) -> base::Status {
    if (base::json_text_or(config, "only", "") == "answers")
      return enforcer.set_answers(enforcer::Settings::read_answers(config),
                                  base::json_bool_or(config, "revoked", false));
    auto settings = enforcer::Settings::read(config, role.index(),
                                             [&](std::string_view name) { return role.take_fd(name); });
    if (!settings.ok()) return std::move(settings).error();
    return enforcer.configure(std::move(*settings));
  };
  if (base::Status configured = configure(role.config()); !configured.ok())
    role.fail(configured.error().message);
  role.on_channel("keeper", [&](std::uint32_t, Role::Fds fds) {
    if (fds.size() != 1) role.fail("a channel to the keeper is one socket");
    keeper.replace(std::move(fds[0]));
  });
  role.on_channel("ledger", [&](std::uint32_t, Role::Fds fds) {
    if (fds.size() != 1) role.fail("a channel to the ledger is one socket");
    enforcer.set_ledger(std::move(fds[0]));
  });
  enforcer.on_breach([&](const std::string& why) { role.report_breach(why); });
  role.on_channel("exchange", [&](std::uint32_t, Role::Fds fds) {
    if (base::Status set = enforcer.set_terminator(ring_ends(role, std::move(fds))); !set.ok())
      role.fail(set.error().message);
  });
  role.on_reload([&](const base::Json& config) {
    if (base::Status configured = configure(config); !configured.ok())
      base::log_error("the old settings stay: " + configured.error().message);
  });
  role.on_drain([&] { enforcer.drain([&] { role.drained(); }); });
  return role.serve();
}

}  // namespace
}  // namespace postern::roles

int main() { return postern::roles::serve_exchanges(); }
