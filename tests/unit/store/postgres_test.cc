// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <poll.h>

#include "mission/store/postgres_database.h"
#include "mission/store/schema.h"
#include "tests/unit/store/postgres_server.h"

namespace postern::mission {
namespace {

using State = PostgresDatabase::State;

class Postgres : public testing::Test {
 protected:
  PostgresServer& server = PostgresServer::get();
  std::string name = server.new_database();
};

base::Result<std::int64_t> count(Database& database, std::string_view table) {
  std::int64_t out = -1;
  const auto read = database.run("SELECT COUNT(*) FROM " + std::string(table), {},
                                 [&](const Row& row) { out = row.number(0); });
  if (!read.ok()) return read.error();
  return out;
}

TEST_F(Postgres, SaysThatItIsAwayAndWhyBeforeItIsThere) {
  PostgresDatabase database(server.settings(name));
  const auto read = count(database, "events");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, base::Code::Closed);
  EXPECT_EQ(read.error().message, "PostgreSQL is away: it was not connected yet");
  EXPECT_FALSE(database.begin().ok());
  EXPECT_FALSE(database.in_transaction());
  EXPECT_FALSE(database.commit().ok());
  database.rollback();
}

TEST_F(Postgres, LosesWhatWasNotCommittedWhenItStopsAndNothingElse) {
  const auto database = server.open(name);
  ASSERT_EQ(database->state(), State::Ready) << database->why();
  int lost = 0;
  database->on_lost([&] { ++lost; });
  const auto add = [&](std::string_view id) {
    return database->act(
        "INSERT INTO enrolments (id, hash, customer, created, expires) VALUES (?1,?1,?2,?3,?3)",
        {id, "Example Ltd", std::int64_t{7}});
  };
  ASSERT_TRUE(database->begin().ok() && add("kept").ok() && database->commit().ok());
  ASSERT_TRUE(database->begin().ok() && add("lost").ok());
  server.restart("immediate");
  EXPECT_TRUE(add("lost too").ok() || database->state() == State::Lost);
  EXPECT_FALSE(database->commit().ok());
  EXPECT_EQ(database->state(), State::Lost);
  EXPECT_EQ(lost, 1);
  EXPECT_FALSE(database->in_transaction());
  EXPECT_FALSE(count(*database, "enrolments").ok());
  ASSERT_EQ(bring_together(*database, server.connect()), State::Ready) << database->why();
  EXPECT_EQ(*count(*database, "enrolments"), 1);
  EXPECT_EQ(lost, 1);
}

TEST_F(Postgres, NoticesItsEndWithoutAsking) {
  const auto database = server.open(name);
  ASSERT_EQ(database->state(), State::Ready) << database->why();
  server.restart("fast");
  for (int i = 0; i < 5 && database->state() == State::Ready; ++i) {
    pollfd waiting{database->socket(), POLLIN, 0};
    ASSERT_EQ(::poll(&waiting, 1, 10'000), 1);
    database->listen([](std::string_view) {});
  }
  EXPECT_EQ(database->state(), State::Lost);
  EXPECT_FALSE(database->why().empty());
}

TEST_F(Postgres, RollsBackAWholeTurnWhenOneOfItsActsFails) {
  const auto database = server.open(name);
  ASSERT_EQ(database->state(), State::Ready) << database->why();
  const auto add = [&](std::string_view serial, std::string_view installation) {
    return database->act(
        "INSERT INTO certificates (serial, installation, issued, until, key) VALUES (?1,?2,1,2,'')",
        {serial, installation});
  };
  ASSERT_TRUE(database->begin().ok());
  ASSERT_TRUE(database
                  ->act("INSERT INTO installations (id, customer, version, enrolled, standing, since) "
                        "VALUES ('a','','',1,0,1)",
                        {})
                  .ok());
  ASSERT_TRUE(add("1", "a").ok());
  EXPECT_TRUE(add("2", "nobody").ok()) << "nobody waits for its outcome";
  EXPECT_TRUE(add("3", "a").ok());
  const base::Status done = database->commit();
  ASSERT_FALSE(done.ok());
  EXPECT_NE(done.error().message.find("violates foreign key"), std::string::npos) << done.error().message;
  EXPECT_EQ(*count(*database, "installations"), 0);
  // A statement that was prepared in vain can be used all the same.
  ASSERT_TRUE(database->begin().ok());
  EXPECT_FALSE(database->run("INSERT INTO nothing (a) VALUES (?1)", {std::int64_t{1}}, nullptr).ok());
  database->rollback();
  EXPECT_EQ(*count(*database, "certificates"), 0);
}

TEST_F(Postgres, OfANewerSchemaIsRefusedWithASentence) {
  ASSERT_EQ(server.open(name)->state(), State::Ready);
  server.ask(name, "UPDATE mission_control_schema SET version = version + 1");
  const auto database = server.open(name);
  EXPECT_EQ(database->state(), State::Lost);
  EXPECT_NE(database->why().find("the store is of a newer version of Mission Control"), std::string::npos)
      << database->why();
}

TEST_F(Postgres, OfTheFirstSchemaIsBroughtUp) {
  ASSERT_EQ(server.open(name)->state(), State::Ready);
  const std::string version = server.ask(name, "SELECT version FROM mission_control_schema");
  EXPECT_EQ(version, std::to_string(schema_steps().size()));
}

TEST_F(Postgres, InAnotherEncodingIsRefusedWithASentence) {
  const auto database = server.open(server.new_database("--encoding LATIN1"));
  EXPECT_EQ(database->state(), State::Lost);
  EXPECT_NE(database->why().find("is not in UTF8: make one with createdb --encoding UTF8"), std::string::npos)
      << database->why();
}

TEST_F(Postgres, ThatDoesNotExistIsRefusedWithOneSentence) {
  const auto database = server.open("nothing");
  EXPECT_EQ(database->state(), State::Lost);
  EXPECT_EQ(database->why(), "FATAL: database \"nothing\" does not exist");
}

TEST_F(Postgres, TellsOthersWithTheTransaction) {
  const auto one = server.open(name), other = server.open(name);
  ASSERT_TRUE(one->state() == State::Ready && other->state() == State::Ready);
  ASSERT_TRUE(one->begin().ok() && one->tell("not this").ok());
  one->rollback();
  ASSERT_TRUE(one->begin().ok() && one->tell("somebody").ok() && one->commit().ok());
  std::string heard;
  for (int i = 0; i < 5 && heard.empty(); ++i) {
    pollfd waiting{other->socket(), POLLIN, 0};
    ASSERT_EQ(::poll(&waiting, 1, 10'000), 1);
    other->listen([&](std::string_view text) { heard += text; });
  }
  EXPECT_EQ(heard, "somebody");
}

TEST_F(Postgres, WaitsForALockOnlySoLong) {
  const auto one = server.open(name), other = server.open(name);
  ASSERT_TRUE(one->state() == State::Ready && other->state() == State::Ready);
  ASSERT_TRUE(one->begin().ok() && one->run("LOCK TABLE events", {}, nullptr).ok());
  const auto read = count(*other, "events");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, base::Code::Unavailable);
  EXPECT_EQ(read.error().message, "PostgreSQL: canceling statement due to lock timeout");
  EXPECT_EQ(other->state(), State::Ready);
}

}  // namespace
}  // namespace postern::mission
