// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/move.h"

#include "mission/store/schema.h"
#include "mission/store/sqlite_database.h"
#include "tests/unit/store/store_rig.h"

namespace postern::mission {
namespace {

// The kind that is moved to. What is moved is a file of SQLite.
class StoreMoveTest : public StoreTest {
 protected:
  std::unique_ptr<Database> file(const std::string& name) {
    auto opened = open_sqlite_database(directory + "/" + name + ".sqlite");
    EXPECT_TRUE(opened.ok());
    EXPECT_TRUE(bring_up(**opened).ok());
    return *std::move(opened);
  }
  std::unique_ptr<Database> target() {
    if (GetParam() == Kind::Sqlite) return file("target");
    return PostgresServer::get().open(PostgresServer::get().new_database());
  }
  // A store with something of each kind that its acts make; and rows of other tables as they are.
  std::unique_ptr<Database> filled(int events = 2500) {
    auto database = file("source");
    EXPECT_TRUE(database->begin().ok());
    EXPECT_TRUE(
        database
            ->define(
                "INSERT INTO installations (id, customer, version, enrolled, standing, since) VALUES "
                "('one', 'Müller & \"Söhne\"', '1', -5, 1, 9223372036854775807), ('ONE', '', '', 0, 0, 0);"
                "INSERT INTO names (label, installation) VALUES ('acme', 'one');"
                "INSERT INTO people (id, version, document) VALUES (1, 7, '{}');"
                "INSERT INTO acts (number, id, time, type, actor, subject, client, detail) VALUES "
                "(1,'a',1,'t','p','','','{}'), (2,'b',2,'t','p','','','{\"x\":\"\u20ac\"}');"
                "UPDATE act_log SET size=2, signed_size=1, checkpoint='note'")
            .ok());
    for (int i = 0; i < events; ++i)
      EXPECT_TRUE(
          database
              ->act("INSERT INTO events (number, installation, id, own, type, time, received, body) VALUES "
                    "(?1,?2,?3,0,'t',1,1,'{}')",
                    {std::int64_t{3} * i + 10, "one", std::to_string(i)})
              .ok());
    EXPECT_TRUE(database->commit().ok());
    return database;
  }
  static std::int64_t count(Database& database, const std::string& table) {
    std::int64_t out = -1;
    EXPECT_TRUE(
        database.run("SELECT count(*) FROM " + table, {}, [&](const Row& row) { out = row.number(0); }).ok());
    return out;
  }
};

TEST_P(StoreMoveTest, CarriesAllOfItThereAndBack) {
  const auto source = filled(), there = target(), back = file("back");
  int told = 0;
  const auto moved = move_store({*source, *there, [&](const std::string&, std::int64_t, bool) { ++told; }});
  ASSERT_TRUE(moved.ok()) << moved.error().message;
  EXPECT_GE(told, static_cast<int>(moved->size()));
  std::int64_t rows = 0;
  for (const MovedTable& one : *moved) rows += one.rows;
  EXPECT_EQ(rows, 2500 + 2 + 1 + 1 + 2 + 1);
  const auto returned = move_store({*there, *back, nullptr});
  ASSERT_TRUE(returned.ok()) << returned.error().message;
  for (std::size_t i = 0; i < moved->size(); ++i) {
    EXPECT_EQ((*moved)[i].rows, (*returned)[i].rows) << (*moved)[i].name;
    EXPECT_EQ((*moved)[i].sha256, (*returned)[i].sha256) << (*moved)[i].name;
  }
}

TEST_P(StoreMoveTest, NumbersGoOnWhereTheyWere) {
  const auto source = filled(5);
  auto there = target();
  ASSERT_TRUE(move_store({*source, *there, nullptr}).ok());
  store = std::make_unique<Store>(std::move(there));
  StoredEvent event;
  event.installation = "one";
  event.id = "new";
  event.type = "t";
  ASSERT_TRUE(*store->keep_event(event));
  store->add_act({0, "c", 3, "t", "p", "", "", {}});
  ASSERT_TRUE(store->commit().ok());
  EXPECT_GT(store->events("one", 0, 1)->front().number, 3 * 4 + 10);
  EXPECT_EQ(store->acts({})->front().number, 3);
  EXPECT_EQ(store->act_log()->checkpoint, "note");
}

TEST_P(StoreMoveTest, RefusesATargetThatIsNotEmptyAndLeavesIt) {
  const auto source = filled(5), there = target();
  ASSERT_TRUE(there->begin().ok());
  ASSERT_TRUE(there->act("INSERT INTO people (id, version, document) VALUES (1, 1, '{}')", {}).ok());
  ASSERT_TRUE(there->commit().ok());
  const auto moved = move_store({*source, *there, nullptr});
  ASSERT_FALSE(moved.ok());
  EXPECT_EQ(moved.error().code, base::Code::Exists);
  EXPECT_NE(moved.error().message.find("people has rows"), std::string::npos) << moved.error().message;
  EXPECT_EQ(count(*there, "installations"), 0);
  EXPECT_EQ(count(*there, "act_log"), 1);
  EXPECT_FALSE(source->in_transaction());
}

TEST_P(StoreMoveTest, AnAttemptThatFailsLeavesTheTargetEmptyForTheNext) {
  const auto source = filled(30), there = target();
  // A name of an installation that is not there.
  ASSERT_TRUE(source->define("PRAGMA foreign_keys=OFF").ok());
  ASSERT_TRUE(source->define("INSERT INTO names (label, installation) VALUES ('nobody', 'not there')").ok());
  const auto moved = move_store({*source, *there, nullptr});
  ASSERT_FALSE(moved.ok());
  EXPECT_EQ(count(*there, "installations"), 0);
  EXPECT_EQ(count(*there, "act_log"), 1);
  ASSERT_TRUE(source->define("DELETE FROM names WHERE label='nobody'").ok());
  EXPECT_TRUE(move_store({*source, *there, nullptr}).ok());
}

INSTANTIATE_TEST_SUITE_P(Targets, StoreMoveTest, testing::Values(Kind::Sqlite, Kind::Postgres),
                         [](const auto& kind) { return kind.param == Kind::Sqlite ? "Sqlite" : "Postgres"; });

}  // namespace
}  // namespace postern::mission
