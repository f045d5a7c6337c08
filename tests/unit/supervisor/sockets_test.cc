// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/sockets.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
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

// Of root alone somebody else's is asked for: anybody else can give nothing away, and is refused the same.
struct GivenDirectory : testing::Test {
  Folder folder;
  const std::string path = folder.path("line");
  const proc::Account account =
      proc::is_root() ? *proc::find_account("nobody") : proc::Account{::geteuid(), ::getegid(), "me"};

  static uid_t owner_of(const std::string& of) {
    struct stat info {};
    EXPECT_EQ(::lstat(of.c_str(), &info), 0) << of;
    return info.st_uid;
  }
  void expect_refused(const std::string& left_alone) {
    const base::Status given = give_directory(path, account);
    ASSERT_FALSE(given.ok());
    EXPECT_EQ(given.error().message, path + ": somebody has put something else in its place");
    EXPECT_EQ(owner_of(left_alone), ::geteuid());
  }
};

TEST_F(GivenDirectory, IsTheAccountsOnceItIsMade) {
  const auto made = make_directory(path, 0700, account);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(owner_of(path), account.uid);
  EXPECT_TRUE(make_directory(path, 0700, account).ok()) << "it is there already";
}

TEST_F(GivenDirectory, IsNothingThatALinkInItsPlaceLeadsTo) {
  const std::string file = folder.path("shadow"), directory = folder.path("secrets");
  std::ofstream(file) << "a secret";
  ASSERT_EQ(::mkdir(directory.c_str(), 0700), 0);
  for (const std::string& victim : {file, directory}) {
    ASSERT_EQ(::symlink(victim.c_str(), path.c_str()), 0);
    expect_refused(victim);
    EXPECT_EQ(owner_of(path), ::geteuid()) << "nor the link";
    ASSERT_EQ(::unlink(path.c_str()), 0);
  }
}

TEST_F(GivenDirectory, IsNothingElseOfOursThatWasMovedThere) {
  std::ofstream(path) << "a file";
  expect_refused(path);
  ASSERT_EQ(::unlink(path.c_str()), 0);
  ASSERT_EQ(::mkdir(path.c_str(), 0700), 0);
  std::ofstream(path + "/key") << "a secret";
  expect_refused(path);
}

// Whoever makes it is root, and the folder is the account's.
TEST_F(GivenDirectory, LeavesAloneWhatSomebodyPutsInItsPlace) {
  const std::string victim = folder.path("shadow"), link = folder.path("link");
  std::ofstream(victim) << "a secret";
  ASSERT_EQ(::symlink(victim.c_str(), link.c_str()), 0);
  std::atomic<bool> over = false;
  std::thread other([&] {
    while (!over) {
      if (::renameat2(AT_FDCWD, link.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) != 0) continue;
      ::rmdir(link.c_str());
      static_cast<void>(::symlink(victim.c_str(), link.c_str()));
    }
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  do {
    static_cast<void>(make_directory(path, 0700, account));
    if (::unlink(path.c_str()) != 0) ::rmdir(path.c_str());
  } while (owner_of(victim) == ::geteuid() && std::chrono::steady_clock::now() < end);
  over = true;
  other.join();
  EXPECT_EQ(owner_of(victim), ::geteuid());
}

}  // namespace
}  // namespace postern::supervisor
