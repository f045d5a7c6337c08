// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/lives.h"

#include "tests/unit/desk/rig.h"

namespace postern::mission {
namespace {

using State = answer::Source::State;

class LivesTest : public DeskRig {
 protected:
  Standing standing(const Enrolled& who) { return (*store->installation(who.id))->standing; }
  int events_of(const Enrolled& who, std::string_view type) {
    int count = 0;
    const auto all = store->events(who.id, 0, 1000);
    for (const StoredEvent& one : *all) count += one.type == type ? 1 : 0;
    return count;
  }
  static int lines_with(const std::string& text, std::string_view what) {
    int count = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
  }
};

TEST_F(LivesTest, SaysHelloAndThenSomethingOftenEnough) {
  const Enrolled who = enrolled();
  const Answer opened = orders(who, ulid());
  ASSERT_EQ(opened.status, 200);
  EXPECT_EQ(opened.type, "application/jsonl");
  const std::string hello = read_all(*opened.source);
  const auto order = line::parse_order(std::string_view(hello).substr(0, hello.size() - 1));
  ASSERT_TRUE(order.ok()) << hello;
  EXPECT_EQ(order->kind, line::OrderKind::Hello);
  EXPECT_EQ(order->text, "1.2.3");
  EXPECT_EQ(order->time, clock.wall());
  for (int second = 0; second < 60; ++second) {
    clock.advance(base::kSecond);
    lives->look();
  }
  EXPECT_EQ(lines_with(read_all(*opened.source), R"("pulse")"), 2);
  EXPECT_EQ(standing(who), Standing::Up);
}

TEST_F(LivesTest, ACopyIsRefusedAndTheFirstIsToldOnceAMinute) {
  const Enrolled who = enrolled();
  const Answer first = orders(who, ulid());
  read_all(*first.source);
  for (int i = 0; i < 5; ++i) {
    const Answer copy = orders(who, ulid());
    EXPECT_EQ(copy.status, 409);
    EXPECT_EQ(copy.code, line::kTwice);
  }
  EXPECT_EQ(lines_with(read_all(*first.source), R"("conflict")"), 1);
  EXPECT_EQ(events_of(who, "installation.connected_twice"), 1);
  clock.advance(Lives::kTwiceTold);
  orders(who, ulid());
  EXPECT_EQ(events_of(who, "installation.connected_twice"), 2);
}

// Else two that take turns would push out all else that is known of the installation.
TEST_F(LivesTest, TwoLivesThatTakeTurnsAreRecordedOnceAMinute) {
  const Enrolled who = enrolled();
  const std::string a = ulid(), b = ulid();
  for (int i = 0; i < 5; ++i) {
    const Answer open = orders(who, i % 2 == 0 ? a : b);
    EXPECT_EQ(open.status, 200);
    EXPECT_EQ(orders(who, i % 2 == 0 ? b : a).status, 409);
    lives->look();
  }
  EXPECT_EQ(events_of(who, "installation.connected_twice"), 1);
  clock.advance(Lives::kTwiceTold);
  const Answer open = orders(who, a);
  EXPECT_EQ(orders(who, b).status, 409);
  EXPECT_EQ(events_of(who, "installation.connected_twice"), 2);
}

TEST_F(LivesTest, TheSameLifeTakesItsOwnPlace) {
  const Enrolled who = enrolled();
  const std::string life = ulid();
  Answer first = orders(who, life);
  const Answer second = orders(who, life);
  ASSERT_EQ(second.status, 200);
  std::string rest;
  while (first.source->read(rest, 4096) == State::More) {
  }
  EXPECT_EQ(first.source->read(rest, 4096), State::Done);
  first.source.reset();
  EXPECT_TRUE(lives->connected(who.id)) << "the end of the old stream is not the new one's";
}

TEST_F(LivesTest, AClosedLifeMakesRoomAndIsLateAfterSilence) {
  const Enrolled who = enrolled();
  Answer first = orders(who, ulid());
  first.source.reset();
  EXPECT_FALSE(lives->connected(who.id));
  const base::Micros silent_since = clock.wall();
  clock.advance(line::kSilence - base::kSecond);
  lives->look();
  EXPECT_EQ(standing(who), Standing::Up);
  clock.advance(base::kSecond);
  lives->look();
  EXPECT_EQ(standing(who), Standing::Late);
  EXPECT_EQ((*store->installation(who.id))->since, silent_since);
  EXPECT_EQ(events_of(who, "installation.late"), 1);
  clock.advance(base::kSecond);
  const Answer again = orders(who, ulid());
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(standing(who), Standing::Up);
  EXPECT_EQ((*store->installation(who.id))->since, clock.wall());
}

TEST_F(LivesTest, WhoWasUpBeforeARestartHasTimeToComeBack) {
  const Enrolled who = enrolled(), gone = enrolled();
  Answer a = orders(who, ulid()), b = orders(gone, ulid());
  a.source.reset();
  b.source.reset();
  reopen();
  const Answer back = orders(who, ulid());
  clock.advance(line::kSilence);
  lives->look();
  EXPECT_EQ(standing(who), Standing::Up);
  EXPECT_EQ(standing(gone), Standing::Late);
}

// A failed act undoes the turn, as a full disk does.
TEST_F(LivesTest, WhatTheDiskDidNotTakeIsWrittenLater) {
  const Enrolled who = enrolled();
  const auto spoil = [&] { EXPECT_FALSE(store->renew({"serial", "nobody", 1, 2}).ok()); };
  auto opened = lives->open({who.id, ulid(), "192.0.2.7:50123", 0});
  ASSERT_NE(opened, nullptr);
  spoil();
  commits->flush();
  EXPECT_EQ(standing(who), Standing::New);
  lives->look();
  commits->flush();
  EXPECT_EQ(standing(who), Standing::Up);
  opened.reset();
  clock.advance(line::kSilence);
  spoil();
  lives->look();
  commits->flush();
  EXPECT_EQ(standing(who), Standing::Up);
  lives->look();
  commits->flush();
  EXPECT_EQ(standing(who), Standing::Late);
  EXPECT_EQ(events_of(who, "installation.late"), 1);
}

TEST_F(LivesTest, EndsWithTheCertificateAndWhenNobodyReads) {
  const Enrolled who = enrolled(), deaf = enrolled();
  const Answer over = orders(who, ulid()), unread = orders(deaf, ulid());
  for (int i = 0; i < 3000; ++i) {
    clock.advance(Lives::kPulseEvery);
    lives->look();
    std::string taken;
    if (over.source->read(taken, 4096) == State::Done) FAIL() << "before its certificate was over";
  }
  std::string rest;
  while (unread.source->read(rest, 4096) == State::More) {
  }
  EXPECT_EQ(unread.source->read(rest, 4096), State::Done);
  EXPECT_LT(rest.size(), 2 * Lives::kUnread);
  clock.advance(certs::kInstallationLife / base::kWallSecond * base::kSecond);
  lives->look();
  read_all(*over.source);
  EXPECT_EQ(over.source->read(rest, 4096), State::Done);
}

TEST_F(LivesTest, AStreamMayOutliveTheDesk) {
  const Enrolled who = enrolled();
  Answer opened = orders(who, ulid());
  desk.reset();
  lives.reset();
  opened.source.reset();
}

}  // namespace
}  // namespace postern::mission
