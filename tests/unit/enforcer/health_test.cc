// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/health.h"

#include <sys/socket.h>

#include <array>
#include <map>

#include "tests/unit/enforcer/fakes.h"
#include "tests/unit/tls/pair.h"

namespace postern::enforcer {
namespace {

using State = ComponentPool::NodeState;

// The checks of one node, played by the test: it takes connections or not, and answers as it is told.
class Health : public ::testing::Test, public LedgerListener {
 protected:
  Health() {
    auto sockets = *ipc::make_socket_pair();
    client.set_channel(std::move(sockets.first));
    ledger = std::make_unique<FakeLedger>(loop, std::move(sockets.second));
  }
  void start(bool records = true) {
    Service service;
    service.name = "prom";
    service.nodes.push_back(node);
    ASSERT_TRUE(pool.set_services({service}, {}).ok());
    checks.restart(records);
  }
  void connect(const std::function<void(base::Result<base::UniqueFd>)>& then) {
    ++connects;
    if (refuses)
      return then(base::fail(base::Code::Unavailable, base::Side::Component, "connection refused"));
    auto sockets = *ipc::make_socket_pair();
    theirs = std::move(sockets.second);
    then(std::move(sockets.first));
  }
  void play() {
    std::array<char, 4096> piece{};
    if (!theirs.valid()) return;
    const ssize_t n = ::recv(theirs.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (n <= 0) return;
    asked.assign(piece.data(), static_cast<std::size_t>(n));
    if (!answer.empty()) ::send(theirs.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
  }
  template <typename Condition>
  [[nodiscard]] bool until(Condition condition) {
    return turn_until(
        loop,
        [&] {
          play();
          return condition();
        },
        20'000'000);
  }
  State state() { return pool.state(0); }
  std::string last_reason() {
    EXPECT_TRUE(until([&] { return !ledger->events("node.down").empty(); }));
    return base::json_text_or(ledger->events("node.down").back()["detail"], "reason", "");
  }
  static Node with_check() {
    Node out;
    out.service = "prom";
    out.url = "http://prom:9090";
    out.authority = "prom:9090";
    out.health.path = "/-/healthy";
    out.health.interval = base::kMillisecond;
    out.health.status_to = 299;
    return out;
  }

  void on_state(const ipc::StateSnapshot&, const base::Json&) override {}
  void on_change(const ipc::Change&, const base::Json&) override {}
  void on_policy(std::string_view, const std::string*) override {}
  void on_cookie(const ipc::Cookie&) override {}
  void on_jars_wanted() override {}
  void on_node_task(const ipc::NodeTask&) override {}
  void on_activity_due() override {}

  loop::Loop loop;
  base::SystemClock clock;
  Node node = with_check();
  bool refuses = false;
  int connects = 0;
  std::string asked, answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  base::UniqueFd theirs;
  LedgerClient client{loop, *this};
  std::unique_ptr<FakeLedger> ledger;
  Recorder recorder{loop, client};
  keeper::KeyRing keys;
  tls::RingSigner signer{keys};
  ComponentPool pool{
      loop, clock,
      [this](std::uint32_t, const std::function<void(base::Result<base::UniqueFd>)>& then) { connect(then); },
      signer, [] { return true; }};
  HealthChecks checks{loop, pool, recorder};
};

TEST_F(Health, ANodeThatAnswersIsUp) {
  start();
  EXPECT_TRUE(until([&] { return state() == State::Up; }));
  EXPECT_TRUE(asked.starts_with("GET /-/healthy HTTP/1.1\r\nhost: prom:9090\r\n")) << asked;
  EXPECT_TRUE(until([&] { return ledger->events("node.up").size() == 1; }));
}

TEST_F(Health, OneFailureIsNoneTwoAreAndOneSuccessBringsItBack) {
  refuses = true;
  start();
  ASSERT_TRUE(until([&] { return connects == 1; }));
  EXPECT_EQ(state(), State::Unknown);
  ASSERT_TRUE(until([&] { return state() == State::Down; }));
  EXPECT_EQ(connects, HealthChecks::kFailuresToBeDown);
  EXPECT_EQ(last_reason(), "connection refused");
  refuses = false;
  ASSERT_TRUE(until([&] { return state() == State::Up; }));
  EXPECT_TRUE(until([&] { return ledger->events("node.up").size() == 1; }));
  EXPECT_EQ(ledger->events("node.down").size(), 1U);
}

TEST_F(Health, AnAnswerOutsideTheRangeIsAFailure) {
  answer = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
  start();
  ASSERT_TRUE(until([&] { return state() == State::Down; }));
  EXPECT_EQ(last_reason(), "it answered 500");
}

TEST_F(Health, SilenceIsAFailure) {
  answer.clear();
  node.health.timeout = base::kMillisecond;
  start();
  ASSERT_TRUE(until([&] { return state() == State::Down; }));
  EXPECT_TRUE(last_reason().starts_with("no answer within")) << last_reason();
}

TEST_F(Health, ANodeWithoutACheckIsNeitherUpNorDown) {
  node.health.path.clear();
  start();
  for (int i = 0; i < 1000; ++i) loop.turn();
  EXPECT_EQ(connects, 0);
  EXPECT_EQ(state(), State::Unknown);
}

TEST_F(Health, OnlyOneEnforcerRecordsWhatAllOfThemSee) {
  refuses = true;
  start(false);
  ASSERT_TRUE(until([&] { return state() == State::Down; }));
  for (int i = 0; i < 100; ++i) loop.turn();
  EXPECT_TRUE(ledger->events("node.down").empty());
}

TEST_F(Health, ANodeThatIsDownIsTheLastChoice) {
  Node other = with_check();
  other.url = "http://other:9090";
  other.health.path.clear();
  Service service;
  service.name = "prom";
  service.nodes = {node, other};
  ASSERT_TRUE(pool.set_services({service}, {}).ok());
  pool.set_state(0, State::Down);
  EXPECT_EQ(pool.choose("prom", -1), 1);
  pool.set_state(0, State::Up);
  EXPECT_EQ(pool.choose("prom", -1), 0);
  EXPECT_EQ(pool.choose("prom", 0), 1);
  EXPECT_EQ(pool.choose("elsewhere", -1), -1);
}

}  // namespace
}  // namespace postern::enforcer
