// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/sockets.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <thread>

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

TEST_F(ControlSocket, NeverTakesThePlaceOfAFile) {
  std::ofstream(path) << "notes";
  const auto bound = bind_control(path, std::nullopt);
  ASSERT_FALSE(bound.ok());
  EXPECT_EQ(bound.error().message, path + ": is there and is not a socket: remove it");
}

}  // namespace
}  // namespace postern::supervisor
