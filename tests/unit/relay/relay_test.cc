// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A real relay on a real loopback socket, with a desk that a test plays by hand on a loop of its own: it stands still until
// that one is turned.
#include "mission/relay/relay.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/relay/hello.h"

namespace postern::mission {
namespace {

using Frame = ipc::ExchangeFrame;

class Engineer {
 public:
  explicit Engineer(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  void send(std::string_view bytes) { unsent_ += bytes; }
  void pump() {
    const ssize_t n = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) unsent_.erase(0, static_cast<std::size_t>(n));
  }

 private:
  base::UniqueFd socket_;
  std::string unsent_;
};

struct RelayScene : ::testing::Test {
  void SetUp() override {
    base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&at), size), 0);
    ASSERT_EQ(::listen(listener.get(), 512), 0);
    ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
    port = ntohs(at.sin_port);
    RelayLimits limits;
    limits.connections_per_address = limits.connections;
    limits.answer = limits.hello = 300 * base::kSecond;  // it may be a slow machine
    relay = std::make_unique<Relay>(loop, std::move(listener), limits);
    relay->on_breach([](const std::string& why) { ADD_FAILURE() << why; });
    auto ends = *ipc::make_ring_pair();
    ASSERT_TRUE(relay->set_channel(std::move(ends.first)).ok());
    desk = *ipc::ExchangeChannel::open(
        elsewhere, std::move(ends.second), 1,
        [this](Frame type, std::uint64_t, std::string_view payload) {
          if (type == Frame::RequestHead) ++asked;
          if (type == Frame::RequestBody) said += payload.size();
        },
        [](const base::Error& why) { ADD_FAILURE() << why.message; });
  }
  void TearDown() override {
    engineers.clear();
    relay.reset();
    desk.reset();
    loop.turn();
    elsewhere.turn();
  }
  template <typename Done>
  bool turn_until(Done done) {
    const base::Nanos end = loop.now() + 60 * base::kSecond;
    while (!done() && loop.now() < end) {
      for (auto& engineer : engineers) engineer->pump();
      loop.turn();
    }
    return done();
  }
  void connect(std::string_view says) {
    engineers.push_back(std::make_unique<Engineer>(port));
    engineers.back()->send(says);
  }

  loop::Loop loop, elsewhere;
  std::uint16_t port = 0;
  std::unique_ptr<Relay> relay;
  std::unique_ptr<ipc::ExchangeChannel> desk;
  std::vector<std::unique_ptr<Engineer>> engineers;
  std::size_t asked = 0, said = 0;
};

TEST_F(RelayScene, NobodyIsReadWhileMuchWaitsForTheDesk) {
  constexpr std::size_t kEngineers = 150;
  const std::string says = record(message(server_name("acme.reach.example"))) + std::string(120'000, 'x');
  for (std::size_t i = 1; i <= kEngineers; ++i) {
    connect(says);
    ASSERT_TRUE(turn_until([&] { return relay->connections() == i; }));
  }
  ASSERT_TRUE(turn_until([&] { return relay->waiting() > Relay::kMuchWaiting; }));
  connect(says);  // one who comes late
  const base::Nanos since = loop.now();
  ASSERT_TRUE(turn_until([&] { return loop.now() - since > 300 * base::kMillisecond; }));
  EXPECT_EQ(relay->connections(), kEngineers + 1);
  EXPECT_LT(relay->waiting(), Relay::kMuchWaiting + (64U << 10U)) << "one read may come on top";
  ASSERT_TRUE(turn_until([&] {
    elsewhere.turn();
    return said == (kEngineers + 1) * says.size();
  })) << said;
  EXPECT_EQ(asked, kEngineers + 1);
}

}  // namespace
}  // namespace postern::mission
