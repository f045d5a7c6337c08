// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/self_test.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "gateway/proc/seccomp.h"

// Debian 12's headers do not have it; the number is the same on every machine.
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

namespace postern::proc {
namespace {

constexpr unsigned long kNonsense = ~0UL;  // flags that no kernel knows: EINVAL where the call is looked at

struct Scene {
  std::string state;  // the state directory, or a name that does not matter
  pid_t supervisor;
  std::string parent() const { return "/proc/" + std::to_string(supervisor); }
};

// 0, or what it failed with. A descriptor that should not have been had is closed.
int outcome_of(long result) { return result < 0 ? errno : 0; }
int outcome_of_open(long fd) {
  if (fd < 0) return errno;
  ::close(static_cast<int>(fd));
  return 0;
}
int open_it(const std::string& path, int flags) {
  return outcome_of_open(::open(path.c_str(), flags | O_CLOEXEC, 0600));
}
int make_socket(int domain, int type) { return outcome_of_open(::socket(domain, type | SOCK_CLOEXEC, 0)); }

int write_state(const Scene& scene) {
  const std::string path = scene.state + "/self-test";
  const int outcome = open_it(path, O_WRONLY | O_CREAT | O_EXCL);
  if (outcome == 0) ::unlink(path.c_str());
  return outcome;
}

int map_code(const Scene& /*scene*/) {
  void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return errno;
  ::munmap(memory, 4096);
  return 0;
}

int raise_limit(const Scene& /*scene*/) {
  const rlimit some{4096, 4096};
  return outcome_of(::setrlimit(RLIMIT_CORE, &some));
}

struct Attempt {
  const char* what;
  int (*attempt)(const Scene&);
};

// clang-format off
constexpr std::array kAttempts = std::to_array<Attempt>({
    {"open a file", [](const Scene&) { return open_it("/etc/passwd", O_RDONLY); }},
    {"list a folder", [](const Scene&) { return open_it("/", O_RDONLY | O_DIRECTORY); }},
    {"read the supervisor's memory", [](const Scene& s) { return open_it(s.parent() + "/mem", O_RDONLY); }},
    {"read the supervisor's environment", [](const Scene& s) { return open_it(s.parent() + "/environ", O_RDONLY); }},
    {"write its own memory as a file", [](const Scene&) { return open_it("/proc/self/mem", O_RDWR); }},
    {"write a file", [](const Scene&) { return open_it("/dev/null", O_WRONLY); }},
    {"make a TCP socket", [](const Scene&) { return make_socket(AF_INET, SOCK_STREAM); }},
    {"make a TCP socket for IPv6", [](const Scene&) { return make_socket(AF_INET6, SOCK_STREAM); }},
    {"make a UDP socket", [](const Scene&) { return make_socket(AF_INET, SOCK_DGRAM); }},
    {"make a Unix socket", [](const Scene&) { return make_socket(AF_UNIX, SOCK_STREAM); }},
    {"make a netlink socket", [](const Scene&) { return make_socket(AF_NETLINK, SOCK_RAW); }},
    {"connect", [](const Scene&) { return outcome_of(::connect(-1, nullptr, 0)); }},
    {"bind", [](const Scene&) { return outcome_of(::bind(-1, nullptr, 0)); }},
    {"listen", [](const Scene&) { return outcome_of(::listen(-1, 1)); }},
    {"run a program", [](const Scene&) { return outcome_of(::syscall(SYS_execve, nullptr, nullptr, nullptr)); }},
    {"run a program from a descriptor", [](const Scene&) { return outcome_of(::syscall(SYS_execveat, -1, "", nullptr, nullptr, AT_EMPTY_PATH)); }},
    {"make a file in memory", [](const Scene&) { return outcome_of_open(::syscall(SYS_memfd_create, "", kNonsense)); }},
    {"map code", map_code},
    {"start a process", [](const Scene&) { return outcome_of(::syscall(SYS_clone, CLONE_SIGHAND, nullptr, nullptr, nullptr, nullptr)); }},
    {"start a process with clone3", [](const Scene&) { return outcome_of(::syscall(SYS_clone3, nullptr, 0)); }},
    {"trace the supervisor", [](const Scene& s) { return outcome_of(::ptrace(PTRACE_PEEKDATA, s.supervisor, nullptr, nullptr)); }},
    {"read another process", [](const Scene&) { return outcome_of(::syscall(SYS_process_vm_readv, ::getpid(), nullptr, 0, nullptr, 0, 0)); }},
    {"write another process", [](const Scene&) { return outcome_of(::syscall(SYS_process_vm_writev, ::getpid(), nullptr, 0, nullptr, 0, 0)); }},
    {"signal a process", [](const Scene&) { return outcome_of(::syscall(SYS_kill, ::getpid(), 0)); }},
    {"signal a thread elsewhere", [](const Scene&) { return outcome_of(::syscall(SYS_tgkill, 1, 1, 0)); }},
    {"hold another process", [](const Scene&) { return outcome_of_open(::syscall(SYS_pidfd_open, ::getpid(), 0)); }},
    {"take another's descriptor", [](const Scene&) { return outcome_of_open(::syscall(SYS_pidfd_getfd, -1, 0, 0)); }},
    {"raise a limit", raise_limit},
    {"use io_uring", [](const Scene&) { return outcome_of_open(::syscall(SYS_io_uring_setup, 0, nullptr)); }},
    {"load a program into the kernel", [](const Scene&) { return outcome_of(::syscall(SYS_bpf, -1, nullptr, 0)); }},
    {"handle page faults", [](const Scene&) { return outcome_of_open(::syscall(SYS_userfaultfd, kNonsense)); }},
    {"watch the machine's counters", [](const Scene&) { return outcome_of_open(::syscall(SYS_perf_event_open, nullptr, 0, 0, -1, kNonsense)); }},
    {"leave its namespaces", [](const Scene&) { return outcome_of(::syscall(SYS_unshare, 0)); }},
    {"enter other namespaces", [](const Scene&) { return outcome_of(::syscall(SYS_setns, -1, 0)); }},
    {"mount", [](const Scene&) { return outcome_of(::syscall(SYS_mount, nullptr, nullptr, nullptr, 0, nullptr)); }},
    {"use the kernel's key rings", [](const Scene&) { return outcome_of(::syscall(SYS_keyctl, 0, 0, 0, 0, 0)); }},
    {"share memory by a key", [](const Scene&) { return outcome_of(::syscall(SYS_shmget, 0, 0, 0)); }},
    {"become somebody else", [](const Scene&) { return outcome_of(::syscall(SYS_setresuid, -1, -1, -1)); }},
    {"have a capability", [](const Scene&) { return outcome_of(::syscall(SYS_capset, nullptr, nullptr)); }},
    {"change what it is", [](const Scene&) { return outcome_of(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)); }},
    {"load a kernel module", [](const Scene&) { return outcome_of(::syscall(SYS_finit_module, -1, "", 0)); }},
    {"set the clock", [](const Scene&) { return outcome_of(::syscall(SYS_clock_settime, 0, nullptr)); }},
});
// clang-format on

// A disk that takes no writes at all says so before Landlock is asked.
bool is_refusal(int outcome) {
  return outcome == kRefused || outcome == EPERM || outcome == EACCES || outcome == EROFS;
}

bool may_write_state(const Profile& profile) {
  for (const Path& path : profile.paths) {
    if (path.system.empty() && path.below.empty() && path.access != Access::Read) return true;
  }
  return false;
}

}  // namespace

void Proof::count(const char* what, int outcome) {
  ++attempts;
  if (is_refusal(outcome)) {
    ++refused;
  } else {
    open.push_back(std::string(what) + (outcome == 0 ? "" : " (" + std::to_string(outcome) + ")"));
  }
}

base::Json attestation(const Walls& walls, const Proof& proof) {
  return {{"kernel", walls.kernel},   {"landlock", walls.landlock_abi}, {"filtered", walls.filtered},
          {"profile", walls.profile}, {"attempts", proof.attempts},     {"refused", proof.refused},
          {"files", walls.files},     {"missing", walls.missing}};
}

Proof prove(const Profile& profile, const std::string& state_directory, pid_t supervisor) {
  const Scene scene{state_directory, supervisor};
  Proof proof;
  for (const Attempt& one : kAttempts) proof.count(one.what, one.attempt(scene));
  if (!may_write_state(profile)) proof.count("write the log", write_state(scene));
  return proof;
}

}  // namespace postern::proc
