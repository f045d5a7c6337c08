// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The runner as a program. Not a role like the others: it has no walls but its account, because what it runs could not leave them
// (docs/PROCESSES.md), and it is started by the supervisor before that builds its own.
#include "gateway/runner/runner.h"

#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "base/crypto.h"
#include "base/log.h"
#include "gateway/proc/privileges.h"
#include "gateway/proc/spawn.h"

namespace postern::roles {
namespace {

int not_ready(const base::UniqueFd& socket, const std::string& why) {
  const std::string text = base::dump_json(base::Json{{"ready", false}, {"why", why}});
  ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
  return 1;
}

base::Status become(const std::string& user) {
  if (!user.empty()) {
    auto account = proc::find_account(user);
    if (!account.ok()) return std::move(account).error();
    if (account->uid == 0) return base::fail(base::Code::Denied, "run_as must not be root");
    if (proc::is_root()) {
      if (base::Status dropped = proc::drop_to(*account); !dropped.ok()) return dropped;
    } else if (account->uid != ::geteuid()) {
      return base::fail(base::Code::Denied,
                        "only root can become " + user + ": start the gateway as root, or leave run_as out");
    }
  }
  if (proc::is_root()) return base::fail(base::Code::Denied, "run_as is missing, and nothing runs as root");
  return proc::harden_process();
}

}  // namespace

int run_steps() {
  ::signal(SIGPIPE, SIG_IGN);  // NOLINT: a write to a gone peer is told by its result
  base::set_log_name("runner");
  base::UniqueFd socket(proc::kPassedFd);
  std::string text(ipc::kRunnerSetupFrame, '\0');
  const ssize_t size = ::recv(socket.get(), text.data(), text.size(), MSG_TRUNC);
  if (size <= 0 || static_cast<std::size_t>(size) > text.size()) return 2;
  text.resize(static_cast<std::size_t>(size));
  if (base::Status crypto = base::init_crypto(); !crypto.ok())
    return not_ready(socket, crypto.error().message);
  auto setup = ipc::parse_runner_setup(text);
  if (!setup.ok()) return not_ready(socket, setup.error().message);
  if (base::Status became = become(setup->user); !became.ok())
    return not_ready(socket, became.error().message);
  const std::string ready = base::dump_json(base::Json{{"ready", true}, {"user", setup->user}});
  ::send(socket.get(), ready.data(), ready.size(), MSG_NOSIGNAL);
  runner::Runner(std::move(socket), *std::move(setup)).serve();
  return 0;
}

}  // namespace postern::roles

int main() { return postern::roles::run_steps(); }
