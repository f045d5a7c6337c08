// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Two servers on one store: here a file of SQLite, of which they take turns; with PostgreSQL it is tests/e2e's story.
#include "mission/desk/peers.h"

#include "tests/unit/desk/rig.h"

namespace postern::mission {
namespace {

using State = answer::Source::State;

class PeersTest : public DeskRig {
 protected:
  PeersTest() {  // the rig's own is not there
    const auto before = store->servers();
    for (const Server& one : *before) EXPECT_TRUE(*store->forget_server(one));
    EXPECT_TRUE(store->commit().ok());
  }
  struct Side {
    Side(PeersTest& rig, const std::string& id) {
      auto opened = open_sqlite_store(rig.directory + "/mission.sqlite");
      EXPECT_TRUE(opened.ok());
      store = *std::move(opened);
      commits = std::make_unique<Commits>(rig.loop, *store);
      parts = std::make_unique<Parts>(
          Parts{rig.clock,
                {kTestDomain, 86400 * base::kWallSecond, "1.2.3"},
                *certs::ClientVerifier::make({.roots_pem = rig.authority.certificate_pem}),
                *store,
                *commits,
                nullptr,
                nullptr,
                nullptr,
                nullptr});
      parts->server = id;
      lives = std::make_unique<Lives>(*parts);
      peers = std::make_unique<Peers>(*parts, *lives, Server{id, "machine " + id, "1", rig.ulid()}, false);
      peers->ready();
      commits->flush();
    }
    std::unique_ptr<answer::Source> open(const std::string& installation, const std::string& life,
                                         const std::string& client = "192.0.2.7:1") {
      auto out = lives->open({installation, life, client, 0});
      commits->flush();
      return out;
    }
    void look() {
      peers->look();
      lives->look();
      commits->flush();
    }
    std::unique_ptr<Store> store;
    std::unique_ptr<Commits> commits;
    std::unique_ptr<Parts> parts;
    std::unique_ptr<Lives> lives;
    std::unique_ptr<Peers> peers;
  };

  void pass(base::Nanos time, const std::vector<Side*>& alive) {
    for (base::Nanos passed = 0; passed < time; passed += base::kSecond) {
      clock.advance(base::kSecond);
      for (Side* one : alive) one->look();
    }
  }
  Standing standing(const Enrolled& who) { return (*store->installation(who.id))->standing; }
  std::string line(const Enrolled& who) { return (*store->installation(who.id))->line; }
  int events_of(const Enrolled& who, std::string_view type) {
    int count = 0;
    const auto all = store->events(who.id, 0, 1000);
    for (const StoredEvent& one : *all) count += one.type == type ? 1 : 0;
    return count;
  }
  static bool is_done(answer::Source& source, std::string& rest) {
    for (;;) {
      const State state = source.read(rest, 4096);
      if (state != State::More) return state == State::Done;
    }
  }
};

TEST_F(PeersTest, ALifeMovesToAnotherServerAndIsUpAllTheTime) {
  Side a(*this, "a"), b(*this, "b");
  const Enrolled who = enrolled();
  const std::string life = ulid();
  auto first = a.open(who.id, life);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(line(who), "a");
  auto second = b.open(who.id, life);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(line(who), "b");
  pass(Peers::kBeat, {&a, &b});
  std::string rest;
  EXPECT_TRUE(is_done(*first, rest)) << "the server that had it before lets go";
  first.reset();
  a.commits->flush();
  pass(2 * line::kSilence, {&a, &b});
  EXPECT_EQ(line(who), "b");
  EXPECT_EQ(standing(who), Standing::Up);
  EXPECT_EQ(events_of(who, "installation.up"), 1);
  EXPECT_EQ(events_of(who, "installation.late"), 0);
}

TEST_F(PeersTest, ASecondLifeOnAnotherServerIsACopyAndBothAreTold) {
  Side a(*this, "a"), b(*this, "b");
  const Enrolled who = enrolled();
  const auto first = a.open(who.id, ulid(), "192.0.2.7:1");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(b.open(who.id, ulid(), "192.0.2.8:2"), nullptr);
  pass(Peers::kBeat, {&a, &b});
  std::string told;
  EXPECT_FALSE(is_done(*first, told));
  EXPECT_EQ(told.find("conflict"), told.rfind("conflict")) << told;
  EXPECT_NE(told.find("192.0.2.8:2"), std::string::npos) << told;
  EXPECT_EQ(events_of(who, "installation.connected_twice"), 1);
  const auto noticed = store->events(who.id, 0, 1);
  EXPECT_EQ(noticed->front().body.at("client"), "192.0.2.7:1");
  EXPECT_EQ(noticed->front().body.at("other_client"), "192.0.2.8:2");
}

TEST_F(PeersTest, ALifeThatHasEndedMakesRoomOnEveryServer) {
  Side a(*this, "a"), b(*this, "b");
  const Enrolled who = enrolled();
  a.open(who.id, ulid()).reset();
  a.commits->flush();
  EXPECT_NE(b.open(who.id, ulid()), nullptr);
}

TEST_F(PeersTest, AServerThatDiesIsTakenOutAndItsInstallationsAreLateInTime) {
  auto a = std::make_unique<Side>(*this, "a");
  Side b(*this, "b"), c(*this, "c");
  const Enrolled comes = enrolled(), stays_away = enrolled();
  const std::string life = ulid();
  auto one = a->open(comes.id, life), two = a->open(stays_away.id, ulid());
  pass(Peers::kBeat, {a.get(), &b, &c});
  // It is killed: nothing of it is written any more.
  a->lives.reset();
  EXPECT_EQ(b.open(comes.id, ulid()), nullptr) << "another life, while it may only be slow";
  auto back = b.open(comes.id, life);
  EXPECT_NE(back, nullptr) << "its own life";
  pass(Peers::kDead - base::kSecond, {&b, &c});
  EXPECT_EQ(store->servers()->size(), 3U);
  pass(2 * Peers::kBeat, {&b, &c});
  EXPECT_EQ(store->servers()->size(), 2U);
  EXPECT_EQ(line(stays_away), "");
  EXPECT_EQ(standing(stays_away), Standing::Up) << "it has time to come";
  pass(line::kSilence + Peers::kBeat, {&b, &c});
  EXPECT_EQ(standing(stays_away), Standing::Late);
  EXPECT_EQ(events_of(stays_away, "installation.late"), 1) << "of two servers that saw it, one writes";
  EXPECT_EQ(standing(comes), Standing::Up);
}

TEST_F(PeersTest, AServerThatWasTakenForDeadClaimsItsStreamsAgain) {
  Side a(*this, "a"), b(*this, "b");
  const Enrolled stays = enrolled(), copied = enrolled();
  const auto one = a.open(stays.id, ulid()), two = a.open(copied.id, ulid());
  pass(Peers::kDead + 2 * Peers::kBeat, {&b});
  EXPECT_EQ(store->servers()->size(), 1U);
  const auto copy = b.open(copied.id, ulid());
  EXPECT_NE(copy, nullptr);
  pass(Peers::kBeat + base::kSecond, {&a, &b});
  EXPECT_EQ(store->servers()->size(), 2U);
  EXPECT_EQ(line(stays), "a");
  EXPECT_EQ(line(copied), "b");
  std::string rest;
  EXPECT_FALSE(is_done(*one, rest));
  EXPECT_TRUE(is_done(*two, rest)) << "somebody else has its place now";
  EXPECT_NE(rest.find("conflict"), std::string::npos);
  pass(line::kSilence + Peers::kBeat, {&a, &b});
  EXPECT_EQ(standing(stays), Standing::Up);
}

TEST_F(PeersTest, WhoIsRetiredOnOneServerIsEndedOnTheOther) {
  Side a(*this, "a"), b(*this, "b");
  const Enrolled who = enrolled();
  const auto stream = a.open(who.id, ulid());
  ASSERT_TRUE(b.store->set_standing(who.id, Standing::Retired, clock.wall()).ok());
  b.lives->retire(who.id);
  b.commits->flush();
  std::string rest;
  EXPECT_FALSE(is_done(*stream, rest));
  a.peers->heard("b");
  a.commits->flush();
  EXPECT_FALSE(is_done(*stream, rest)) << "that was for another server";
  a.peers->heard("a");
  a.commits->flush();
  EXPECT_TRUE(is_done(*stream, rest));
  a.commits->flush();
  EXPECT_EQ(line(who), "");
}

TEST_F(PeersTest, WhoWasRetiredWithoutAWordIsFoundInTime) {
  Side a(*this, "a");
  const Enrolled who = enrolled();
  const auto stream = a.open(who.id, ulid());
  ASSERT_TRUE(store->set_standing(who.id, Standing::Retired, clock.wall()).ok() && store->commit().ok());
  pass(Peers::kRetiredEvery + Peers::kBeat, {&a});
  std::string rest;
  EXPECT_TRUE(is_done(*stream, rest));
}

TEST_F(PeersTest, AnOrderReachesTheServerThatHasTheInstallation) {
  Side a(*this, "a"), b(*this, "b");
  const Enrolled who = enrolled(), away = enrolled();
  const auto stream = a.open(who.id, ulid());
  const line::Order order{line::OrderKind::Conflict, clock.wall(), "192.0.2.99:1"};
  EXPECT_FALSE(b.lives->tell(away.id, order).value());
  EXPECT_TRUE(b.lives->tell(who.id, order).value());
  b.commits->flush();
  a.peers->heard("a");
  a.commits->flush();
  EXPECT_TRUE(a.lives->tell(who.id, order).value());
  std::string told;
  is_done(*stream, told);
  int count = 0;
  for (std::size_t at = 0; (at = told.find(line::format(order), at)) != std::string::npos; ++at) ++count;
  EXPECT_EQ(count, 2) << told;
  a.peers->heard("a");
  a.commits->flush();
  std::string again;
  is_done(*stream, again);
  EXPECT_EQ(again, "") << "what was taken is not taken twice";
}

TEST_F(PeersTest, AServerThatComesAgainHasNothingOfWhatItWasBefore) {
  auto before = std::make_unique<Side>(*this, "a");
  Side b(*this, "b");
  const Enrolled who = enrolled();
  const auto stream = before->open(who.id, ulid());
  ASSERT_TRUE(b.lives->tell(who.id, {line::OrderKind::Pulse, clock.wall(), ""}).value());
  b.commits->flush();
  before->lives.reset();
  Side after(*this, "a");
  EXPECT_EQ(line(who), "");
  EXPECT_TRUE(store->take_tasks("a")->empty());
  ASSERT_TRUE(store->commit().ok());
  pass(line::kSilence, {&after, &b});
  EXPECT_EQ(standing(who), Standing::Late);
}

}  // namespace
}  // namespace postern::mission
