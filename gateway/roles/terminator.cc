// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The terminator: the first door. Takes a listener, a certificate and limits; its signatures come from the
// keeper, its answers from the enforcer (or, on the admin listener, from the console). It links no policy and
// no log.
#include "gateway/terminator/terminator.h"

#include "base/bytes.h"
#include "base/log.h"
#include "certs/keeper_channel.h"
#include "certs/library.h"
#include "gateway/ipc/control_protocol.h"
#include "gateway/roles/ring_ends.h"
#include "gateway/roles/role.h"
#include "gateway/tls/remote_signer.h"
#include "gateway/tls/server_context.h"

namespace postern::roles {
namespace {

// The keeper changes them every few hours and keeps the old ones valid for as long again.
constexpr base::Nanos kTicketKeysEvery = 60 * base::kSecond;

terminator::Limits read_limits(const base::Json& config) {
  terminator::Limits limits;
  const base::Json json = config.value("limits", base::Json::object());
  const auto number = [&](const char* key, auto& value) {
    value = static_cast<std::remove_reference_t<decltype(value)>>(
        base::json_number_or(json, key, static_cast<std::int64_t>(value)));
  };
  number("connections", limits.connections);
  number("connections_per_address", limits.connections_per_address);
  number("exchanges_per_connection", limits.exchanges_per_connection);
  number("multiplexed", limits.multiplexed);
  number("fields", limits.head.fields);
  number("head", limits.head.head);
  number("target", limits.head.target);
  number("request_body", limits.request_body);
  return limits;
}

terminator::Timeouts read_timeouts(const base::Json& config) {
  terminator::Timeouts timeouts;
  const base::Json json = config.value("timeouts", base::Json::object());
  const auto duration = [&](const char* key, base::Nanos& value) {
    value = base::json_number_or(json, key, value / 1000) * 1000;
  };
  duration("handshake_us", timeouts.handshake);
  duration("head_us", timeouts.head);
  duration("body_idle_us", timeouts.body_idle);
  duration("keep_alive_us", timeouts.keep_alive);
  duration("drain_us", timeouts.drain);
  duration("hand_over_us", timeouts.hand_over);
  return timeouts;
}

std::vector<tls::ServerCertificate> read_certificates(const base::Json& config) {
  std::vector<tls::ServerCertificate> certificates;
  for (const base::Json& one : config.value("certificates", base::Json::array()))
    certificates.push_back({base::json_text_or(one, "chain", ""),
                            base::from_base64(base::json_text_or(one, "staple", "")).value_or(std::string()),
                            base::json_number_or(one, "staple_until", 0)});
  return certificates;
}

int serve_clients() {
  Role role("terminator");
  certs::load_openssl();
  const base::SystemClock clock;
  certs::KeeperChannel keeper((base::UniqueFd()));
  tls::ChannelSigner signer(keeper);
  terminator::Terminator terminator(role.loop(), role.take_fd("listener"), read_limits(role.config()),
                                    read_timeouts(role.config()));

  const auto refresh_ticket_keys = [&] {
    auto keys = keeper.ticket_keys();
    if (keys.ok()) return terminator.set_ticket_keys(*keys);
    base::log_warning("no ticket keys from the keeper, sessions are not resumed meanwhile: " +
                      keys.error().message);
  };
  const auto configure = [&](const base::Json& config) -> base::Status {
    auto context = tls::ServerContext::make(
        {base::json_text_or(config, "listener", "support"), read_certificates(config),
         base::json_text_or(config, "client_roots", ""), base::json_bool_or(config, "http2", false),
         base::json_bool_or(config, "challenges", false)},
        signer, clock);
    if (!context.ok()) return std::move(context).error();
    terminator.set_context(std::move(*context));
    terminator.set_limits(read_limits(config), read_timeouts(config));
    refresh_ticket_keys();
    return base::Ok{};
  };

  if (base::UniqueFd page = role.take_fd_if_given(ipc::kStopWordFd); page.valid()) {
    auto word = ipc::StopReader::attach(std::move(page));
    if (!word.ok()) role.fail(word.error().message);
    terminator.set_stop_word(*std::move(word), role.take_fd_if_given(ipc::kStopBellFd));
  }

  // A new life comes with a new channel: neither end can repair the old one.
  terminator.on_breach(
      [&](const std::string& why) { role.fail("the exchange protocol was broken: " + why); });
  role.on_channel("keeper", [&](std::uint32_t, Role::Fds fds) {
    if (fds.size() != 1) role.fail("a channel to the keeper is one socket");
    keeper.replace(std::move(fds[0]));
    refresh_ticket_keys();
  });
  role.on_channel("exchange", [&](std::uint32_t, Role::Fds fds) {
    if (base::Status set = terminator.set_channel(ring_ends(role, std::move(fds))); !set.ok())
      role.fail(set.error().message);
  });
  if (base::Status configured = configure(role.config()); !configured.ok())
    role.fail(configured.error().message);
  role.on_reload([&](const base::Json& config) {
    if (base::Status configured = configure(config); !configured.ok())
      base::log_error("the old settings stay: " + configured.error().message);
  });
  role.on_accepted([&](base::UniqueFd socket, std::string_view client, std::string_view relay) {
    terminator.admit_relayed(std::move(socket), client, relay);
  });
  role.on_leave([&](bool leaving) {
    if (!leaving) return terminator.stay();
    terminator.leave([&role] { role.ask({{"ask", "left"}}, [](const base::Json&) {}); });
  });
  role.on_drain([&] {
    if (role.handing_over()) return terminator.hand_over([&] { role.drained(terminator.cut()); });
    terminator.drain([&] { role.drained(terminator.cut()); });
  });

  loop::Timer ticket_timer(role.loop(), refresh_ticket_keys);
  ticket_timer.start(kTicketKeysEvery, kTicketKeysEvery);
  return role.serve();
}

}  // namespace
}  // namespace postern::roles

int main() { return postern::roles::serve_clients(); }
