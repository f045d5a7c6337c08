// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A role on kernels that lack a wall. A filter around the whole test makes this kernel one: the call with which
// the wall would be built does not exist there.
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "gateway/supervisor/child.h"

namespace postern::supervisor {
namespace {

constexpr unsigned kLandlockCreateRuleset = 444;

// From now on, for this process and its children, the call fails with ENOSYS.
bool lose_call(unsigned number) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program{4, code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

struct Seen {
  bool ready = false;
  base::Json proof;
  std::string reason;
};

// One life of a role, until it is ready or has ended.
Seen live(const char* sandbox, const std::string& state) {
  Seen seen;
  loop::Loop loop;
  Child* child = nullptr;
  const loop::Signal ended(loop, SIGCHLD, [&] { child->look(); });
  Child::Listener listener;
  listener.before_start = [&](Child&) {
    return Child::Beginning{{{"sandbox", sandbox}, {"state_directory", state}}, {}, {}};
  };
  listener.on_started = [](Child&) {};
  listener.on_violated = [](Child&, const std::string&) {};
  listener.on_ready = [&](Child& role) {
    seen.ready = true;
    seen.proof = role.proof();
    role.kill();
  };
  listener.on_ended = [&](Child&, pid_t, const std::string& reason) {
    seen.reason = reason;
    loop.stop();
  };
  Child own(loop, TEST_ROLE, {"enforcer", 0}, kStartPatience, listener);
  child = &own;
  own.start();
  loop.run();
  return seen;
}

struct Lacking : testing::Test {
  std::string state;
  void SetUp() override {
    char name[] = "/tmp/postern-sandbox-XXXXXX";
    state = ::mkdtemp(name);
  }
  void TearDown() override { ::rmdir(state.c_str()); }

  // The judgement of what was seen on a kernel without the call; 0 is good.
  int without(unsigned number, const char* sandbox, const std::function<int(const Seen&)>& judge) const {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(lose_call(number) ? judge(live(sandbox, state)) : 100);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
  }
};

bool has(const std::string& text, const char* what) { return text.find(what) != std::string::npos; }

TEST_F(Lacking, LandlockIsNamedWithWhatIsLostAndWhatToChoose) {
  EXPECT_EQ(without(kLandlockCreateRuleset, "required",
                    [](const Seen& seen) {
                      if (seen.ready) return 1;
                      if (!has(seen.reason, "has no Landlock")) return 2;
                      if (!has(seen.reason, "can reach every file")) return 3;
                      return has(seen.reason, "sandbox: best-effort") ? 0 : 4;
                    }),
            0);
}

TEST_F(Lacking, TheFilterIsNamedWithWhatIsLostAndWhatToChoose) {
  EXPECT_EQ(without(SYS_seccomp, "required",
                    [](const Seen& seen) {
                      if (seen.ready) return 1;
                      if (!has(seen.reason, "takes no system call filter")) return 2;
                      return has(seen.reason, "sandbox: best-effort") ? 0 : 3;
                    }),
            0);
}

TEST_F(Lacking, BestEffortServesWithTheOtherWallAndSaysWhatIsMissing) {
  EXPECT_EQ(without(kLandlockCreateRuleset, "best-effort",
                    [](const Seen& seen) {
                      if (!seen.ready) return 1;
                      if (seen.proof["landlock"] != 0 || seen.proof["filtered"] != true) return 2;
                      return seen.proof["missing"].size() == 1 ? 0 : 3;
                    }),
            0);
  EXPECT_EQ(without(SYS_seccomp, "best-effort",
                    [](const Seen& seen) {
                      if (!seen.ready) return 1;
                      if (seen.proof["landlock"] == 0 || seen.proof["filtered"] != false) return 2;
                      if (seen.proof["refused"] >= seen.proof["attempts"]) return 3;
                      return seen.proof["missing"].size() == 1 ? 0 : 4;
                    }),
            0);
}

TEST_F(Lacking, NothingARoleProvesItAndTheSupervisorSawIt) {
  const Seen seen = live("required", state);
  ASSERT_TRUE(seen.ready) << seen.reason;
  EXPECT_EQ(seen.proof["attempts"], seen.proof["refused"]);
  EXPECT_GT(seen.proof["witnessed"], 30);
  EXPECT_EQ(seen.proof["missing"].size(), 0U);
}

}  // namespace
}  // namespace postern::supervisor
