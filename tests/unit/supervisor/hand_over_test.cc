// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The side of a hand-over that serves, against another that a test plays; and what they say to each other.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/supervisor/hand_over_giver.h"
#include "gateway/supervisor/sockets.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

HandOverOffer some_offer() {
  HandOverOffer offer;
  offer.version = "0.1.0";
  offer.program = "1:2";
  offer.control = "/run/postern/control.sock";
  offer.pid = 7;
  offer.support = {"0.0.0.0", 8443, false};
  offer.admin = {"::1", 9443, true};
  return offer;
}

TEST(HandOverProtocol, ReadsWhatItWrites) {
  HandOverOffer offer = some_offer();
  offer.challenge = Address{"0.0.0.0", 80, false};
  offer.intake = Address{"0.0.0.0", 8444, false};
  offer.fds = {"support", "log"};
  const auto read = parse_hand_over_offer(base::dump_json(to_json(offer)));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(base::dump_json(to_json(*read)), base::dump_json(to_json(offer)));
  const auto end = parse_hand_over_end(base::dump_json(to_json(HandOverEnd{3, 250'000, 1'500'000})));
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->cut, 3U);
  EXPECT_EQ(end->closed, 250'000);
}

TEST(HandOverProtocol, RefusesWhatIsNotWhole) {
  const std::string whole = base::dump_json(to_json(some_offer()));
  for (const char* key : {"protocol", "pid", "support", "admin", "fds"}) {
    base::Json lacks = *base::parse_json(whole);
    lacks.erase(key);
    EXPECT_FALSE(parse_hand_over_offer(base::dump_json(lacks)).ok()) << key;
  }
  for (const char* text : {"", "7", "[]", R"({"protocol":2})", R"({"protocol":1,"pid":-1})"})
    EXPECT_FALSE(parse_hand_over_offer(text).ok()) << text;
  EXPECT_FALSE(parse_hand_over_ask(R"({"protocol":2,"version":"9"})").ok());
  EXPECT_EQ(*parse_hand_over_ask(R"({"protocol":1,"version":"9","more":[]})"), "9");
  EXPECT_EQ(parse_hand_over_why("?"), "it gave no reason");
  EXPECT_FALSE(parse_hand_over_end("null").ok());
}

struct Giving : testing::Test {
  Folder folder;
  loop::Loop loop;
  std::string hindrance, failed;
  int leaves = 0, stays = 0, ends = 0, again = 0;
  pid_t over = -1;
  std::function<void(std::uint32_t)> ended;
  std::unique_ptr<HandOverGiver> giver;
  std::vector<std::pair<HandOverFrame, std::string>> heard;
  std::size_t given = 0;  // descriptors
  bool broken = false;
  std::unique_ptr<ipc::SocketChannel> peer;

  void SetUp() override {
    ::mkdir(folder.path("state").c_str(), 0700);
    Config config;
    config.state_directory.path = folder.path("state");
    config.control_socket.path = folder.path("control.sock");
    config.support.address = config.admin.address = {"127.0.0.1", 0, false};
    base::Result<Sockets> sockets = bind_sockets(config, std::nullopt);
    ASSERT_TRUE(sockets.ok()) << sockets.error().message;
    HandOverGiver::Calls calls;
    calls.hindrance = [this](pid_t) { return hindrance; };
    calls.offer = [] {
      HandOverGiver::Offered out;
      out.offer = some_offer();
      out.offer.fds = {"log"};
      out.fds.emplace_back(::dup(STDERR_FILENO));
      return out;
    };
    calls.leave = [this](bool leaving) { ++(leaving ? leaves : stays); };
    calls.end = [this](auto done) {
      ++ends;
      ended = done;
    };
    calls.failed = [this](const HandOverGiver::Failure& failure) {
      failed = failure.why;
      again += failure.ended ? 1 : 0;
    };
    calls.over = [this](pid_t successor) { over = successor; };
    giver = std::make_unique<HandOverGiver>(loop, std::move(sockets->hand_over), std::move(calls));
    giver->set_limit(3600 * base::kSecond);
    connect();
  }
  void TearDown() override {
    peer.reset();
    giver.reset();
    loop.turn();
  }
  void connect() {
    heard.clear();
    broken = false;
    auto socket = connect_hand_over(folder.path("state"));
    ASSERT_TRUE(socket.ok()) << socket.error().message;
    peer = std::make_unique<ipc::SocketChannel>(
        loop, *std::move(socket), kHandOverLimits,
        [this](std::uint16_t type, std::string_view payload, const ipc::SocketChannel::Fds& fds) {
          heard.emplace_back(static_cast<HandOverFrame>(type), payload);
          given += fds.size();
        },
        [this](const base::Error&) { broken = true; });
  }
  void say(HandOverFrame type, const char* text = "{}") {
    peer->send(static_cast<std::uint16_t>(type), text);
  }
  template <typename Condition>
  [[nodiscard]] bool turn_until(Condition condition) {
    for (int i = 0; i < 100'000 && !condition(); ++i) loop.turn();
    return condition();
  }
  void ask() {
    say(HandOverFrame::Ask, R"({"protocol":1,"version":"0.2.0"})");
    ASSERT_TRUE(turn_until([&] { return heard.size() == 1; }));
    ASSERT_EQ(heard[0].first, HandOverFrame::Offer);
    EXPECT_EQ(given, 1U);
  }
  void prepare() {
    ask();
    say(HandOverFrame::Prepared);
    ASSERT_TRUE(turn_until([&] { return leaves == 1; }));
  }
  void give() {
    prepare();
    giver->left();
    ASSERT_EQ(ends, 1);
    ended(2);
    ASSERT_TRUE(turn_until([&] { return heard.size() == 2; }));
    ASSERT_EQ(heard[1].first, HandOverFrame::Yours);
    EXPECT_EQ(parse_hand_over_end(heard[1].second)->cut, 2U);
  }
};

TEST_F(Giving, EndsOnceTheOtherServes) {
  give();
  EXPECT_TRUE(giver->ending());
  say(HandOverFrame::Serving);
  ASSERT_TRUE(turn_until([&] { return over == ::getpid(); }));
  peer.reset();
  for (int i = 0; i < 10; ++i) loop.turn();
  EXPECT_EQ(failed, "");
}

TEST_F(Giving, GoesOnWhenTheOtherEndsWhileClientsAreToldToGo) {
  prepare();
  say(HandOverFrame::Failed, R"({"why":"keeper ended"})");
  peer->flush();
  peer.reset();
  ASSERT_TRUE(turn_until([&] { return failed == "keeper ended"; }));
  EXPECT_EQ(stays, 1);
  EXPECT_EQ(again, 0) << "no role was stopped";
  EXPECT_FALSE(giver->busy());
  connect();
  leaves = 0;
  given = 0;
  give();
}

TEST_F(Giving, StartsItsRolesAgainWhenTheOtherEndsWithTheLog) {
  give();
  peer.reset();
  ASSERT_TRUE(turn_until([&] { return !failed.empty(); }));
  EXPECT_EQ(again, 1);
}

TEST_F(Giving, EndsItsLogBeforeItTakesBack) {
  prepare();
  giver->left();
  peer.reset();
  for (int i = 0; i < 10; ++i) loop.turn();
  EXPECT_EQ(failed, "");
  ended(0);
  EXPECT_EQ(again, 1);
  EXPECT_EQ(heard.size(), 1U) << "the log was given to nobody";
}

TEST_F(Giving, SaysWhatHindersIt) {
  hindrance = "a reload is under way: try again";
  say(HandOverFrame::Ask, R"({"protocol":1,"version":"0.2.0"})");
  ASSERT_TRUE(turn_until([&] { return broken; }));
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].first, HandOverFrame::Refused);
  EXPECT_EQ(parse_hand_over_why(heard[0].second), hindrance);
  EXPECT_FALSE(giver->busy());
}

TEST_F(Giving, HandsOverToOneAtATime) {
  ask();
  auto first = std::move(peer);
  connect();
  ASSERT_TRUE(turn_until([&] { return broken; }));
  EXPECT_EQ(parse_hand_over_why(heard.at(0).second), "another hand-over is under way");
  peer = std::move(first);
}

TEST_F(Giving, WhoConnectsAndSaysNothingMakesRoomForTheNext) {
  for (int i = 0; i < 10; ++i) loop.turn();
  auto silent = std::move(peer);
  connect();
  ASSERT_TRUE(turn_until([&] { return broken; })) << "the silent one is still there";
  give();
  say(HandOverFrame::Serving);
  ASSERT_TRUE(turn_until([&] { return over == ::getpid(); }));
  EXPECT_EQ(failed, "");
}

TEST_F(Giving, BreaksOffWithWhoSaysWhatDoesNotFit) {
  ask();
  say(HandOverFrame::Serving);
  ASSERT_TRUE(turn_until([&] { return broken; }));
  EXPECT_EQ(failed, "it said what does not fit");
  EXPECT_EQ(leaves, 0);
}

TEST_F(Giving, WhatIsAlreadyTheOthersIsNotStopped) {
  give();
  EXPECT_TRUE(giver->abandon());
}

TEST_F(Giving, AGatewayThatIsStoppedHandsNothingOver) {
  prepare();
  EXPECT_FALSE(giver->abandon());
  ASSERT_TRUE(turn_until([&] { return broken; }));
  EXPECT_EQ(heard.back().first, HandOverFrame::Refused);
  EXPECT_EQ(failed, "");
}

}  // namespace
}  // namespace postern::supervisor
