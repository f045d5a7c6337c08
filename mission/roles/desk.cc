// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The desk: answers the installations behind the line's listener, and the vendor's people behind the admin listener and on the
// control socket, joins engineers that the relay brings with installations, and keeps what Mission Control knows. Has no key, and
// no way out. Whoever brings an exchange says by its number which listener it serves; nothing that is answered behind one of them
// is answered behind another.
#include "mission/desk/desk.h"

#include <sys/utsname.h>

#include <map>
#include <memory>

#include "base/file.h"
#include "base/log.h"
#include "base/ulid.h"
#include "certs/keeper_channel.h"
#include "certs/library.h"
#include "face/signing_in.h"
#include "gateway/answer/control_socket.h"
#include "gateway/answer/exchange_face.h"
#include "gateway/roles/ring_ends.h"
#include "gateway/roles/role.h"
#include "mission/desk/act_signer.h"
#include "mission/desk/admin_site.h"
#include "mission/desk/alarms.h"
#include "mission/desk/peers.h"
#include "mission/desk/registrar.h"
#include "mission/desk/relay_desk.h"
#include "mission/roles/desk_store.h"

namespace postern::roles {
namespace {

constexpr base::Nanos kLook = base::kSecond;
constexpr base::Nanos kForgetEvery = 60 * base::kSecond;
constexpr base::Nanos kForgetMore = 10 * base::kMillisecond;
constexpr base::Micros kKeepCodes = 30LL * 86400 * base::kWallSecond;  // that nobody can use any more
constexpr base::Nanos kQuietLook = 50 * base::kMillisecond;
// Exchanges under way: each installation has one for its orders. Strangers can only enrol.
constexpr answer::ExchangeFace::Most kMost{50'000, 1'000};
constexpr answer::ExchangeFace::Most kMostRelayed{10'000, 10'000};

// Whose exchanges are not the line's, as the supervisor numbers them: the terminator of the admin listener
// (gateway/supervisor/crew.h), and the relay (mission/control/supervisor.cc).
constexpr std::uint32_t kAdminIndex = 1000;
constexpr std::uint32_t kRelay = 1001;

std::vector<http::Authority> read_names(Role& role, const char* key) {
  std::vector<http::Authority> out;
  for (const base::Json& name : role.config().value(key, base::Json::array())) {
    const auto authority = http::parse_authority(name.get<std::string>());
    if (!authority) role.fail("the desk's configuration: a name is none");
    out.push_back(*authority);
  }
  return out;
}

// Who this one is among servers that share a store: the same after a restart, as its state directory.
mission::Server this_server(Role& role, base::Micros now) {
  const std::string file = base::json_text_or(role.config(), "state_directory", "") + "/server-id";
  mission::Server out;
  out.id = base::UlidMaker().make(now);
  out.run = out.id;
  out.version = POSTERN_VERSION;
  out.started = now;
  utsname machine{};
  if (::uname(&machine) == 0) out.name = machine.nodename;
  const auto known = base::read_file(file, 64);
  const std::string kept = known.ok() ? known->substr(0, known->find('\n')) : "";
  if (known.ok() && !base::is_ulid(kept))
    role.fail(file + " does not hold what was written there: remove it");
  if (known.ok()) out.id = kept;
  if (known.ok()) return out;
  if (base::Status written = base::write_file(file, out.id + "\n", 0600); !written.ok())
    role.fail(written.error().message);
  return out;
}

int serve_installations() {
  Role role("desk");
  certs::load_openssl();
  loop::Loop& loop = role.loop();
  const base::SystemClock clock;
  const std::vector<http::Authority> names = read_names(role, "names");
  auto verifier =
      certs::ClientVerifier::make({.roots_pem = base::json_text_or(role.config(), "authority", "")});
  if (!verifier.ok()) role.fail("the installations' authority: " + verifier.error().message);
  DeskStore store(role);

  certs::KeeperChannel keeper((base::UniqueFd()));
  mission::Commits commits(loop, store.store());
  mission::Parts parts{
      clock,
      {base::json_text_or(role.config(), "domain", ""),
       base::json_number_or(role.config(), "retention_us", 0), POSTERN_VERSION,
       mission::read_minimum(role.config())},
      *std::move(verifier),
      store.store(),
      commits,
      // With its issuer, by whom the installation knows a renewal.
      [&](const std::string& id, const std::string& key) {
        auto made = keeper.issue_installation(id, key);
        if (made.ok()) *made += base::json_text_or(role.config(), "authority", "");
        return made;
      },
      [&](const std::string& note, const std::string& log) { return keeper.cosign_for(note, log); },
      [&] { return keeper.witness_key(); },
      [&](const base::Json& question, auto done) { role.ask(question, std::move(done)); }};
  const mission::Server self = this_server(role, clock.wall());
  parts.server = self.id;
  mission::Lives lives(parts);
  mission::Peers peers(parts, lives, self, store.postgres() == nullptr);
  mission::Tunnels tunnels(parts, base::json_text_or(role.config(), "relay_domain", ""), parts.facts.domain);
  lives.on_end([&](const std::string& installation) { tunnels.end(installation); });
  mission::Desk desk(parts, lives, tunnels);
  mission::RelayDesk relay_desk(tunnels);
  const std::vector<http::Authority> relay_names{{std::string(mission::RelayDesk::kHost), 0}};

  const face::SigningFacts signing{read_names(role, "admin_names"),
                                   base::json_bool_or(role.config(), "second_factor_required", true),
                                   std::nullopt, mission::people_manner()};
  mission::Registrar registrar(parts);
  // PostgreSQL may be away for now: then nobody signs in until look() has found it.
  if (base::Status opened = registrar.open(base::json_text_or(role.config(), "people", ""));
      !opened.ok() && store.postgres() == nullptr)
    role.fail(opened.error().message);
  mission::Watch watch(loop, commits);
  parts.tell = [&](const mission::StoredEvent& event) { watch.came(event); };
  mission::ActSigner log(parts,
                         {[&] { return keeper.log_verifier_key(); },
                          [&](const std::string& text) { return keeper.sign_checkpoint(text); }},
                         base::json_text_or(role.config(), "state_directory", "") + "/log-checkpoint");
  face::SignIns sign_ins;
  face::SignInGuard guard;
  face::Thinner refusals(face::kRefusalInterval, face::kThinnerKeys);
  mission::AdminParts admin{{loop, signing, registrar, sign_ins, guard, refusals},
                            parts,
                            lives,
                            tunnels,
                            watch,
                            clock.wall(),
                            &log};
  mission::AdminSite site(admin);
  registrar.on_change([&] {
    for (const std::string& person : sign_ins.keep_only(registrar.accounts()))
      (void)face::note_sign_out(admin, "mission-control", person, "account_changed");
    watch.changed();
  });
  std::map<std::uint32_t, std::unique_ptr<answer::ExchangeFace>> faces;  // by the index of the terminator
  answer::ControlSocket control(loop, role.take_fd("control"), site);

  role.on_channel("keeper", [&](std::uint32_t, Role::Fds fds) {
    if (fds.size() != 1) role.fail("a channel to the keeper is one socket");
    keeper.replace(std::move(fds[0]));
  });
  role.on_channel("exchange", [&](std::uint32_t index, Role::Fds fds) {
    auto& face = faces[index];
    if (face == nullptr) {
      if (index == kRelay)
        face = std::make_unique<answer::ExchangeFace>(loop, relay_desk, relay_names, kMostRelayed);
      else if (index == kAdminIndex)
        face = std::make_unique<answer::ExchangeFace>(loop, site, signing.names);
      else
        face = std::make_unique<answer::ExchangeFace>(loop, desk, names, kMost);
      face->on_breach([&role, index](const std::string& why) { role.report_breach(why, index); });
    }
    const base::Status connected = face->connect(ring_ends(role, std::move(fds)));
    if (!connected.ok()) role.fail("the exchange channel: " + connected.error().message);
  });

  loop::Timer looks(loop, [&] {
    peers.look();
    lives.look();
    tunnels.look();
    registrar.look();
    log.look();
  });
  looks.start(kLook, kLook);
  mission::Alarms alarms(parts, mission::read_alert_settings(role.config()));
  loop::Timer alarm_looks(loop, [&] { alarms.look(); });
  alarm_looks.start(kLook, mission::Alarms::kEvery);
  loop::Timer forgets(loop, [&] {
    const base::Micros now = clock.wall();
    const auto events = parts.store.forget(now - parts.facts.retention, now - kKeepCodes);
    const auto measures = parts.store.forget_measures(now);
    const auto uploads = parts.store.forget_unfinished(now - mission::kUnfinishedFor);
    for (const auto* more : {&events, &measures, &uploads}) {
      if (!more->ok()) return base::log_error("the store: " + more->error().message);
    }
    if (!*events && !*measures && !*uploads) return;
    // As fast as events come, or the file grows for ever; but not while the disk takes nothing.
    commits.then([&](bool durable) {
      if (durable) forgets.start(kForgetMore, kForgetEvery);
    });
  });
  forgets.start(kLook, kForgetEvery);

  store.start([&] { peers.ready(); }, [&](std::string_view text) { peers.heard(text); });

  loop::Timer drained(loop, [&] {
    std::size_t busy = control.under_way();
    for (const auto& [index, face] : faces) busy += face->under_way();
    if (busy == 0) role.drained();
  });
  role.on_drain([&] {
    control.stop_accepting();
    lives.end_all();
    tunnels.end_all();
    watch.close_all();
    drained.start(kQuietLook, kQuietLook);
  });
  return role.serve();
}

}  // namespace
}  // namespace postern::roles

int main() { return postern::roles::serve_installations(); }
