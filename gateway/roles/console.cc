// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The console: the admins' page and API behind the admin listener, and the same for the command line over a
// Unix socket. Reads the log, changes nothing except by a command to the ledger, and has no way to the
// component.
#include "base/log.h"
#include "certs/library.h"
#include "console/parts.h"
#include "console/site.h"
#include "face/signing_in.h"
#include "gateway/answer/control_socket.h"
#include "gateway/answer/exchange_face.h"
#include "gateway/roles/ring_ends.h"
#include "gateway/roles/role.h"

namespace postern::roles {
namespace {

constexpr base::Nanos kDrainLook = 50 * base::kMillisecond;

console::Facts read_facts(Role& role) {
  auto facts = console::read_facts(role.config());
  if (!facts.ok()) role.fail("the console's configuration: " + facts.error().message);
  return std::move(*facts);
}

int serve_console() {
  Role role("console");
  certs::load_openssl();
  loop::Loop& loop = role.loop();

  console::LedgerClient ledger(loop);
  console::Facts facts = read_facts(role);
  console::LogReader log(facts.state_directory);
  console::Searches searches(loop, facts.state_directory);
  console::NodeStates nodes;
  console::Live live(loop, log, nodes);
  console::SignIns sign_ins;
  console::SignInGuard guard;
  console::Thinner readings(console::kReadingInterval, console::kThinnerKeys);
  console::Thinner refusals(console::kRefusalInterval, console::kThinnerKeys);
  console::Parts parts{
      {loop, parts.facts, ledger, sign_ins, guard, refusals},
      std::move(facts),
      ledger,
      log,
      searches,
      live,
      nodes,
      readings,
      [&role](const base::Json& question, auto done) { role.ask(question, std::move(done)); }};
  console::Site site(parts);
  answer::ExchangeFace listener(loop, site, parts.facts.names);
  answer::ControlSocket control(loop, role.take_fd("control"), site);

  ledger.on_change([&] { live.state_changed(ledger.version()); });
  ledger.on_accounts([&] {
    for (const std::string& admin : sign_ins.keep_only(ledger.accounts()))
      (void)face::note_sign_out(parts, "gateway", admin, "account_changed");
  });
  ledger.on_growth([&] { live.log_grew(ledger.indexed()); });
  role.on_channel("ledger", [&](std::uint32_t, Role::Fds fds) {
    if (fds.size() != 1) role.fail("a channel to the ledger is one socket");
    ledger.connect(std::move(fds[0]));
  });
  listener.on_breach([&](const std::string& why) { role.report_breach(why); });
  role.on_channel("exchange", [&](std::uint32_t, Role::Fds fds) {
    const base::Status connected = listener.connect(ring_ends(role, std::move(fds)));
    if (!connected.ok()) role.fail("the exchange channel: " + connected.error().message);
  });
  role.on_reload([&](const base::Json& config) {
    auto fresh = console::read_facts(config);
    if (!fresh.ok()) return base::log_error("the new configuration is not used: " + fresh.error().message);
    parts.facts = std::move(*fresh);
    const std::string issuer = parts.facts.provider ? parts.facts.provider->issuer : std::string();
    for (const std::string& admin : sign_ins.close_of_others_than(issuer))
      (void)face::note_sign_out(parts, "gateway", admin, "account_changed");
  });

  loop::Timer drained(loop, [&] {
    const bool quiet = listener.under_way() == 0 && control.under_way() == 0 && ledger.unacked() == 0;
    if (quiet) role.drained();
  });
  role.on_drain([&] {
    control.stop_accepting();
    live.close_all();
    drained.start(kDrainLook, kDrainLook);
  });
  live.start();
  return role.serve();
}

}  // namespace
}  // namespace postern::roles

int main() { return postern::roles::serve_console(); }
