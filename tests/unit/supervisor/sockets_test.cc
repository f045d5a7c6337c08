// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/sockets.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "gateway/proc/privileges.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

struct ControlSocket : testing::Test {
  Folder folder;
  const std::string path = folder.path("control.sock");
};

TEST_F(ControlSocket, OfAGatewayThatIsGoneIsTaken) {
  {
    const auto before = bind_control(path, std::nullopt);
    ASSERT_TRUE(before.ok()) << before.error().message;
  }
  struct stat info {};
  ASSERT_EQ(::lstat(path.c_str(), &info), 0) << "its file outlives it";
  EXPECT_TRUE(bind_control(path, std::nullopt).ok());
}

TEST_F(ControlSocket, IsWaitedForWhereItsGatewayIsJustEnding) {
  auto before = bind_control(path, std::nullopt);
  ASSERT_TRUE(before.ok()) << before.error().message;
  std::thread ending([held = *std::move(before)]() mutable {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    held.reset();
  });
  EXPECT_TRUE(bind_control(path, std::nullopt).ok());
  ending.join();
}

TEST_F(ControlSocket, OfOneThatServesIsLeftAlone) {
  const auto serves = bind_control(path, std::nullopt);
  ASSERT_TRUE(serves.ok()) << serves.error().message;
  const auto second = bind_control(path, std::nullopt);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().message, path + ": another one serves there");
}

TEST_F(ControlSocket, IsForItsGroupAlone) {
  const mode_t before = ::umask(0);
  const bool root = proc::is_root();
  const auto account = root ? proc::find_account("nobody") : base::Result<proc::Account>(proc::Account{});
  ASSERT_TRUE(account.ok());
  const auto bound = bind_control(path, root ? std::optional(*account) : std::nullopt);
  ::umask(before);
  ASSERT_TRUE(bound.ok()) << bound.error().message;
  struct stat info {};
  ASSERT_EQ(::lstat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0660U);
  EXPECT_EQ(info.st_uid, ::geteuid());
  EXPECT_EQ(info.st_gid, root ? account->gid : ::getegid());
}

// The folder is the account's that the gateway is to run as, and whoever binds is root.
TEST_F(ControlSocket, LeavesAloneWhatSomebodyPutsInItsPlace) {
  const std::string victim = folder.path("victim");
  std::ofstream(victim) << "a secret";
  ASSERT_EQ(::chmod(victim.c_str(), 0600), 0);
  std::atomic<bool> over = false;
  std::thread other([&] {
    while (!over) {
      struct stat info {};
      if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) continue;
      ::unlink(path.c_str());
      static_cast<void>(::symlink(victim.c_str(), path.c_str()));
    }
  });
  const auto account = proc::is_root() ? std::optional(*proc::find_account("nobody")) : std::nullopt;
  struct stat info {};
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  do {
    static_cast<void>(bind_control(path, account));
    ::unlink(path.c_str());
    ASSERT_EQ(::lstat(victim.c_str(), &info), 0);
  } while ((info.st_mode & 0777U) == 0600U && info.st_gid == ::getegid() &&
           std::chrono::steady_clock::now() < end);
  over = true;
  other.join();
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(info.st_gid, ::getegid());
}

TEST_F(ControlSocket, NeverTakesThePlaceOfAFile) {
  std::ofstream(path) << "notes";
  const auto bound = bind_control(path, std::nullopt);
  ASSERT_FALSE(bound.ok());
  EXPECT_EQ(bound.error().message, path + ": is there and is not a socket: remove it");
}

}  // namespace
}  // namespace postern::supervisor
