// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/act_log.h"

#include "mission/store/schema.h"
#include "mission/store/sqlite_database.h"
#include "tests/unit/store/store_rig.h"

namespace postern::mission {
namespace {

class ActLogTest : public StoreTest {
 protected:
  Act act(const std::string& subject) {
    return {0, ulid(), clock.wall(), "enrolment.made", "person:alice", subject, "192.0.2.7:50123"};
  }
  std::vector<std::pair<std::int64_t, std::string>> numbered() {
    std::vector<std::pair<std::int64_t, std::string>> out;
    const auto found = store->acts({});
    for (const Act& one : *found) out.emplace_back(one.number, one.subject);
    return out;
  }
};
using Numbered = std::vector<std::pair<std::int64_t, std::string>>;

TEST_P(ActLogTest, GivesActsNumbersWithoutAGapInTheOrderOfTheirCommits) {
  store->add_act(act("a"));
  store->add_act(act("b"));
  EXPECT_TRUE(store->acts({})->empty()) << "with the commit, and not before";
  ASSERT_TRUE(store->commit().ok());
  store->add_act(act("lost"));
  reopen();
  store->add_act(act("undone"));
  store->undo();
  store->add_act(act("c"));
  ASSERT_TRUE(store->commit().ok());
  EXPECT_EQ(numbered(), (Numbered{{3, "c"}, {2, "b"}, {1, "a"}}));
  EXPECT_EQ(store->act_log()->size, 3);
  EXPECT_EQ(store->act_log()->signed_size, 0);
}

// Two servers: whoever commits first comes first, and what failed leaves no gap.
TEST_P(ActLogTest, AnActThatCannotBeKeptFailsTheCommitAndLeavesNoGap) {
  store->add_act(act("a"));
  ASSERT_TRUE(store->commit().ok());
  Act twice = act("b");
  store->add_act(twice);
  ASSERT_TRUE(store->commit().ok());
  store->add_act(twice);
  store->add_act(act("c"));
  EXPECT_FALSE(store->commit().ok()) << "an id is there once";
  store->add_act(act("d"));
  ASSERT_TRUE(store->commit().ok());
  EXPECT_EQ(numbered(), (Numbered{{3, "d"}, {2, "b"}, {1, "a"}}));
}

// These bytes are hashed: they stay as they are, or no log of a released version can be verified any more.
TEST_P(ActLogTest, HasOneLineForAnAct) {
  Act one{0,      "01JD7Z3V5T4Q2N8M6K0H1F9C3B", kStoreTime, "enrolment.made", "person:\"alice\"", "Müller\n",
          "uid 0"};
  one.detail = {{"b", 1}, {"a", "x"}};
  store->add_act(one);
  ASSERT_TRUE(store->commit().ok());
  const auto lines = store->act_lines(0, 2);
  ASSERT_TRUE(lines.ok());
  EXPECT_EQ(
      (*lines)[0],
      R"({"id":"01JD7Z3V5T4Q2N8M6K0H1F9C3B","time":")" + base::format_time(kStoreTime) +
          R"(","type":"enrolment.made","actor":"person:\"alice\"","subject":"Müller\u000a","from":"uid 0","detail":)" +
          base::dump_json(one.detail) + "}");
  EXPECT_EQ((*lines)[1], "") << "there is no second one";
}

TEST_P(ActLogTest, CutsWhatIsTooLongForAnEntry) {
  Act one = act(std::string(100'000, '\x01'));
  one.actor = std::string(100'000, 'a');
  one.detail["long"] = std::string(100'000, 'd');
  store->add_act(one);
  ASSERT_TRUE(store->commit().ok());
  const auto lines = store->act_lines(0, 1);
  EXPECT_LT((*lines)[0].size(), 65'535U);
  EXPECT_NE((*lines)[0].find(R"("detail":{"cut":true})"), std::string::npos);
}

TEST_P(ActLogTest, TakesACheckpointOnlyFromTheOneThatStands) {
  store->add_act(act("a"));
  ASSERT_TRUE(store->commit().ok());
  EXPECT_FALSE(*store->set_act_checkpoint(0, 2, "too far"));
  EXPECT_TRUE(*store->set_act_checkpoint(0, 1, "first"));
  EXPECT_FALSE(*store->set_act_checkpoint(0, 1, "late"));
  ASSERT_TRUE(store->commit().ok());
  EXPECT_EQ(store->act_log()->checkpoint, "first");
  ASSERT_TRUE(store->put_act_tile(1, 2, "aGFzaA==").ok());
  ASSERT_TRUE(store->put_act_tile(1, 2, "aGFzaGVz").ok());
  ASSERT_TRUE(store->commit().ok());
  EXPECT_EQ(*store->act_tile(1, 2), "aGFzaGVz");
  EXPECT_EQ(*store->act_tile(2, 1), "");
}

// A store from before there was a log: its acts are carried in, numbered anew.
TEST_P(ActLogTest, HasTheActsOfAnOlderStore) {
  const std::string path = directory + "/older.sqlite";
  constexpr std::size_t kBefore = 8;
  {
    auto database = open_sqlite_database(path);
    ASSERT_TRUE(database.ok());
    for (std::size_t i = 0; i < kBefore; ++i) {
      std::string step(schema_steps()[i]);
      for (std::size_t open; (open = step.find('{')) != std::string::npos;) {
        const std::size_t close = step.find('}', open);
        step.replace(open, close - open + 1, (*database)->spell(step.substr(open + 1, close - open - 1)));
      }
      ASSERT_TRUE((*database)->define(step).ok()) << step;
    }
    ASSERT_TRUE(
        (*database)
            ->define("INSERT INTO acts (number, id, time, type, actor, subject, client, detail) VALUES "
                     "(4,'x',1,'t','p','four','','{}'), (9,'y',2,'t','p','nine','','{\"a\":1}')")
            .ok());
    ASSERT_TRUE((*database)->set_schema_version(kBefore).ok());
  }
  auto opened = open_sqlite_store(path);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  store = *std::move(opened);
  EXPECT_EQ(store->act_log()->size, 2);
  store->add_act(act("new"));
  ASSERT_TRUE(store->commit().ok());
  EXPECT_EQ(numbered(), (Numbered{{3, "new"}, {2, "nine"}, {1, "four"}}));
}

INSTANTIATE_TEST_SUITE_P(Stores, ActLogTest, testing::Values(Kind::Sqlite, Kind::Postgres),
                         [](const auto& kind) { return kind.param == Kind::Sqlite ? "Sqlite" : "Postgres"; });

}  // namespace
}  // namespace postern::mission
