// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

namespace postern::proc {
namespace {

struct NotifyTest : testing::Test {
  std::string path = testing::TempDir() + "notify-" + std::to_string(::getpid());
  base::UniqueFd manager{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};

  void SetUp() override {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    ASSERT_LT(path.size(), sizeof at.sun_path);
    std::memcpy(at.sun_path, path.c_str(), path.size());
    ASSERT_EQ(::bind(manager.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  }
  void TearDown() override {
    ::unlink(path.c_str());
    ::unsetenv("NOTIFY_SOCKET");
  }
};

TEST_F(NotifyTest, TellsTheServiceManagerThatStartedUs) {
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  const base::UniqueFd socket = open_notify();
  ASSERT_TRUE(socket.valid());
  notify(socket, "MAINPID=7");
  std::array<char, 64> heard{};
  const ssize_t size = ::recv(manager.get(), heard.data(), heard.size(), MSG_DONTWAIT);
  EXPECT_EQ(std::string(heard.data(), size < 0 ? 0 : static_cast<std::size_t>(size)), "MAINPID=7");
}

TEST_F(NotifyTest, IsSilentWhereNobodyWantsToHear) {
  ::unsetenv("NOTIFY_SOCKET");
  EXPECT_FALSE(open_notify().valid());
  notify({}, "READY=1");
  for (const char* nowhere : {"", "relative", "/nowhere/at/all"}) {
    ::setenv("NOTIFY_SOCKET", nowhere, 1);
    EXPECT_FALSE(open_notify().valid()) << nowhere;
  }
}

TEST(Service, IsTheSameForAProcessAndItself) {
  EXPECT_TRUE(is_same_service(::getpid(), ::getpid()));
  EXPECT_TRUE(is_same_service(::getpid(), 0)) << "of a process that is not there nothing is known";
}

}  // namespace
}  // namespace postern::proc
