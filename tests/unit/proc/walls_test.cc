// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The walls on this machine's kernel: what they refuse, and what they let pass.
#include "tests/unit/proc/walls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>

#include "gateway/proc/landlock.h"
#include "gateway/proc/self_test.h"

namespace postern::proc {
namespace {

const Profile& row(const char* role) { return *profile_of(role); }

struct State {
  std::string path;
  State() {
    char name[] = "/tmp/postern-walls-XXXXXX";
    path = ::mkdtemp(name);
    for (const char* folder : {"/log", "/index"}) std::filesystem::create_directory(path + folder);
    std::ofstream(path + "/log/segment") << "events";
  }
  ~State() { std::filesystem::remove_all(path); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

int error_of(int result) { return result < 0 ? errno : 0; }
int open_error(const std::string& path, int flags) {
  return error_of(::open(path.c_str(), flags | O_CLOEXEC, 0600));
}

TEST(Walls, RefuseWhatIsNotListedAndTellItsName) {
  const Watched seen = behind_walls(row("terminator"), "", [] {
    return open_error("/etc/passwd", O_RDONLY) == kRefused &&
                   error_of(::socket(AF_INET, SOCK_STREAM, 0)) == kRefused
               ? 0
               : 1;
  });
  EXPECT_EQ(seen.status, 0);
  EXPECT_EQ(seen.names, (std::set<std::string>{"openat", "socket"}));
}

TEST(Walls, LetWhatIsListedPass) {
  const Watched seen = behind_walls(row("keeper"), "", [] {
    void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED && ::mlock(memory, 4096) == 0 && ::getpid() > 0 ? 0 : 1;
  });
  EXPECT_EQ(seen.status, 0);
  EXPECT_TRUE(seen.names.empty());
}

TEST(Walls, JudgeArguments) {
  const Watched seen = behind_walls(row("enforcer"), "", [] {
    void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (::mprotect(memory, 4096, PROT_READ | PROT_EXEC) == 0) return 1;
    if (::fcntl(2, F_GETFL) < 0) return 2;
    if (::fcntl(2, F_DUPFD, 0) >= 0) return 3;
    if (::sendto(-1, "", 0, MSG_FASTOPEN, nullptr, 0) == 0 || errno != kRefused) return 4;
    return ::sendto(-1, "", 0, 0, nullptr, 0) < 0 && errno == EBADF ? 0 : 5;
  });
  EXPECT_EQ(seen.status, 0);
  EXPECT_EQ(seen.names, (std::set<std::string>{"mprotect", "fcntl", "sendto"}));
}

TEST(Walls, EndWhoeverCallsAsA32BitProgram) {
#if defined(__x86_64__)
  const Watched seen = behind_walls(row("enforcer"), "", [] {
    long number = 20;                                                       // getpid, in the other numbering
    __asm__ volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9");  // NOLINT
    return 0;
  });
  EXPECT_EQ(seen.status, 128 + SIGSYS);
#endif
}

TEST(Walls, HoldTheThreadsOfThePoolToo) {
  const State state;
  static std::atomic<int> born{0};
  static std::atomic<int> go{0};
  static std::atomic<int> outcome{-1};
  std::thread pool;
  const Watched seen = behind_walls(
      row("ledger"), state.path,
      [&] {
        go = 1;
        while (outcome < 0) ::sched_yield();
        pool.detach();
        return outcome == 0 ? 0 : 1;
      },
      [&] {
        pool = std::thread([&] {
          born = 1;
          while (go == 0) ::sched_yield();
          const bool files = open_error("/etc/passwd", O_RDONLY) == EACCES;
          const bool calls = error_of(::socket(AF_UNIX, SOCK_STREAM, 0)) == kRefused;
          outcome = files && calls ? 0 : 1;
        });
        // As libuv does: how the C library begins a thread is in no row.
        while (born == 0) ::sched_yield();
      });
  EXPECT_EQ(seen.status, 0);
}

TEST(Walls, KeepTheConsoleFromWritingTheLog) {
  const State state;
  const Watched seen = behind_walls(row("console"), state.path, [&] {
    if (open_error(state.path + "/log/segment", O_RDONLY) != 0) return 1;
    if (open_error(state.path + "/log/segment", O_WRONLY) != EACCES) return 2;
    if (open_error(state.path + "/log/new", O_WRONLY | O_CREAT) != EACCES) return 3;
    if (open_error(state.path + "/index/index.db-shm", O_RDWR | O_CREAT) != 0) return 4;
    if (::unlink((state.path + "/log/segment").c_str()) == 0) return 5;
    return open_error("/etc/passwd", O_RDONLY) == EACCES ? 0 : 6;
  });
  EXPECT_EQ(seen.status, 0);
}

TEST(Walls, LetTheLedgerDoWhatALogNeedsAndNothingElsewhere) {
  const State state;
  const Watched seen = behind_walls(row("ledger"), state.path, [&] {
    const int fd = ::open((state.path + "/log/new").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ::pwrite(fd, "x", 1, 0) != 1 || ::fdatasync(fd) != 0 || ::ftruncate(fd, 0) != 0) return 1;
    if (::posix_fallocate(fd, 0, 4096) != 0) return 2;
    if (::rename((state.path + "/log/new").c_str(), (state.path + "/index/moved").c_str()) != 0) return 3;
    if (::unlink((state.path + "/index/moved").c_str()) != 0) return 4;
    if (::mkdir((state.path + "/tile").c_str(), 0700) != 0) return 5;
    return open_error("/tmp/postern-elsewhere", O_WRONLY | O_CREAT) == EACCES ? 0 : 6;
  });
  EXPECT_EQ(seen.status, 0);
  EXPECT_TRUE(seen.names.empty());
}

TEST(Walls, LeaveShortSlicesToWhoeverHearsFirstThatSomethingIsTakenAway) {
  if (slice_of(0) == 0) GTEST_SKIP() << "this kernel has no slices to ask for";
  const State state;
  std::set<std::string> soon;
  for (const Profile& profile : all_profiles()) {
    const Watched seen = behind_walls(profile, profile.paths.empty() ? "" : state.path, [] { return 0; });
    EXPECT_EQ(seen.status, 0) << profile.role;
    if (seen.slice == kShortSlice)
      soon.insert(std::string(profile.role));
    else
      EXPECT_EQ(seen.slice, slice_of(0)) << profile.role;
  }
  EXPECT_EQ(soon, (std::set<std::string>{"ledger", "terminator"}));
}

TEST(Walls, AreNotBuiltAroundAProcessThatHasAThreadOutside) {
  std::atomic<bool> done{false};
  std::thread outside([&] {
    while (!done) std::this_thread::yield();
  });
  const base::Result<Walls> walls = confine(row("enforcer"), "", [] {});
  done = true;
  outside.join();
  ASSERT_FALSE(walls.ok());
  EXPECT_NE(walls.error().message.find("thread"), std::string::npos);
}

// Each version of Landlock, down to the oldest, can be asked of a newer kernel: what an older one would have
// been asked is what is built then.
TEST(Landlock, RefusesFilesOnTheTermsOfEveryVersion) {
  const State state;
  ASSERT_GT(landlock_abi(), 0);
  for (int abi = 1; abi <= landlock_abi(); ++abi) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      const std::array<Grant, 1> grants{{{state.path, Access::Read}}};
      if (!harden_process().ok() || !wall_off(grants, abi).ok()) ::_exit(1);
      if (open_error(state.path + "/log/segment", O_RDONLY) != 0) ::_exit(2);
      if (open_error(state.path + "/log/segment", O_WRONLY) != EACCES) ::_exit(3);
      ::_exit(open_error("/etc/passwd", O_RDONLY) == EACCES ? 0 : 4);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0) << "ABI " << abi;
  }
}

TEST(SelfTest, FindsEveryWallClosedInEveryRole) {
  const State state;
  for (const Profile& profile : all_profiles()) {
    const pid_t supervisor = ::getpid();
    const Watched seen = behind_walls(profile, profile.paths.empty() ? "" : state.path, [&] {
      const Proof proof = prove(profile, state.path, supervisor);
      return proof.attempts >= 40 && proof.refused == proof.attempts && proof.open.empty() ? 0 : 1;
    });
    EXPECT_EQ(seen.status, 0) << profile.role;
    EXPECT_GT(seen.names.size(), 25U) << profile.role;
  }
}

// The same without walls: a test that cannot fail would prove nothing. What is refused even then, the kernel
// refuses to whoever is not root.
TEST(SelfTest, FindsMostOfThemOpenWithoutWalls) {
  const State state;
  const pid_t pid = ::fork();
  if (pid == 0) {
    const Proof proof = prove(row("terminator"), state.path, ::getppid());
    ::_exit(proof.open.size() > 25 && proof.refused + static_cast<int>(proof.open.size()) == proof.attempts
                ? 0
                : 1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace postern::proc
