// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

namespace postern::proc {
namespace {

constexpr std::size_t kAccountBuffer = 64U << 10U;  // bytes of one passwd entry; more than any real one

struct Ids {
  uid_t real = 0, effective = 0, saved = 0;
  gid_t group_real = 0, group_effective = 0, group_saved = 0;
};

Ids current_ids() {
  Ids ids;
  ::getresuid(&ids.real, &ids.effective, &ids.saved);
  ::getresgid(&ids.group_real, &ids.group_effective, &ids.group_saved);
  return ids;
}

base::Status verify_dropped(const Account& account) {
  const Ids ids = current_ids();
  const bool changed = ids.real == account.uid && ids.effective == account.uid && ids.saved == account.uid &&
                       ids.group_real == account.gid && ids.group_effective == account.gid &&
                       ids.group_saved == account.gid && ::getgroups(0, nullptr) == 0;
  if (!changed) return base::fail(base::Code::Denied, "root was not given up completely");
  // The proof: asking for it back must fail.
  if (::setresuid(0, 0, 0) == 0 || ::setresgid(0, 0, 0) == 0) {
    return base::fail(base::Code::Denied, "root was given up but can be had back");
  }
  return base::Ok{};
}

// Needs CAP_SETPCAP; without it there is nothing to bound for a process that will set no_new_privs.
void drop_bounding_set() {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return;
  }
}

base::Status limit_core() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return base::fail_errno("setrlimit", errno);
  return base::Ok{};
}

base::Status control(int option, unsigned long value, const char* what) {
  if (::prctl(option, value, 0, 0, 0) != 0) return base::fail_errno(what, errno);
  return base::Ok{};
}

}  // namespace

base::Result<Account> find_account(const std::string& name) {
  std::vector<char> buffer(kAccountBuffer);
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) {
    if (error != 0) return base::fail_errno("the account " + name, error);
    return base::fail(base::Code::NotFound, "there is no account " + name);
  }
  return Account{entry.pw_uid, entry.pw_gid, name};
}

bool is_root() {
  const Ids ids = current_ids();
  return ids.real == 0 || ids.effective == 0 || ids.saved == 0;
}

base::Status drop_to(const Account& account) {
  if (account.uid == 0 || account.gid == 0)
    return base::fail(base::Code::Denied, "the account to run as is root");
  drop_bounding_set();
  if (::setgroups(0, nullptr) != 0) return base::fail_errno("setgroups", errno);
  if (::setresgid(account.gid, account.gid, account.gid) != 0) return base::fail_errno("setresgid", errno);
  if (::setresuid(account.uid, account.uid, account.uid) != 0) return base::fail_errno("setresuid", errno);
  base::Status dropped = drop_capabilities();
  return dropped.ok() ? verify_dropped(account) : dropped;
}

base::Status drop_capabilities() {
  drop_bounding_set();
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) {
    return base::fail_errno("cannot clear ambient capabilities", errno);
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) return base::fail_errno("capset", errno);
  return base::Ok{};
}

base::Status harden_process() {
  ::umask(077);
  base::Status done = control(PR_SET_NO_NEW_PRIVS, 1, "no_new_privs");
  if (done.ok()) done = limit_core();
  if (done.ok()) done = drop_capabilities();
  if (done.ok()) done = control(PR_SET_DUMPABLE, 0, "not dumpable");
  return done;
}

base::Status end_with_parent() {
  const pid_t parent = ::getppid();
  base::Status done = control(PR_SET_PDEATHSIG, SIGKILL, "parent death signal");
  // It may have ended before the signal was asked for; then we belong to another by now, or to init.
  if (done.ok() && (::getppid() != parent || parent == 1))
    done = base::fail(base::Code::Closed, "the parent is gone");
  return done;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace postern::proc
