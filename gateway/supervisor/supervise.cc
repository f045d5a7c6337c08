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
#include "gateway/ipc/runner_protocol.h"
#include "gateway/proc/notify.h"
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

// The sockets' names stay where another gateway serves.
struct End {
  int status = 0;
  bool names_stay = false;
  const char* said = "stopped";
};

int run(loop::Loop& loop, const Plan& plan, LoadedConfig loaded, Sockets sockets, Inherited inherited) {
  Config bound = *loaded.config;
  bound.support.address = sockets.support_address;
  bound.admin.address = sockets.admin_address;
  if (bound.intake) bound.intake->listener.address = sockets.intake_address;
  const std::string support = bound.support.url();
  const std::string admin = bound.admin.url();
  const std::string control = loaded.config->control_socket.path;
  const std::string hand_over = loaded.config->state_directory.path + "/" + std::string(kHandOverSocket);
  const base::UniqueFd manager(::dup(inherited.notify.get()));
  End end;
  Supervisor::News news;
  news.on_ready = [&] {
    base::log_info("ready: support " + support + " admin " + admin);
    proc::notify(manager, "READY=1");
  };
  news.on_stopped = [&] { loop.stop(); };
  news.on_handed_over = [&](pid_t successor) {
    if (successor > 0) proc::notify(manager, "MAINPID=" + std::to_string(successor));
    end = {0, true, "handed over"};
    loop.stop();
  };
  news.on_given_up = [&] {
    end = {1, true, "given up: the gateway that runs goes on"};
    loop.stop();
  };
  Supervisor supervisor(loop, plan, std::move(loaded), std::move(sockets), std::move(news),
                        std::move(inherited));
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
  if (!end.names_stay) {
    ::unlink(control.c_str());  // where its folder lets us; a dead socket is cleared away at the next start
    ::unlink(hand_over.c_str());
  }
  base::log_info(end.said);
  return end.status;
}

}  // namespace

int supervise(const std::string& config_path, Begin begin) {
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
  plan.program = own_program();
  proc::raise_descriptor_limit();
  base::Result<Sockets> sockets = Sockets();
  if (begin == Begin::Anew) sockets = bind_sockets(*loaded.config, *account);
  if (!sockets.ok()) return refuse(sockets.error().message);
  // While we may be root, and before the wall; also of whoever takes over: what the other's runner runs ends with that one.
  base::Result<StartedRunner> runner = start_runner(*loaded.config, plan.roles_directory);
  if (!runner.ok()) return refuse(runner.error().message);
  plan.runner = std::move(runner->about);
  Inherited inherited;
  if (begin == Begin::Anew) inherited.notify = proc::open_notify();
  const base::Status dropped = give_up_root(*account);
  if (!dropped.ok()) return refuse(dropped.error().message);
  const base::Status runnable = check_roles(
      plan.roles_directory, {"keeper", "ledger", "enforcer", "console", "terminator", "intake", "link"});
  if (!runnable.ok()) return refuse(runnable.error().message);
  loop::Loop loop;
  if (begin != Begin::Anew) {
    auto taker = HandOverTaker::ask(loop, *loaded.config);
    if (!taker.ok()) return refuse(taker.error().message);
    if (begin == Begin::TakeOverIfNew && !plan.program.empty() && (*taker)->offer().program == plan.program) {
      base::log_info("the gateway that runs is this very program: nothing is handed over");
      return 0;
    }
    sockets = (*taker)->take_sockets();
    inherited.notify = (*taker)->take_notify();
    inherited.taker = *std::move(taker);
  }
  base::Result<base::Json> wall =
      wall_in(grounds_of(*loaded.config, plan.roles_directory), loaded.config->sandbox);
  if (!wall.ok()) return refuse(wall.error().message);
  plan.wall = *std::move(wall);
  sockets->runner = std::move(runner->socket);
  if (inherited.taker != nullptr) {
    inherited.taker->take_log();
    // The runner has what whoever started us listens to, and who waits for the end of that would wait for ever.
    if (sockets->runner.valid()) {
      if (const base::Status told =
              ipc::send_to_runner(sockets->runner.get(), {{"do", "log"}}, STDERR_FILENO);
          !told.ok())
        return refuse(told.error().message);
    }
  }
  return run(loop, plan, std::move(loaded), std::move(*sockets), std::move(inherited));
}

}  // namespace postern::supervisor
