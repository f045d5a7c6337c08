// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The wall around the whole gateway, tried from inside by a process of its own: what it must refuse, and what it must let pass.
#include "gateway/proc/outer_wall.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>

#include "gateway/proc/landlock.h"
#include "gateway/proc/privileges.h"

namespace postern::proc {
namespace {

struct OuterWall : testing::Test {
  std::string place;
  Grounds grounds;

  void SetUp() override {
    if (landlock_abi() == 0) GTEST_FAIL() << "this kernel has no Landlock: nothing can be shown";
    char name[] = "/tmp/postern-wall-XXXXXX";
    place = ::mkdtemp(name);
    grounds = {place + "/roles", place + "/state", place + "/run"};
    for (const std::string& folder :
         {grounds.roles_directory, grounds.state_directory, grounds.control_directory, place + "/keys"})
      ASSERT_TRUE(std::filesystem::create_directory(folder));
    std::filesystem::copy_file("/bin/true", grounds.roles_directory + "/role");
    std::ofstream(place + "/keys/a.key") << "a key";
    std::ofstream(grounds.control_directory + "/control.sock") << "";
  }
  void TearDown() override { std::filesystem::remove_all(place); }

  // Inside the wall, in a process of its own: 0, or what errno says.
  int inside(const std::function<int()>& act) const {
    const pid_t pid = ::fork();
    if (pid == 0) {
      if (!harden_process().ok()) ::_exit(250);
      const auto walls = build_outer_wall(grounds);
      if (!walls.ok() || walls->profile.size() != 64 || !walls->missing.empty()) ::_exit(251);
      ::_exit(act());
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 252;
  }
};

int open_for(const std::string& path, int flags) {
  const base::UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  return fd.valid() ? 0 : errno;
}
int run(const std::string& path) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execl(path.c_str(), path.c_str(), "-c", "exit 0", static_cast<char*>(nullptr));
    ::_exit(errno);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 252;
}
int outcome(int result) { return result == 0 ? 0 : errno; }

TEST_F(OuterWall, ProvesItself) {
  EXPECT_EQ(inside([] {
              const Proof proof = prove_outer_wall();
              return proof.open.empty() && proof.attempts >= 3 && proof.refused == proof.attempts ? 0 : 1;
            }),
            0);
  const Proof outside = prove_outer_wall();
  EXPECT_EQ(outside.refused, 0) << "outside of the wall all of it works, so the proof proves something";
}

TEST_F(OuterWall, RunsTheRolesAndNothingElse) {
  EXPECT_EQ(inside([this] { return run(grounds.roles_directory + "/role"); }), 0);
  EXPECT_EQ(inside([] { return run("/bin/true"); }), EACCES);
  EXPECT_EQ(inside([] { return run("/bin/sh"); }), EACCES);
  EXPECT_EQ(inside([this] {
              std::filesystem::copy_file("/bin/true", grounds.state_directory + "/own");
              return run(grounds.state_directory + "/own");
            }),
            EACCES)
      << "not even what was made where it may write";
}

TEST_F(OuterWall, ChangesNothingButTheState) {
  const int make = O_WRONLY | O_CREAT | O_EXCL;
  EXPECT_EQ(inside([&] { return open_for(grounds.state_directory + "/journal", make); }), 0);
  EXPECT_EQ(inside([&] { return open_for(place + "/keys/a.key", O_RDONLY); }), 0);
  EXPECT_EQ(inside([&] { return open_for(place + "/keys/a.key", O_WRONLY); }), EACCES);
  EXPECT_EQ(inside([&] { return open_for(place + "/keys/b.key", make); }), EACCES);
  EXPECT_EQ(inside([&] { return open_for(grounds.roles_directory + "/role", O_WRONLY); }), EACCES);
  EXPECT_EQ(inside([&] { return outcome(::unlink((place + "/keys/a.key").c_str())); }), EACCES);
  EXPECT_EQ(inside([&] { return outcome(::unlink((grounds.roles_directory + "/role").c_str())); }), EACCES);
  EXPECT_EQ(inside([&] { return open_for(grounds.control_directory + "/other", make); }), EACCES);
  EXPECT_EQ(inside([&] { return outcome(::unlink((grounds.control_directory + "/control.sock").c_str())); }),
            0);
}

TEST_F(OuterWall, BindsNoPortAndStillConnects) {
  if (landlock_abi() < 4) GTEST_SKIP() << "this kernel's Landlock knows nothing of TCP";
  const base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener.get(), generic, size), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ASSERT_EQ(::getsockname(listener.get(), generic, &size), 0);
  EXPECT_EQ(inside([&] {
              const base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
              return outcome(::connect(fd.get(), generic, size));
            }),
            0);
  EXPECT_EQ(inside([&] {
              const base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
              address.sin_port = 0;
              return outcome(::bind(fd.get(), generic, size));
            }),
            EACCES);
}

TEST_F(OuterWall, SignalsItsOwnAndNobodyElse) {
  if (landlock_abi() < 6) GTEST_SKIP() << "this kernel's Landlock knows nothing of signals";
  const pid_t self = ::getpid();
  EXPECT_EQ(inside([&] { return outcome(::kill(self, 0)); }), EPERM);
  EXPECT_EQ(inside([] {
              const pid_t child = ::fork();
              if (child == 0) ::pause();
              const int result = outcome(::kill(child, SIGKILL));
              ::waitpid(child, nullptr, 0);
              return result;
            }),
            0);
}

}  // namespace
}  // namespace postern::proc
