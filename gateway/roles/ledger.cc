// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/ledger.h"

#include <memory>
#include <string>

#include "base/clock.h"
#include "certs/library.h"
#include "gateway/ipc/control_protocol.h"
#include "gateway/roles/ledger.h"
#include "gateway/roles/role.h"

namespace postern::roles {
namespace {

std::string stop_bell(std::size_t index) { return std::string(ipc::kStopBellFd) + std::to_string(index); }

ledger::LedgerOptions options_of(Role& role) {
  ledger::LedgerOptions options;
  options.directory = base::json_text_or(role.config(), "state_directory", "");
  options.version = base::json_text_or(role.config(), "version", "");
  if (options.directory.empty()) role.fail("the configuration names no state_directory");
  const auto limits = ledger::parse_limits(role.config());
  if (!limits.ok()) role.fail(limits.error().message);
  options.limits = *limits;
  auto witnessing = ledger::parse_witnessing(role.config());
  if (!witnessing.ok()) role.fail("witnesses: " + witnessing.error().message);
  options.witnessing = *std::move(witnessing);
  options.admins = base::json_text_or(role.config(), "admins", "");
  options.notifications = ledger::parse_notice_targets(role.config());
  options.openid = ledger::parse_openid_terms(role.config(), "openid");
  options.admin_openid = ledger::parse_openid_terms(role.config(), "admin_openid");
  options.line = ledger::parse_line_terms(role.config());
  options.vendor_updates = ledger::parse_vendor_update_terms(role.config());
  options.health = ledger::parse_health_terms(role.config());
  options.updates = ledger::parse_rolling_plans(role.config());
  options.calendar = ledger::parse_calendar_terms(role.config());
  if (base::UniqueFd page = role.take_fd_if_given(ipc::kStopWordFd); page.valid()) {
    std::vector<base::UniqueFd> bells;
    for (base::UniqueFd bell = role.take_fd_if_given(stop_bell(0)); bell.valid();
         bell = role.take_fd_if_given(stop_bell(bells.size())))
      bells.push_back(std::move(bell));
    auto word = ipc::StopRaiser::attach(std::move(page), std::move(bells));
    if (!word.ok()) role.fail(word.error().message);
    options.stop_word = *std::move(word);
  }
  return options;
}

}  // namespace

int keep_ledger(audit::FileSystem& disk) {
  Role role("ledger");
  certs::load_openssl();
  const base::SystemClock clock;
  auto opened = ledger::Ledger::open(role.loop(), clock, disk, options_of(role));
  if (!opened.ok()) role.fail(opened.error().message);
  const std::unique_ptr<ledger::Ledger> ledger = std::move(*opened);

  const auto only_socket = [&role](Role::Fds& fds) {
    if (fds.size() != 1) role.fail("a channel of the ledger is one socket");
    return std::move(fds[0]);
  };
  for (const std::string_view peer : {"enforcer", "console", "supervisor", "link", "intake"}) {
    const ledger::Sender sender = ledger::sender_of(peer).value();
    role.on_channel(peer, [&, sender](std::uint32_t index, Role::Fds fds) {
      ledger->add_channel(sender, index, only_socket(fds));
    });
  }
  ledger->set_runner(role.take_fd_if_given("runner"));
  role.on_channel("keeper", [&](std::uint32_t, Role::Fds fds) { ledger->set_keeper(only_socket(fds)); });

  role.on_reload([&](const base::Json& config) {
    const auto limits = ledger::parse_limits(config);
    if (limits.ok())
      ledger->set_limits(*limits);  // the supervisor has checked it; a bad one never replaces a good one
    auto witnessing = ledger::parse_witnessing(config);
    if (witnessing.ok()) ledger->set_witnessing(*std::move(witnessing));
    ledger->set_notifications(ledger::parse_notice_targets(config));
    ledger->set_openid(ledger::parse_openid_terms(config, "openid"),
                       ledger::parse_openid_terms(config, "admin_openid"));
    ledger->set_line(ledger::parse_line_terms(config));
    ledger->set_vendor_updates(ledger::parse_vendor_update_terms(config));
    ledger->set_health(ledger::parse_health_terms(config));
    ledger->set_updates(ledger::parse_rolling_plans(config));
    ledger->set_calendar(ledger::parse_calendar_terms(config));
  });
  role.on_drain([&] {
    const auto done = [&role] { role.drained(); };
    role.handing_over() ? ledger->hand_over(done) : ledger->drain(done);
  });
  return role.serve();
}

}  // namespace postern::roles
