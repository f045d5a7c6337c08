// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/schema.h"

#include <fstream>

#include "mission/store/sqlite_database.h"
#include "tests/unit/store/store_rig.h"

namespace postern::mission {
namespace {

using Schema = StoreTest;

std::unique_ptr<Database> database_at(const std::string& path) {
  auto opened = open_sqlite_database(path);
  EXPECT_TRUE(opened.ok());
  return *std::move(opened);
}

TEST_P(Schema, AStoreOfTheFirstVersionIsBroughtUp) {
  const std::string path = directory + "/first.sqlite";
  {
    const auto database = database_at(path);
    // As it was made before there was a second step.
    ASSERT_TRUE(
        database
            ->define(
                "CREATE TABLE installations (id TEXT PRIMARY KEY, customer TEXT NOT NULL, version TEXT NOT "
                "NULL, "
                "enrolled INTEGER NOT NULL, standing INTEGER NOT NULL, since INTEGER NOT NULL, heard INTEGER "
                "NOT "
                "NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0, event_bytes INTEGER NOT NULL DEFAULT 0, "
                "forgotten TEXT NOT NULL DEFAULT '') STRICT;"
                "CREATE TABLE events (number INTEGER PRIMARY KEY AUTOINCREMENT, installation TEXT NOT NULL "
                "REFERENCES installations(id), id TEXT NOT NULL, own INTEGER NOT NULL, type TEXT NOT NULL, "
                "time "
                "INTEGER NOT NULL, received INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (installation, id)) "
                "STRICT;"
                "INSERT INTO installations (id, customer, version, enrolled, standing, since, events, "
                "event_bytes) "
                "VALUES ('one', 'Example Ltd', '1', 1, 0, 1, 1, 31);"
                "INSERT INTO events (installation, id, own, type, time, received, body) "
                "VALUES ('one', 'a', 0, 'test', 5, 5, '{\"a\":\"\u00fc\",\"severity\":\"severe\"}');"
                "CREATE TABLE enrolments (id TEXT, used INTEGER, expires INTEGER, withdrawn INTEGER)")
            .ok());
    ASSERT_TRUE(database->set_schema_version(1).ok());
  }
  auto opened = open_sqlite_store(path);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  const auto events = (*opened)->events("one", 0, 10);
  ASSERT_EQ(events->size(), 1U);
  EXPECT_EQ(events->front().body.at("a"), "\u00fc");
  EXPECT_EQ((*opened)->serious_events(0)->size(), 1U) << "it is an alert as before";
  // Taking it away needs its size, which was not written then.
  ASSERT_TRUE((*opened)->forget(6, 0).ok());
  ASSERT_TRUE((*opened)->commit().ok());
  EXPECT_EQ((*(*opened)->installation("one"))->events, 0);
  EXPECT_EQ((*(*opened)->installation("one"))->event_bytes, 1) << "30 bytes of UTF-8";
}

TEST_P(Schema, AStoreOfANewerVersionIsRefusedAndStaysAsItIs) {
  const std::string path = directory + "/newer.sqlite";
  const auto newer = static_cast<std::int64_t>(schema_steps().size()) + 1;
  ASSERT_TRUE(database_at(path)->set_schema_version(newer).ok());
  const auto opened = open_sqlite_store(path);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, base::Code::Corrupt);
  EXPECT_NE(opened.error().message.find("newer version of Mission Control"), std::string::npos)
      << opened.error().message;
  EXPECT_EQ(*database_at(path)->schema_version(), newer);
}

TEST_P(Schema, AStepThatFailsLeavesNothing) {
  const std::string path = directory + "/odd.sqlite";
  // The first step cannot make this one.
  ASSERT_TRUE(database_at(path)->define("CREATE TABLE events (something TEXT)").ok());
  EXPECT_FALSE(open_sqlite_store(path).ok());
  std::int64_t tables = 0;
  const auto database = database_at(path);
  ASSERT_TRUE(
      database->run("SELECT COUNT(*) FROM sqlite_master", {}, [&](const Row& row) { tables = row.number(0); })
          .ok());
  EXPECT_EQ(tables, 1);
  EXPECT_EQ(*database->schema_version(), 0);
}

TEST_P(Schema, WhatIsNoDatabaseIsNotOpened) {
  std::ofstream(directory + "/damaged.sqlite")
      << "this is no database, but long enough to look at: " << std::string(4096, 'x');
  EXPECT_FALSE(open_sqlite_store(directory + "/damaged.sqlite").ok());
}

INSTANTIATE_TEST_SUITE_P(Sqlite, Schema, testing::Values(Kind::Sqlite));

}  // namespace
}  // namespace postern::mission
