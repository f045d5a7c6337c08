// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/connector.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <csignal>
#include <future>
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

TEST_F(Connecting, CountsWhatWhoeverAsksHasNotTaken) {
  Connector few(loop, 4);
  std::vector<std::string> said;
  for (const std::size_t waiting : {3U, 3U, 2U, 5U, 2U, 1U}) {
    few.connect(
        {"localhost", 9}, base::kWallSecond,
        [&](const base::Result<base::UniqueFd>& socket) { said.push_back(socket.error().message); }, waiting);
  }
  EXPECT_EQ(said, std::vector<std::string>(3, "too many connections are being opened at once"));
  EXPECT_EQ(few.under_way(), 3U);
  while (few.under_way() > 0) loop.turn();
}

// The resolver goes on after whoever asked has given up, on one of few threads.
TEST_F(Connecting, CountsLookUpsThatNobodyWaitsForAnyMore) {
  Connector few(loop, 2);
  std::promise<void> open;
  const std::shared_future<void> opened = open.get_future().share();
  int held = 16;  // more than the pool has threads
  for (int i = held; i > 0; --i) loop.run_elsewhere([opened] { opened.wait(); }, [&held] { --held; });
  std::vector<std::string> said;
  const auto ask = [&] {
    few.connect({"localhost", 9}, base::kWallSecond / 1000,
                [&](const base::Result<base::UniqueFd>& socket) { said.push_back(socket.error().message); });
  };
  ask();
  ask();
  while (few.under_way() > 0) loop.turn();
  ask();
  const std::string late = "no connection to localhost:9 within the timeout";
  EXPECT_EQ(said, (std::vector<std::string>{late, late, "too many connections are being opened at once"}));
  open.set_value();
  while (held > 0) loop.turn();
  for (int i = 0; i < 1000 && said.back() != "no connection to localhost:9: Connection refused"; ++i) {
    few.connect({"localhost", 9}, base::kWallSecond,
                [&](const base::Result<base::UniqueFd>& socket) { said.push_back(socket.error().message); });
    const std::size_t before = said.size();
    while (few.under_way() > 0 && said.size() == before) loop.turn();
    loop::Timer soon(loop, [] {});
    soon.start(base::kMillisecond);
    loop.turn();
  }
  EXPECT_EQ(said.back(), "no connection to localhost:9: Connection refused") << "the room comes back";
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
