// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/store.h"

#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "tests/unit/store/store_rig.h"

namespace postern::mission {
namespace {

TEST_P(StoreTest, ACodeIsUsedOnce) {
  add_code("a");
  EXPECT_FALSE(use("b"));
  EXPECT_TRUE(use("a"));
  EXPECT_FALSE(use("a"));
  ASSERT_TRUE(store->commit().ok());
  EXPECT_FALSE(use("a"));
  EXPECT_EQ(store->installations()->size(), 1U);
}

TEST_P(StoreTest, ACodeIsUsedOnceByTwoWhoHaveTheSameFile) {
  add_code("a");
  auto other = open();
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

TEST_P(StoreTest, WhatWasNotCommittedIsNotThereAfterACrash) {
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

TEST_P(StoreTest, ACodeThatIsOverOrWithdrawnIsNotUsed) {
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

TEST_P(StoreTest, AFailedActUndoesTheTurn) {
  add_code("a");
  EXPECT_TRUE(use("a"));
  StoredEvent nobodys;
  nobodys.installation = "nobody";
  nobodys.id = ulid();
  EXPECT_FALSE(store->keep_event(nobodys).value()) << "nobody's event is nobody's";
  static_cast<void>(store->renew({"serial", "nobody", 1, 2}));  // told now, or by commit()
  EXPECT_FALSE(store->commit().ok());
  EXPECT_TRUE(store->installations()->empty());
  EXPECT_TRUE(use("a"));
  EXPECT_TRUE(store->commit().ok());
}

// SQLite rolls back by itself then: what comes after it in the same turn must not be kept alone.
TEST_P(StoreTest, ADiskThatIsFullUndoesTheTurn) {
  if (GetParam() == Kind::Postgres) GTEST_SKIP() << "its disk is not this process' one";
  const std::string who = enrolled();
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
    large.installation = who;
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

TEST_P(StoreTest, RetentionTakesTheOldestAndDoesNotTakeThemInAgain) {
  const std::string who = enrolled();
  std::vector<StoredEvent> sent;
  for (int i = 0; i < 3; ++i) {
    sent.push_back(event_of(who));
    clock.advance(3600 * base::kSecond);
  }
  keep(sent);
  ASSERT_EQ(store->events(who, 0, 100)->size(), 3U);
  ASSERT_TRUE(store->forget(clock.wall() + 1, 0).ok());
  ASSERT_TRUE(store->commit().ok());
  EXPECT_TRUE(store->events(who, 0, 100)->empty());
  EXPECT_EQ((*store->installation(who))->events, 0);
  EXPECT_EQ((*store->installation(who))->event_bytes, 0);
  keep(sent);
  EXPECT_TRUE(store->events(who, 0, 100)->empty());
  keep({event_of(who)});
  EXPECT_EQ(store->events(who, 0, 100)->size(), 1U);
}

TEST_P(StoreTest, RetentionSaysThatThereIsMore) {
  const std::string who = enrolled();
  for (int i = 0; i < 1500; ++i) {
    ASSERT_TRUE(store->keep_event(event_of(who)).ok());
  }
  EXPECT_TRUE(store->forget(clock.wall() + 1, 0).value());
  EXPECT_FALSE(store->forget(clock.wall() + 1, 0).value());
  ASSERT_TRUE(store->commit().ok());
  EXPECT_TRUE(store->events(who, 0, 100)->empty());
}

TEST_P(StoreTest, AClockThatWasAheadDoesNotKeepLaterEventsOut) {
  const std::string who = enrolled();
  StoredEvent ahead = event_of(who);
  ahead.id = base::UlidMaker().make(clock.wall() + 365LL * 86400 * base::kWallSecond);
  keep({ahead});
  ASSERT_TRUE(store->forget(clock.wall() + 1, 0).ok());
  ASSERT_TRUE(store->commit().ok());
  clock.advance(2 * 3600 * base::kSecond);
  keep({event_of(who)});
  EXPECT_EQ(store->events(who, 0, 100)->size(), 1U);
}

TEST_P(StoreTest, AnInstallationThatFloodsPushesOutItsOwnEventsAlone) {
  const std::string flooding = enrolled(), quiet = enrolled();
  StoredEvent noticed = event_of(flooding);
  noticed.own = true;
  keep({noticed, event_of(quiet)});
  int first = 0;
  if (GetParam() == Kind::Postgres) {  // most of them at once: each is a round trip
    first = 9'900;
    PostgresServer::get().ask(
        on_server, "INSERT INTO events (installation, id, own, type, time, received, body, bytes) SELECT '" +
                       flooding +
                       "', '00' || i, 0, 'test', 1, 1, '{}', 2 FROM generate_series(1, 9900) AS i; UPDATE "
                       "installations SET events=events+9900, "
                       "event_bytes=event_bytes+19800 WHERE id='" +
                       flooding + "'");
  }
  for (int i = first; i < kMostEvents + 50; ++i) ASSERT_TRUE(store->keep_event(event_of(flooding)).ok());
  ASSERT_TRUE(store->commit().ok());
  EXPECT_EQ((*store->installation(flooding))->events, kMostEvents);
  bool noticed_kept = false;
  const auto kept = store->events(flooding, 0, 20'000);
  for (const StoredEvent& one : *kept) noticed_kept |= one.own;
  EXPECT_TRUE(noticed_kept) << "what Mission Control noticed stays";
  EXPECT_EQ(store->events(quiet, 0, 100)->size(), 1U);
}

// What Mission Control noticed because an installation made it so is a flood, too, and there is nothing else to go then.
TEST_P(StoreTest, EvidenceIsTheLastToGo) {
  const std::string who = enrolled();
  const auto noticed = [&](const char* type) {
    StoredEvent one = event_of(who);
    one.own = true;
    one.type = type;
    return one;
  };
  keep({noticed("installation.log_conflict"), noticed("installation.up"), noticed("installation.misbehaves"),
        event_of(who)});
  int first = 0;
  if (GetParam() == Kind::Postgres) {  // most of them at once: each is a round trip
    first = 9'900;
    PostgresServer::get().ask(
        on_server,
        "INSERT INTO events (installation, id, own, type, time, received, body, bytes) SELECT '" + who +
            "', '00' || i, 1, 'request.stands', 1, 1, '{}', 2 FROM generate_series(1, 9900) AS i; "
            "UPDATE installations SET events=events+9900, event_bytes=event_bytes+19800 WHERE id='" +
            who + "'");
  }
  for (int i = first; i < kMostEvents + 50; ++i)
    ASSERT_TRUE(store->keep_event(noticed("request.stands")).ok());
  ASSERT_TRUE(store->commit().ok());
  EXPECT_EQ((*store->installation(who))->events, kMostEvents);
  EXPECT_TRUE(store->newest_own(who, "installation.log_conflict")->has_value());
  EXPECT_TRUE(store->newest_own(who, "installation.misbehaves")->has_value());
  EXPECT_FALSE(store->newest_own(who, "installation.up")->has_value()) << "the oldest of the others";
}

TEST_P(StoreTest, EvidenceIsBoundedByItsTypeAndTheFirstOfItStays) {
  const std::string who = enrolled();
  const auto noticed = [&](const char* type, int number, std::size_t bytes) {
    StoredEvent one = event_of(who);
    one.own = true;
    one.type = type;
    one.body = {{"number", number}, {"note", std::string(bytes, 'x')}};
    return one;
  };
  keep({noticed("installation.misbehaves", 0, 1)});
  std::vector<StoredEvent> sent;
  for (int i = 0; i < kMostEvidence + 20; ++i) sent.push_back(noticed("installation.connected_twice", i, 1));
  for (int i = 0; i < 40; ++i) sent.push_back(noticed("installation.log_conflict", i, 128 << 10));
  keep(sent);
  const auto numbers = [&](const char* type) {
    std::vector<std::int64_t> out;
    const auto all = store->events(who, 0, 1000, type);
    for (const StoredEvent& one : *all) out.push_back(base::json_number_or(one.body, "number", -1));
    return out;
  };
  const auto twice = numbers("installation.connected_twice"),
             conflicts = numbers("installation.log_conflict");
  ASSERT_EQ(static_cast<std::int64_t>(twice.size()), kMostEvidence);
  EXPECT_EQ(twice.front(), kMostEvidence + 19) << "the newest";
  EXPECT_EQ(twice.back(), 0) << "and the first";
  EXPECT_EQ(conflicts.size(), 15U) << "2 MiB";
  EXPECT_EQ(conflicts.front(), 39);
  EXPECT_EQ(conflicts.back(), 0);
  EXPECT_EQ(numbers("installation.misbehaves").size(), 1U) << "of another type";
  EXPECT_LT((*store->installation(who))->event_bytes, 3 << 20) << "what went is not counted";
}

TEST_P(StoreTest, TheNewestReportOfAKindStays) {
  const std::string who = enrolled();
  const auto health = [&](base::Micros time, const char* status) {
    return line::Report{ulid(), line::Kind::Health, 1, time, {{"status", status}}};
  };
  const auto shown = [&] { return store->latest(who)->front().report.body.at("status").get<std::string>(); };
  const auto keep_all = [&](const std::vector<line::Report>& reports) {
    for (const line::Report& one : reports) ASSERT_TRUE(store->keep_latest(who, one, clock.wall()).ok());
    ASSERT_TRUE(store->commit().ok());
  };
  const line::Report first = health(clock.wall(), "first");
  keep_all({first, health(clock.wall() + 10, "second")});
  EXPECT_EQ(shown(), "second");
  keep_all({first});
  EXPECT_EQ(shown(), "second") << "an old one that comes late";
  keep_all({health(clock.wall() + 86400 * base::kWallSecond, "from tomorrow")});
  keep_all({health(clock.wall() + 20, "now")});
  EXPECT_EQ(shown(), "now") << "a clock that was wrong once does not stay";
  EXPECT_EQ(store->latest(who)->size(), 1U);
}

TEST_P(StoreTest, ALineIsOneServersAtATime) {
  const std::string who = enrolled();
  ASSERT_TRUE(store->join({"a", "", "", "1"}).ok() && store->join({"b", "", "", "1"}).ok());
  const auto claim = [&](const char* server, const char* stream, const char* life) {
    const auto ours = store->claim_line({who, server, stream, life, "192.0.2.7:1", clock.wall()});
    EXPECT_TRUE(ours.ok() && store->commit().ok());
    return ours.ok() && *ours;
  };
  EXPECT_FALSE(store->line_of(who)->has_value());
  EXPECT_TRUE(claim("a", "1", "life"));
  EXPECT_FALSE(claim("b", "2", "another life"));
  EXPECT_EQ((*store->line_of(who))->claim, "1");
  EXPECT_TRUE(claim("a", "3", "another life")) << "it has judged that itself";
  EXPECT_TRUE(claim("b", "4", "another life")) << "a life that moves";
  ASSERT_TRUE(store->drop_line(who, "3").ok() && store->commit().ok());
  EXPECT_EQ((*store->installation(who))->line, "b") << "the end of an older stream is not the newer one's";
  ASSERT_TRUE(*store->forget_server({"b", "", "", "1"}) && store->commit().ok());
  EXPECT_EQ((*store->installation(who))->line, "");
}

TEST_P(StoreTest, WhoIsUpSomewhereIsNotLate) {
  const std::string who = enrolled(), retired = enrolled();
  ASSERT_TRUE(store->join({"a", "", "", "1"}).ok());
  ASSERT_TRUE(store->set_standing(retired, Standing::Retired, 1).ok());
  ASSERT_TRUE(store->set_up(who, "a", 5).ok() && store->set_up(retired, "a", 5).ok());
  ASSERT_TRUE(*store->claim_line({who, "a", "1", "life", "", 5}) &&
              *store->claim_line({retired, "a", "2", "life", "", 5}));
  EXPECT_FALSE(*store->set_late(who, "a", 6));
  ASSERT_TRUE(store->set_up(who, "a", 7).ok());
  EXPECT_EQ((*store->installation(who))->since, 5) << "it was up already";
  ASSERT_EQ(store->up_on("a")->size(), 1U);
  EXPECT_EQ(store->up_on("a")->front().installation, who);
  EXPECT_TRUE(store->up_nowhere()->empty());
  EXPECT_EQ(*store->retired_on("a"), std::vector<std::string>{retired});
  ASSERT_TRUE(store->drop_line(who, "1").ok());
  EXPECT_FALSE(*store->set_late(who, "b", 8)) << "it is up elsewhere";
  EXPECT_TRUE(*store->set_late(who, "a", 8));
  EXPECT_FALSE(*store->set_late(who, "a", 9));
  ASSERT_TRUE(store->set_up(who, "gone", 10).ok());
  EXPECT_EQ(store->up_nowhere()->front().server, "gone");
  EXPECT_EQ(*store->count_standings(), (std::vector<std::int64_t>{0, 1, 0, 1}));
  EXPECT_TRUE(store->commit().ok());
}

TEST_P(StoreTest, AServerIsForgottenOnlyAsItWasSeen) {
  const Server one{"a", "machine", "1.2.3", "first", 0, 7};
  ASSERT_TRUE(store->join(one).ok());
  ASSERT_TRUE(*store->beat(one));
  EXPECT_FALSE(*store->beat({"a", "", "", "second"})) << "another run";
  EXPECT_FALSE(*store->forget_server(one)) << "it has beaten since";
  const Server seen = store->servers()->front();
  EXPECT_EQ(seen.beat, 1);
  EXPECT_EQ(seen.name, "machine");
  EXPECT_TRUE(*store->forget_server(seen));
  EXPECT_FALSE(*store->beat(one));
  EXPECT_TRUE(store->commit().ok());
}

TEST_P(StoreTest, TasksAreTakenOnceInTheirOrder) {
  for (const char* task : {"1", "2", "3"}) ASSERT_TRUE(store->leave_task("a", "who", task).ok());
  ASSERT_TRUE(store->leave_task("b", "who", "another's").ok() && store->commit().ok());
  const auto taken = store->take_tasks("a");
  ASSERT_TRUE(taken.ok() && taken->size() == 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ((*taken)[static_cast<std::size_t>(i)].text, std::to_string(i + 1));
  EXPECT_TRUE(store->take_tasks("a")->empty());
  EXPECT_TRUE(store->commit().ok());
}

TEST_P(StoreTest, WhoAsksIsKnownWithItsCertificate) {
  const std::string who = enrolled(), other = enrolled();
  const std::string serial = store->certificates(who)->front().serial;
  EXPECT_FALSE(store->asker(other, serial)->has_value()) << "another's certificate";
  EXPECT_FALSE(store->asker(who, "nothing")->has_value());
  EXPECT_EQ((*store->asker(who, serial))->certificate.installation, who);
  EXPECT_EQ((*store->asker(who, serial))->successor_seen, 0);
  ASSERT_TRUE(store->renew({"fresh", who, clock.wall(), clock.wall() + 9}).ok());
  EXPECT_EQ((*store->asker(who, serial))->successor_seen, 0);
  ASSERT_TRUE(store->note_certificate_seen("fresh", 77).ok());
  EXPECT_EQ((*store->asker(who, serial))->successor_seen, 77);
  EXPECT_EQ((*store->asker(who, "fresh"))->installation.id, who);
  EXPECT_TRUE(store->commit().ok());
}

TEST_P(StoreTest, TheNewestCertificateReplacesAllOthersOfItsInstallation) {
  const std::string who = enrolled(), other = enrolled();
  const std::string first = store->certificates(who)->front().serial;
  const std::string others = store->certificates(other)->front().serial;
  const auto renew = [&](const char* serial) {
    ASSERT_TRUE(store->renew({serial, who, clock.wall(), clock.wall() + 9}).ok());
    ASSERT_TRUE(store->commit().ok());
  };
  const auto replaced_by = [&](const std::string& serial) {
    return (*store->certificate(serial))->replaced_by;
  };
  renew("second");
  renew("third");
  EXPECT_EQ(replaced_by(first), "third");
  EXPECT_EQ(replaced_by("second"), "third") << "made from the first as the third was";
  EXPECT_EQ(replaced_by("third"), "");
  EXPECT_EQ(replaced_by(others), "") << "another installation's";
  ASSERT_TRUE(store->note_certificate_seen("third", 77).ok());
  renew("fourth");
  EXPECT_EQ(replaced_by(first), "third") << "it ends, and does not come back to life";
  EXPECT_EQ(replaced_by("third"), "fourth");
  EXPECT_EQ((*store->asker(who, "second"))->successor_seen, 77);
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreTest, testing::Values(Kind::Sqlite, Kind::Postgres),
                         [](const auto& each) {
                           return std::string(each.param == Kind::Sqlite ? "Sqlite" : "Postgres");
                         });

}  // namespace
}  // namespace postern::mission
