// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The intake: takes events of the component's nodes, behind a listener of its own, and hands them to the ledger. No policy, no
// log, no key, no file, no way out; of the state it knows hashes of tokens.
#include "base/log.h"
#include "certs/library.h"
#include "gateway/answer/exchange_face.h"
#include "gateway/http/authority.h"
#include "gateway/intake/doorkeeper.h"
#include "gateway/intake/ledger_client.h"
#include "gateway/intake/site.h"
#include "gateway/roles/ring_ends.h"
#include "gateway/roles/role.h"

namespace postern::roles {
namespace {

constexpr base::Nanos kIntakeDrainLook = 50 * base::kMillisecond;

std::vector<http::Authority> intake_names(const base::Json& config) {
  std::vector<http::Authority> out;
  for (const std::string& name : base::json_texts(config, "names")) {
    if (const auto authority = http::parse_authority(name)) out.push_back(*authority);
  }
  return out;
}

int serve_intake() {
  Role role("intake");
  certs::load_openssl();
  loop::Loop& loop = role.loop();
  intake::Doorkeeper doorkeeper;
  intake::LedgerClient ledger(loop);
  intake::Site site(loop, doorkeeper, ledger);
  std::vector<http::Authority> names = intake_names(role.config());
  answer::ExchangeFace listener(loop, site, names);

  const auto configure = [&](const base::Json& config) {
    doorkeeper.allow(base::json_number_or(config, "events_per_minute", 600));
    names = intake_names(config);
  };
  configure(role.config());
  ledger.on_tokens([&](const base::Json& tokens) { return doorkeeper.take_tokens(tokens); });
  role.on_channel("ledger", [&](std::uint32_t, Role::Fds fds) {
    if (fds.size() != 1) role.fail("a channel to the ledger is one socket");
    ledger.connect(std::move(fds[0]));
  });
  listener.on_breach([&](const std::string& why) { role.report_breach(why); });
  role.on_channel("exchange", [&](std::uint32_t, Role::Fds fds) {
    const base::Status connected = listener.connect(ring_ends(role, std::move(fds)));
    if (!connected.ok()) role.fail("the exchange channel: " + connected.error().message);
  });
  role.on_reload(configure);

  loop::Timer drained(loop, [&] {
    if (listener.under_way() == 0 && ledger.under_way() == 0) role.drained();
  });
  role.on_drain([&] {
    site.drain();
    drained.start(kIntakeDrainLook, kIntakeDrainLook);
  });
  return role.serve();
}

}  // namespace
}  // namespace postern::roles

int main() { return postern::roles::serve_intake(); }
