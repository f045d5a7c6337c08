// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/store.h"

#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "base/crypto.h"
#include "tests/unit/desk/rig.h"

namespace postern::mission {
namespace {

class StoreTest : public DeskRig {
 protected:
  void add_code(const std::string& code) {
    Enrolment one{ulid(), base::sha256_hex(code), "Example Ltd", clock.wall(),
                  clock.wall() + base::kWallSecond};
    ASSERT_TRUE(store->add_enrolment(one).ok());
    ASSERT_TRUE(store->commit().ok());
  }
  bool use(const std::string& code, std::string* id = nullptr) {
    Installation made{ulid(), "Example Ltd", "1", clock.wall(), Standing::New, clock.wall()};
    if (id != nullptr) *id = made.id;
    const auto used =
        store->enrol(base::sha256_hex(code), made, {ulid(), made.id, clock.wall(), clock.wall() + 1});
    EXPECT_TRUE(used.ok());
    return used.ok() && *used;
  }
};

TEST_F(StoreTest, ACodeIsUsedOnce) {
  add_code("a");
  EXPECT_FALSE(use("b"));
  EXPECT_TRUE(use("a"));
  EXPECT_FALSE(use("a"));
  ASSERT_TRUE(store->commit().ok());
  EXPECT_FALSE(use("a"));
  EXPECT_EQ(store->installations()->size(), 1U);
}

TEST_F(StoreTest, ACodeIsUsedOnceByTwoWhoHaveTheSameFile) {
  add_code("a");
  auto other = open_sqlite_store(directory + "/mission.sqlite");
  ASSERT_TRUE(other.ok());
  ASSERT_TRUE(use("a"));
  // The other one waits for the first, whose transaction is open, and does not get in between.
  Installation made{ulid(), "Thief", "1", clock.wall(), Standing::New, clock.wall()};
  EXPECT_FALSE((*other)->enrol(base::sha256_hex("a"), made, {ulid(), made.id, 1, 2}).ok());
  ASSERT_TRUE(store->commit().ok());
  static_cast<void>((*other)->commit());
  const auto later = (*other)->enrol(base::sha256_hex("a"), made, {ulid(), made.id, 1, 2});
  ASSERT_TRUE(later.ok());
  EXPECT_FALSE(*later);
}

TEST_F(StoreTest, WhatWasNotCommittedIsNotThereAfterACrash) {
  add_code("a");
  std::string id;
  EXPECT_TRUE(use("a", &id));
  reopen();
  EXPECT_FALSE(store->installation(id)->has_value());
  EXPECT_TRUE(use("a", &id)) << "nobody was told of the first time";
  ASSERT_TRUE(store->commit().ok());
  reopen();
  EXPECT_TRUE(store->installation(id)->has_value());
  EXPECT_FALSE(use("a"));
}

TEST_F(StoreTest, ACodeThatIsOverOrWithdrawnIsNotUsed) {
  add_code("a");
  add_code("b");
  const auto all = store->enrolments();
  ASSERT_EQ(all->size(), 2U);
  EXPECT_TRUE(*store->withdraw_enrolment(all->front().id, clock.wall()));
  EXPECT_FALSE(*store->withdraw_enrolment(all->front().id, clock.wall()));
  EXPECT_FALSE(use("b"));
  clock.advance(base::kSecond);
  EXPECT_FALSE(use("a"));
}

TEST_F(StoreTest, AFailedActUndoesTheTurn) {
  add_code("a");
  EXPECT_TRUE(use("a"));
  StoredEvent nobodys;
  nobodys.installation = "nobody";
  nobodys.id = ulid();
  EXPECT_FALSE(store->keep_event(nobodys).value()) << "nobody's event is nobody's";
  EXPECT_FALSE(store->renew("x", {"serial", "nobody", 1, 2}).ok());
  EXPECT_FALSE(store->commit().ok());
  EXPECT_TRUE(store->installations()->empty());
  EXPECT_TRUE(use("a"));
  EXPECT_TRUE(store->commit().ok());
}

// SQLite rolls back by itself then: what comes after it in the same turn must not be kept alone.
TEST_F(StoreTest, ADiskThatIsFullUndoesTheTurn) {
  const Enrolled who = enrolled();
  add_code("a");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 8192;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  bool full = false;
  for (int i = 0; i < 200 && !full; ++i) {  // until SQLite has to write some of it
    StoredEvent large;
    large.installation = who.id;
    large.id = ulid();
    large.body = {{"text", std::string(60'000, 'x')}};
    full = !store->keep_event(large).ok();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  ASSERT_TRUE(full);
  const Installation made{ulid(), "Example Ltd", "1", clock.wall(), Standing::New, clock.wall()};
  EXPECT_FALSE(store->enrol(base::sha256_hex("a"), made, {ulid(), made.id, 1, 2}).ok());
  EXPECT_FALSE(store->commit().ok());
  reopen();
  EXPECT_FALSE(store->installation(made.id)->has_value());
  EXPECT_TRUE(use("a")) << "it was not used up";
  EXPECT_TRUE(store->commit().ok());
}

TEST_F(StoreTest, RetentionTakesTheOldestAndDoesNotTakeThemInAgain) {
  const Enrolled who = enrolled();
  std::vector<line::Report> sent;
  for (int i = 0; i < 3; ++i) {
    sent.push_back(event(i));
    clock.advance(3600 * base::kSecond);
  }
  ASSERT_EQ(report(who, sent).status, 200);
  ASSERT_TRUE(store->forget(clock.wall() + 1, 0).ok());
  ASSERT_TRUE(store->commit().ok());
  EXPECT_TRUE(store->events(who.id, 0, 100)->empty());
  EXPECT_EQ((*store->installation(who.id))->events, 0);
  EXPECT_EQ((*store->installation(who.id))->event_bytes, 0);
  ASSERT_EQ(report(who, sent).status, 200) << "they are taken, because they will never be wanted";
  EXPECT_TRUE(store->events(who.id, 0, 100)->empty());
  ASSERT_EQ(report(who, {event(7)}).status, 200);
  EXPECT_EQ(store->events(who.id, 0, 100)->size(), 1U);
}

TEST_F(StoreTest, RetentionSaysThatThereIsMore) {
  const Enrolled who = enrolled();
  for (int i = 0; i < 1500; ++i) {
    StoredEvent one;
    one.installation = who.id;
    one.id = ulid();
    one.received = clock.wall();
    ASSERT_TRUE(store->keep_event(one).ok());
  }
  EXPECT_TRUE(store->forget(clock.wall() + 1, 0).value());
  EXPECT_FALSE(store->forget(clock.wall() + 1, 0).value());
  ASSERT_TRUE(store->commit().ok());
  EXPECT_TRUE(store->events(who.id, 0, 100)->empty());
}

TEST_F(StoreTest, AClockThatWasAheadDoesNotKeepLaterEventsOut) {
  const Enrolled who = enrolled();
  line::Report ahead = event(1);
  ahead.id = base::UlidMaker().make(clock.wall() + 365LL * 86400 * base::kWallSecond);
  ASSERT_EQ(report(who, {ahead}).status, 200);
  ASSERT_TRUE(store->forget(clock.wall() + 1, 0).ok());
  ASSERT_TRUE(store->commit().ok());
  clock.advance(2 * 3600 * base::kSecond);
  ASSERT_EQ(report(who, {event(2)}).status, 200);
  EXPECT_EQ(store->events(who.id, 0, 100)->size(), 1U);
}

TEST_F(StoreTest, AnInstallationThatFloodsPushesOutItsOwnEventsAlone) {
  const Enrolled flooding = enrolled(), quiet = enrolled();
  ASSERT_EQ(report(quiet, {event(1)}).status, 200);
  for (int i = 0; i < kMostEvents + 50; ++i) {
    StoredEvent one;
    one.installation = flooding.id;
    one.id = ulid();
    one.type = "flood";
    ASSERT_TRUE(store->keep_event(one).ok());
  }
  ASSERT_TRUE(store->commit().ok());
  EXPECT_EQ((*store->installation(flooding.id))->events, kMostEvents);
  bool enrolment_kept = false;
  const auto kept = store->events(flooding.id, 0, 20'000);
  for (const StoredEvent& one : *kept) enrolment_kept |= one.own;
  EXPECT_TRUE(enrolment_kept) << "what Mission Control noticed stays";
  EXPECT_EQ(store->events(quiet.id, 0, 100)->size(), 2U);
}

TEST_F(StoreTest, TheNewestReportOfAKindStays) {
  const Enrolled who = enrolled();
  const auto health = [&](base::Micros time, const char* status) {
    return line::Report{ulid(), line::Kind::Health, 1, time, {{"status", status}}};
  };
  const auto shown = [&] {
    return store->latest(who.id)->front().report.body.at("status").get<std::string>();
  };
  const line::Report first = health(clock.wall(), "first");
  report(who, {first, health(clock.wall() + 10, "second")});
  EXPECT_EQ(shown(), "second");
  report(who, {first});
  EXPECT_EQ(shown(), "second") << "an old one that comes late";
  report(who, {health(clock.wall() + 86400 * base::kWallSecond, "from tomorrow")});
  report(who, {health(clock.wall() + 20, "now")});
  EXPECT_EQ(shown(), "now") << "a clock that was wrong once does not stay";
  EXPECT_EQ(store->latest(who.id)->size(), 1U);
}

TEST_F(StoreTest, AnotherVersionsFileIsNotTouched) {
  desk.reset();
  auto opened = open_sqlite_store(directory + "/other.sqlite");
  ASSERT_TRUE(opened.ok());
  opened->reset();
  std::ofstream(directory + "/damaged.sqlite")
      << "this is no database, but long enough to look at: " << std::string(4096, 'x');
  EXPECT_FALSE(open_sqlite_store(directory + "/damaged.sqlite").ok());
}

}  // namespace
}  // namespace postern::mission
