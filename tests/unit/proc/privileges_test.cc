// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Each test gives its powers away in a child, because they cannot be had back: that is the point.
#include "gateway/proc/privileges.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <string>

namespace postern::proc {
namespace {

int in_child(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool has_no_capability() {
  std::ifstream status("/proc/thread-self/status");
  int empty = 0;
  for (std::string line; std::getline(status, line);) {
    for (const char* set : {"CapInh:", "CapPrm:", "CapEff:", "CapAmb:"}) {
      if (line.starts_with(set) && line.ends_with("0000000000000000")) ++empty;
    }
  }
  return empty == 4;
}

TEST(HardenProcess, LeavesNoCoreNoTracerNoCapabilityAndNoNewPrivileges) {
  EXPECT_EQ(in_child([] {
              if (!harden_process().ok()) return 1;
              rlimit core{};
              ::getrlimit(RLIMIT_CORE, &core);
              if (core.rlim_max != 0) return 2;
              if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 3;
              if (::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 4;
              return ::umask(0) == 077 ? 0 : 5;
            }),
            0);
}

TEST(DropCapabilities, EmptiesEverySet) {
  EXPECT_EQ(in_child([] { return drop_capabilities().ok() && has_no_capability() ? 0 : 1; }), 0);
}

TEST(EndWithParent, AsksForTheSignal) {
  EXPECT_EQ(in_child([] {
              int signal = 0;
              if (!end_with_parent().ok()) return 1;
              ::prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0);
              return signal == SIGKILL ? 0 : 2;
            }),
            0);
}

TEST(DropTo, CannotBecomeRootAgain) {
  if (!is_root()) GTEST_SKIP() << "only root can give root up";
  EXPECT_EQ(in_child([] {
              const base::Result<Account> account = find_account("nobody");
              if (!account.ok() || !drop_to(*account).ok()) return 1;
              if (is_root() || ::getuid() != account->uid || ::getegid() != account->gid) return 2;
              if (::setuid(0) == 0 || ::seteuid(0) == 0) return 3;
              return has_no_capability() ? 0 : 4;
            }),
            0);
}

TEST(DropTo, RefusesToBecomeRoot) { EXPECT_FALSE(drop_to({0, 0, "root"}).ok()); }

TEST(FindAccount, SaysWhichOneIsMissing) {
  const base::Result<Account> account = find_account("no-such-account-here");
  ASSERT_FALSE(account.ok());
  EXPECT_EQ(account.error().message, "there is no account no-such-account-here");
}

}  // namespace
}  // namespace postern::proc
