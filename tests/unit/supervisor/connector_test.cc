// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/connector.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <csignal>
#include <optional>

#include "gateway/supervisor/child.h"
#include "gateway/supervisor/sockets.h"

namespace postern::supervisor {
namespace {

struct Connecting : testing::Test {
  loop::Loop loop;
  Connector connector{loop};

  base::Result<base::UniqueFd> connect(const std::string& host, std::uint16_t port) {
    std::optional<base::Result<base::UniqueFd>> result;
    connector.connect({host, port}, 5 * base::kWallSecond, [&](base::Result<base::UniqueFd> socket) {
      result.emplace(std::move(socket));
      loop.stop();
    });
    while (!result) loop.run();
    return std::move(*result);
  }
};

TEST_F(Connecting, HandsOverAConnectedSocketThatDoesNotDelay) {
  Address address{"127.0.0.1", 0, false};
  const base::Result<base::UniqueFd> listener = bind_listener(address);
  ASSERT_TRUE(listener.ok());
  const base::Result<base::UniqueFd> socket = connect("127.0.0.1", address.port);
  ASSERT_TRUE(socket.ok()) << socket.error().message;
  int on = 0;
  socklen_t size = sizeof on;
  ::getsockopt(socket->get(), IPPROTO_TCP, TCP_NODELAY, &on, &size);
  EXPECT_EQ(on, 1);
  EXPECT_EQ(connector.under_way(), 0U);
}

TEST_F(Connecting, ResolvesNames) {
  Address address{"127.0.0.1", 0, false};
  const base::Result<base::UniqueFd> listener = bind_listener(address);
  ASSERT_TRUE(listener.ok());
  EXPECT_TRUE(connect("localhost", address.port).ok());
}

TEST_F(Connecting, SaysWhyANodeCannotBeReached) {
  std::uint16_t port = 0;
  {
    Address address{"127.0.0.1", 0, false};
    const base::Result<base::UniqueFd> gone = bind_listener(address);
    port = address.port;
  }
  const base::Result<base::UniqueFd> socket = connect("127.0.0.1", port);
  ASSERT_FALSE(socket.ok());
  EXPECT_EQ(socket.error().side, base::Side::Component);
  EXPECT_EQ(socket.error().message,
            "no connection to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

TEST_F(Connecting, RefusesMoreAtOnceThanItsLimit) {
  std::size_t refused = 0;
  for (std::size_t i = 0; i <= kMostConnects; ++i) {
    // A name: none of these can end before the loop turns.
    connector.connect({"localhost", 9}, base::kWallSecond, [&](const base::Result<base::UniqueFd>& socket) {
      if (!socket.ok() && socket.error().message == "too many connections are being opened at once")
        ++refused;
    });
  }
  EXPECT_EQ(refused, 1U);
  while (connector.under_way() > 0) loop.turn();
}

TEST(BackOff, DoublesUpToTenSeconds) {
  EXPECT_EQ(back_off(1), 100 * base::kMillisecond);
  EXPECT_EQ(back_off(2), 200 * base::kMillisecond);
  EXPECT_EQ(back_off(7), 6400 * base::kMillisecond);
  EXPECT_EQ(back_off(8), 10 * base::kSecond);
  EXPECT_EQ(back_off(1'000'000), 10 * base::kSecond);
}

TEST(BackOff, CountsEveryEndButAKillFromOutside) {
  EXPECT_FALSE(counts_as_death({0, SIGKILL}, false));
  EXPECT_TRUE(counts_as_death({0, SIGKILL}, true));
  EXPECT_TRUE(counts_as_death({0, SIGSEGV}, false));
  EXPECT_TRUE(counts_as_death({1, 0}, false));
}

}  // namespace
}  // namespace postern::supervisor
