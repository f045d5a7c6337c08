// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The supervisor as a process: what happens once, before the loop turns and after it stops.
#include <unistd.h>

#include <csignal>
#include <optional>
#include <thread>

#include "base/crypto.h"
#include "base/log.h"
#include "gateway/proc/privileges.h"
#include "gateway/supervisor/process.h"
#include "gateway/supervisor/runner.h"
#include "gateway/supervisor/supervisor.h"

namespace postern::supervisor {
namespace {

int refuse(std::string_view why) {
  base::log_error(why);
  return 1;
}

proc::Grounds grounds_of(const Config& config, const std::string& roles_directory) {
  const std::string& control = config.control_socket.path;
  proc::Grounds grounds{
      roles_directory, config.state_directory.path, control.substr(0, control.rfind('/') + 1), {}};
  if (config.acme) grounds.keys_directories.push_back(config.acme->folder.path);
  if (config.mission_control) grounds.keys_directories.push_back(config.mission_control->folder.path);
  if (config.pkcs11) {
    for (const FileName& path : config.pkcs11->paths) grounds.token_paths.push_back(path.path);
  }
  return grounds;
}

int run(const Plan& plan, LoadedConfig loaded, Sockets sockets) {
  Config bound = *loaded.config;
  bound.support.address = sockets.support_address;
  bound.admin.address = sockets.admin_address;
  const std::string support = bound.support.url();
  const std::string admin = bound.admin.url();
  const std::string control = loaded.config->control_socket.path;
  loop::Loop loop;
  Supervisor supervisor(
      loop, plan, std::move(loaded), std::move(sockets),
      {[&] { base::log_info("ready: support " + support + " admin " + admin); }, [&] { loop.stop(); }});
  const loop::Signal terminate(loop, SIGTERM, [&] { supervisor.stop(); });
  const loop::Signal interrupt(loop, SIGINT, [&] { supervisor.stop(); });
  const loop::Signal hang_up(loop, SIGHUP, [&] {
    supervisor.reload("gateway", "SIGHUP", [](const base::Json& answer) {
      const bool ok = base::json_bool_or(answer["config"], "ok", false) &&
                      base::json_bool_or(answer["policy"], "ok", false);
      if (ok) base::log_info("configuration and policy are reloaded");
    });
  });
  supervisor.start();
  loop.run();
  ::unlink(control.c_str());  // where its folder lets us; a dead socket is cleared away at the next start
  base::log_info("stopped");
  return 0;
}

}  // namespace

int supervise(const std::string& config_path) {
  ::signal(SIGPIPE, SIG_IGN);  // NOLINT: a write to a gone peer is told by its result
  base::set_log_name("supervisor");
  const base::Status crypto = base::init_crypto();
  if (!crypto.ok()) return refuse(crypto.error().message);
  Plan plan;
  plan.config_path = absolute(config_path);
  plan.cores = static_cast<int>(std::thread::hardware_concurrency());
  LoadedConfig loaded = load_config(plan.config_path, plan.cores);
  std::vector<FileFault> faults = loaded.config_faults;
  faults.insert(faults.end(), loaded.policy_faults.begin(), loaded.policy_faults.end());
  if (!faults.empty()) return refuse("the configuration has faults:\n" + format_faults(faults));
  base::set_log_level(loaded.config->log_level);

  const base::Result<std::optional<proc::Account>> account =
      choose_account(loaded.config->user, loaded.config->user_mark, plan.config_path);
  if (!account.ok()) return refuse(account.error().message);
  base::Result<std::string> roles = find_roles();
  if (!roles.ok()) return refuse(roles.error().message);
  plan.roles_directory = *roles;
  proc::raise_descriptor_limit();
  base::Result<Sockets> sockets = bind_sockets(*loaded.config, *account);
  if (!sockets.ok()) return refuse(sockets.error().message);
  base::Result<StartedRunner> runner = start_runner(*loaded.config, plan.roles_directory);
  if (!runner.ok()) return refuse(runner.error().message);
  sockets->runner = std::move(runner->socket);
  plan.runner = std::move(runner->about);
  const base::Status dropped = give_up_root(*account);
  if (!dropped.ok()) return refuse(dropped.error().message);
  const base::Status runnable =
      check_roles(plan.roles_directory, {"keeper", "ledger", "enforcer", "console", "terminator", "link"});
  if (!runnable.ok()) return refuse(runnable.error().message);
  base::Result<base::Json> wall =
      wall_in(grounds_of(*loaded.config, plan.roles_directory), loaded.config->sandbox);
  if (!wall.ok()) return refuse(wall.error().message);
  plan.wall = *std::move(wall);
  return run(plan, std::move(loaded), std::move(*sockets));
}

}  // namespace postern::supervisor
