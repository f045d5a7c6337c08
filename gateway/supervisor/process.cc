// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/process.h"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "base/log.h"
#include "gateway/proc/self_test.h"

namespace postern::supervisor {
namespace {

std::string listing(const std::vector<std::string>& what) {
  std::string out;
  for (const std::string& each : what) out += (out.empty() ? "" : ", ") + each;
  return out;
}

}  // namespace

base::Result<std::optional<proc::Account>> choose_account(const std::string& user, base::Mark mark,
                                                          const std::string& path) {
  if (mark.line == 0) mark = {1, 1};
  const std::string place = path + ":" + std::to_string(mark.line) + ":" + std::to_string(mark.column) + ": ";
  if (user.empty()) {
    if (!proc::is_root()) return std::optional<proc::Account>();
    return base::fail(base::Code::Invalid,
                      place + "started as root, the gateway needs user: the account that it shall run as");
  }
  base::Result<proc::Account> account = proc::find_account(user);
  if (!account.ok()) return base::fail(base::Code::NotFound, place + account.error().message);
  if (proc::is_root()) return std::optional<proc::Account>(*account);
  if (account->uid == ::geteuid()) return std::optional<proc::Account>();
  return base::fail(base::Code::Denied,
                    place + "only root can become " + user + ": start it as root or as that account");
}

base::Status give_up_root(const std::optional<proc::Account>& account) {
  base::Status done = base::Ok{};
  if (account) done = proc::drop_to(*account);
  return done.ok() ? proc::harden_process() : done;
}

base::Result<base::Json> wall_in(const proc::Grounds& grounds, Sandbox sandbox) {
  const base::Result<proc::Walls> walls = proc::build_outer_wall(grounds);
  if (!walls.ok())
    return base::fail(walls.error().code, "cannot confine the gateway: " + walls.error().message);
  const proc::Proof proof = proc::prove_outer_wall();
  const std::string open = proof.open.empty() ? "" : "the supervisor could still " + listing(proof.open);
  const std::string missing = listing(walls->missing);
  if (sandbox == Sandbox::Required && (!open.empty() || !missing.empty())) {
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

base::Status check_roles(const std::string& directory, const std::vector<std::string_view>& roles) {
  for (const std::string_view role : roles) {
    const std::string path = directory + "/" + std::string(role);
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

}  // namespace postern::supervisor
