// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/profile.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>

#include "base/crypto.h"

namespace postern::proc {
namespace {

constexpr std::uint64_t kLow = 0xFFFF'FFFF;  // the kernel looks at an int's 32 bits only

constexpr Condition is(int argument, std::uint64_t value) { return {argument, kLow, value}; }
constexpr Condition lacks(int argument, std::uint64_t bits) { return {argument, bits, 0}; }
constexpr Condition is_null(int argument) { return {argument, ~std::uint64_t{0}, 0}; }

// clang-format off

// The heap, locked memory for secrets, and the rings. Never PROT_EXEC: no code is ever brought in.
constexpr std::array kMemoryCalls = std::to_array<Call>({
    {"brk"}, {"mmap", lacks(2, PROT_EXEC)}, {"mprotect", lacks(2, PROT_EXEC)}, {"mremap"}, {"munmap"},
    {"madvise"}, {"mlock"}, {"munlock"},
});

// One thread around epoll, with its clocks, its randomness and its locks. fcntl may ask, and set O_NONBLOCK
// and FD_CLOEXEC; F_GET_SEALS is how the memory of a ring is judged. fstat is of an open descriptor; its
// sibling with a path (newfstatat) is not here.
constexpr std::array kLoopCalls = std::to_array<Call>({
    {"epoll_wait"}, {"epoll_pwait"}, {"epoll_ctl"}, {"poll"}, {"ppoll"}, {"read"}, {"write"}, {"close"}, {"fstat"},
    {"fcntl", is(1, F_GETFD)}, {"fcntl", is(1, F_SETFD)}, {"fcntl", is(1, F_GETFL)}, {"fcntl", is(1, F_SETFL)},
    {"fcntl", is(1, F_GET_SEALS)}, {"ioctl", is(1, FIONBIO)},
    {"futex"}, {"sched_yield"}, {"sched_getaffinity"}, {"restart_syscall"}, {"getrandom"}, {"getpid"}, {"gettid"},
    {"clock_gettime"}, {"clock_getres"}, {"gettimeofday"}, {"sysinfo"},
    {"rt_sigprocmask"}, {"rt_sigreturn"}, {"rt_sigaction"}, {"tgkill", {0, ~std::uint64_t{0}, kOwnProcess}},
    {"exit"}, {"exit_group"},
});

// Talk on sockets that are connected. No address is given, not even by TCP Fast Open, which connects while it
// sends; descriptors that arrive (SCM_RIGHTS) come from the supervisor.
constexpr std::array kTalkCalls = std::to_array<Call>({
    {"recvfrom"}, {"recvmsg"}, {"sendto", is_null(4), lacks(3, MSG_FASTOPEN)}, {"sendmsg", lacks(2, MSG_FASTOPEN)},
    {"writev"}, {"shutdown"}, {"getsockopt"},
});

// Take connections from a listener that was bound by the supervisor; the link, where it answers challenges.
constexpr std::array kAcceptCalls = std::to_array<Call>({
    {"accept4"}, {"setsockopt", is(1, IPPROTO_TCP), is(2, TCP_NODELAY)}, {"setsockopt", is(1, SOL_SOCKET), is(2, SO_LINGER)},
});

// Files with keys and credentials that a reload brings as descriptors.
constexpr std::array kDescriptorFileCalls = std::to_array<Call>({{"pread64"}, {"lseek"}});

// Files by name. Which ones, Landlock decides: the rows' paths.
constexpr std::array kReadFileCalls = std::to_array<Call>({
    {"openat"}, {"open"}, {"newfstatat"}, {"stat"}, {"lstat"}, {"statx"}, {"access"}, {"faccessat"}, {"faccessat2"},
    {"readlink"}, {"readlinkat"}, {"getdents64"}, {"pread64"}, {"lseek"}, {"fadvise64"}, {"geteuid"}, {"getcwd"},
    {"fcntl", is(1, F_SETLK)}, {"fcntl", is(1, F_SETLKW)}, {"fcntl", is(1, F_GETLK)}, {"clock_nanosleep"},
    // SQLite's readers share the index' write-ahead log through a file that they map, extend and cut.
    {"pwrite64"}, {"ftruncate"}, {"fallocate"},
});
constexpr std::array kWriteFileCalls = std::to_array<Call>({
    {"fsync"}, {"fdatasync"}, {"syncfs"}, {"sync_file_range"}, {"unlink"}, {"unlinkat"}, {"rename"}, {"renameat"}, {"renameat2"},
    {"mkdir"}, {"mkdirat"}, {"rmdir"}, {"flock"}, {"fchmod"}, {"pwritev"}, {"preadv"}, {"umask"}, {"linkat"}, {"statfs"},
});

// Files by name, to look at and to lock: what a module for keys in a token may read while it signs. Which ones, the
// configuration says, and Landlock decides.
constexpr std::array kTokenFileCalls = std::to_array<Call>({
    {"openat", lacks(2, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)}, {"newfstatat"}, {"getdents64"},
    {"fcntl", is(1, F_SETLK)}, {"fcntl", is(1, F_SETLKW)},
});

// How large a process ever was: its own number, and nobody else's.
constexpr std::array kOwnSizeCalls = std::to_array<Call>({{"getrusage", is(0, RUSAGE_SELF)}});

// What the run times of the sanitizers need besides, in builds that have them and in no other. A pipe is how they
// find out whether memory can be read.
constexpr std::array kSanitizerCalls = std::to_array<Call>({
    {"sigaltstack"}, {"getrusage"}, {"nanosleep"}, {"pipe"}, {"pipe2"},
});

constexpr Group kMemory{"memory", kMemoryCalls}, kLoop{"loop", kLoopCalls}, kTalk{"talk", kTalkCalls},
    kAccept{"accept", kAcceptCalls}, kDescriptorFiles{"descriptor-files", kDescriptorFileCalls},
    kTokenFiles{"token-files", kTokenFileCalls},
    kReadFiles{"read-files", kReadFileCalls}, kWriteFiles{"write-files", kWriteFileCalls},
    kOwnSize{"own-size", kOwnSizeCalls},
    kSanitizers{"sanitizers", kSanitizerCalls};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POSTERN_SANITIZED , &kSanitizers
#else
#define POSTERN_SANITIZED
#endif

constexpr std::array kTerminator = std::to_array<const Group*>({&kMemory, &kLoop, &kTalk, &kAccept POSTERN_SANITIZED});
constexpr std::array kEnforcer = std::to_array<const Group*>({&kMemory, &kLoop, &kTalk, &kDescriptorFiles, &kOwnSize POSTERN_SANITIZED});
constexpr std::array kKeeper = std::to_array<const Group*>({&kMemory, &kLoop, &kTalk, &kDescriptorFiles POSTERN_SANITIZED});
constexpr std::array kKeeperWithModule = std::to_array<const Group*>({&kMemory, &kLoop, &kTalk, &kDescriptorFiles, &kTokenFiles POSTERN_SANITIZED});
constexpr std::array kLedger = std::to_array<const Group*>({&kMemory, &kLoop, &kTalk, &kReadFiles, &kWriteFiles POSTERN_SANITIZED});
constexpr std::array kConsole = std::to_array<const Group*>({&kMemory, &kLoop, &kTalk, &kAccept, &kReadFiles POSTERN_SANITIZED});
constexpr std::array kDesk = std::to_array<const Group*>({&kMemory, &kLoop, &kTalk, &kAccept, &kReadFiles, &kWriteFiles POSTERN_SANITIZED});
constexpr std::array kIntake = std::to_array<const Group*>({&kMemory, &kLoop, &kTalk POSTERN_SANITIZED});
constexpr std::array kLink = std::to_array<const Group*>({&kMemory, &kLoop, &kTalk, &kAccept, &kDescriptorFiles POSTERN_SANITIZED});
constexpr std::array kAll = std::to_array<const Group*>({&kMemory, &kLoop, &kTalk, &kAccept, &kDescriptorFiles, &kTokenFiles, &kReadFiles, &kWriteFiles, &kOwnSize, &kSanitizers});

// SQLite seeds itself from urandom; the index remembers in which life of the machine it was open (audit/index.h).
// A reader of the index writes to the file through which it shares the write-ahead log, and to no other; but
// Landlock grants folders, so the index has one of its own, and the console may damage it, not the log.
constexpr std::array kLedgerPaths = std::to_array<Path>({
    {"", "", Access::Change}, {"", "index", Access::Change}, {"/dev/urandom", "", Access::Read},
    {"/proc/sys/kernel/random/boot_id", "", Access::Read}});
constexpr std::array kConsolePaths = std::to_array<Path>({
    {"", "", Access::Read}, {"", "index", Access::Share}, {"/dev/urandom", "", Access::Read}});

// Of Mission Control: SQLite's files.
constexpr std::array kDeskPaths = std::to_array<Path>({{"", "", Access::Change}, {"/dev/urandom", "", Access::Read}});

constexpr std::array kProfiles = std::to_array<Profile>({
    // role        calls        paths          descriptors  keeps_files  has_pool  runs_soon
    {"terminator", kTerminator, {},            0,           false,       false,   true},
    {"enforcer",   kEnforcer,   {},            0,           false,       false,   false},
    {"keeper",     kKeeper,     {},            1024,        false,       false,   false},
    {kKeeperWithModuleRole, kKeeperWithModule, {}, 1024,    false,       false,   false},  // its paths stand in the configuration
    {"ledger",     kLedger,     kLedgerPaths,  4096,        true,        true,    true},
    {"console",    kConsole,    kConsolePaths, 0,           true,        true,    false},
    {"desk",       kDesk,       kDeskPaths,    0,           true,        true,    false},
    {"relay",      kTerminator, {},            0,           false,       false,   false},
    {"intake",     kIntake,     {},            256,         false,       false,   false},
    {"link",       kLink,       {},            256,         false,       false,   false},
});
// clang-format on

void render_condition(const Condition& condition, std::string& out) {
  if (condition.argument < 0) return;
  const std::string value = condition.value == kOwnProcess ? "self" : std::to_string(condition.value);
  out += " arg" + std::to_string(condition.argument) + "&" + std::to_string(condition.mask) + "=" + value;
}

}  // namespace

std::string_view to_text(Access access) {
  constexpr std::array<std::string_view, 5> kNames{"read", "share", "change", "run", "remove"};
  return kNames.at(static_cast<std::size_t>(access));
}

const Profile* profile_of(std::string_view role) {
  for (const Profile& profile : kProfiles) {
    if (profile.role == role) return &profile;
  }
  return nullptr;
}

std::span<const Profile> all_profiles() { return kProfiles; }
std::span<const Group* const> all_groups() { return kAll; }

std::string render(const Profile& profile) {
  std::string out = "role " + std::string(profile.role) + '\n';
  for (const Group* group : profile.groups) {
    for (const Call& call : group->calls) {
      out += "call " + std::string(call.name);
      render_condition(call.first, out);
      render_condition(call.second, out);
      out += '\n';
    }
  }
  for (const Path& path : profile.paths) {
    out += "path " + std::string(path.system.empty() ? "state/" : path.system) + std::string(path.below) +
           ' ' + std::string(to_text(path.access)) + '\n';
  }
  out += "descriptors " + std::to_string(profile.descriptors) + '\n';
  out += profile.keeps_files ? "keeps files\n" : "keeps no files\n";
  return out;
}

std::string hash_of(const Profile& profile) { return base::sha256_hex(render(profile)); }

}  // namespace postern::proc
