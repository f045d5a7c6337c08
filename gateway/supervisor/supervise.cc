// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The supervisor as a process: what happens once, before the loop turns and after it stops.
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>
#include <vector>

#include "base/crypto.h"
#include "base/log.h"
#include "gateway/proc/outer_wall.h"
#include "gateway/proc/privileges.h"
#include "gateway/supervisor/supervisor.h"

namespace postern::supervisor {
namespace {

int refuse(std::string_view why) {
  base::log_error(why);
  return 1;
}

// Who we shall be. Nothing runs as root (promise 10), so root must name an account, and nobody else can
// become one.
base::Result<std::optional<proc::Account>> choose_account(const Config& config, const std::string& path) {
  const base::Mark mark = config.user_mark.line > 0 ? config.user_mark : base::Mark{1, 1};
  const std::string place = path + ":" + std::to_string(mark.line) + ":" + std::to_string(mark.column) + ": ";
  if (config.user.empty()) {
    if (!proc::is_root()) return std::optional<proc::Account>();
    return base::fail(base::Code::Invalid,
                      place + "started as root, the gateway needs user: the account that it shall run as");
  }
  base::Result<proc::Account> account = proc::find_account(config.user);
  if (!account.ok()) return base::fail(base::Code::NotFound, place + account.error().message);
  if (proc::is_root()) return std::optional<proc::Account>(*account);
  if (account->uid == ::geteuid()) return std::optional<proc::Account>();
  return base::fail(base::Code::Denied,
                    place + "only root can become " + config.user + ": start it as root or as that account");
}

base::Status give_up_root(const std::optional<proc::Account>& account) {
  base::Status done = base::Ok{};
  if (account) done = proc::drop_to(*account);
  return done.ok() ? proc::harden_process() : done;
}

std::string listing(const std::vector<std::string>& what) {
  std::string out;
  for (const std::string& each : what) out += (out.empty() ? "" : ", ") + each;
  return out;
}

// The wall around all of it, and its proof. Denied under sandbox: required, unless it stands.
base::Result<base::Json> wall_in(const Config& config, const std::string& roles_directory) {
  const std::string& control = config.control_socket.path;
  proc::Grounds grounds{
      roles_directory, config.state_directory.path, control.substr(0, control.rfind('/') + 1), {}};
  if (config.acme) grounds.keys_directories.push_back(config.acme->folder.path);
  if (config.mission_control) grounds.keys_directories.push_back(config.mission_control->folder.path);
  if (config.pkcs11) {
    for (const FileName& path : config.pkcs11->paths) grounds.token_paths.push_back(path.path);
  }
  const base::Result<proc::Walls> walls = proc::build_outer_wall(grounds);
  if (!walls.ok())
    return base::fail(walls.error().code, "cannot confine the gateway: " + walls.error().message);
  const proc::Proof proof = proc::prove_outer_wall();
  const std::string open = proof.open.empty() ? "" : "the supervisor could still " + listing(proof.open);
  const std::string missing = listing(walls->missing);
  if (config.sandbox == Sandbox::Required && (!open.empty() || !missing.empty())) {
    return base::fail(base::Code::Denied, "sandbox: required, but " + (missing.empty() ? open : missing) +
                                              ". To serve without it, set sandbox: best-effort");
  }
  for (const std::string& lack : {missing, open}) {
    if (!lack.empty()) base::log_warning(lack);
  }
  return proc::attestation(*walls, proof);
}

std::string absolute(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  std::string out(resolved);
  std::free(resolved);  // NOLINT: realpath's own allocation
  return out;
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

base::Status check_roles(const std::string& directory) {
  for (const char* role : {"keeper", "ledger", "enforcer", "console", "terminator", "link"}) {
    const std::string path = directory + "/" + role;
    if (::access(path.c_str(), X_OK) != 0) return base::fail_errno("cannot run " + path, errno);
  }
  return base::Ok{};
}

base::Result<std::string> find_roles() {
  char own[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", own, sizeof own);
  if (size <= 0) return base::fail_errno("/proc/self/exe", errno);
  std::string folder(own, static_cast<std::size_t>(size));
  folder.resize(folder.rfind('/'));
  return absolute(folder + "/../libexec/postern");
}

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

  const base::Result<std::optional<proc::Account>> account = choose_account(*loaded.config, plan.config_path);
  if (!account.ok()) return refuse(account.error().message);
  base::Result<std::string> roles = find_roles();
  if (!roles.ok()) return refuse(roles.error().message);
  plan.roles_directory = *roles;
  proc::raise_descriptor_limit();
  base::Result<Sockets> sockets = bind_sockets(*loaded.config, *account);
  if (!sockets.ok()) return refuse(sockets.error().message);
  const base::Status dropped = give_up_root(*account);
  if (!dropped.ok()) return refuse(dropped.error().message);
  const base::Status runnable = check_roles(plan.roles_directory);
  if (!runnable.ok()) return refuse(runnable.error().message);
  base::Result<base::Json> wall = wall_in(*loaded.config, plan.roles_directory);
  if (!wall.ok()) return refuse(wall.error().message);
  plan.wall = *std::move(wall);
  return run(plan, std::move(loaded), std::move(*sockets));
}

}  // namespace postern::supervisor
