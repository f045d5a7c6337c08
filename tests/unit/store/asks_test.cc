// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is asked of installations, over both databases.
#include "tests/unit/store/store_rig.h"

namespace postern::mission {
namespace {

KeptAsk an_ask(const std::string& installation, const std::string& id, base::Micros created) {
  KeptAsk out;
  out.installation = installation;
  out.ask.id = id;
  out.ask.by = "jane";
  out.ask.reason = "disk alert";
  out.ask.engineer = "alice";
  out.ask.role = "viewer";
  out.created = created;
  return out;
}

TEST_P(StoreTest, WhatIsAskedIsAskedUntilItIsOver) {
  const std::string id = enrolled(), first = ulid(), second = ulid();
  for (const std::string& one : {first, second})
    ASSERT_TRUE(store->add_ask(an_ask(id, one, clock.wall())).ok());
  ASSERT_TRUE(store->commit().ok());
  reopen();
  ASSERT_EQ(store->open_asks(id, clock.wall())->size(), 2U);
  EXPECT_EQ(store->open_asks(id, clock.wall())->front().ask.engineer, "alice");
  EXPECT_TRUE(*store->note_standing(id, {first, "approved", "as asked", 7}, clock.wall()));
  EXPECT_FALSE(*store->note_standing(id, {first, "approved", "as asked", 7}, clock.wall())) << "no news";
  const auto approved = store->ask(first);
  EXPECT_EQ((*approved)->ask.stands, "approved");
  EXPECT_EQ((*approved)->until, 7);
  EXPECT_TRUE(*store->note_standing(id, {first, "ended", "revoked", 7}, clock.wall()));
  EXPECT_FALSE(*store->note_standing(id, {first, "pending", "", 0}, clock.wall())) << "it is over";
  ASSERT_EQ(store->open_asks(id, clock.wall())->size(), 1U);
  EXPECT_TRUE(*store->withdraw_ask(second));
  EXPECT_FALSE(*store->withdraw_ask(second));
  EXPECT_FALSE(*store->withdraw_ask(first));
  EXPECT_TRUE(store->open_asks(id, clock.wall())->front().ask.withdrawn) << "until the installation says so";
  EXPECT_EQ(store->asks(line::AskKind::Request, id, "", 10)->size(), 2U);
  EXPECT_EQ(store->asks(line::AskKind::Request, "", second, 10)->size(), 1U);
  EXPECT_TRUE(store->asks(line::AskKind::Proposal, "", "", 10)->empty());
  EXPECT_TRUE(store->open_asks(id, clock.wall() + kAskLives)->empty());
}

TEST_P(StoreTest, NoInstallationSaysWhereAnothersAskStands) {
  const std::string one = enrolled(), other = enrolled(), asked = ulid();
  ASSERT_TRUE(store->add_ask(an_ask(one, asked, clock.wall())).ok());
  EXPECT_FALSE(*store->note_standing(other, {asked, "approved", "", 0}, clock.wall()));
  EXPECT_EQ((*store->ask(asked))->ask.stands, "");
  EXPECT_TRUE(store->open_asks(other, clock.wall())->empty());
}

TEST_P(StoreTest, WhatWasAppliedIsNotAskedAboutOnceItCannotBeUndone) {
  const std::string id = enrolled(), asked = ulid();
  ASSERT_TRUE(store->add_ask(an_ask(id, asked, clock.wall())).ok());
  EXPECT_TRUE(*store->note_standing(id, {asked, "applied", "", 0}, clock.wall()));
  EXPECT_EQ(store->open_asks(id, clock.wall())->size(), 1U);
  EXPECT_TRUE(store->open_asks(id, clock.wall() + kAppliedLives + 1)->empty());
}

TEST_P(StoreTest, SoMuchIsAskedOfAnInstallationAtMost) {
  const std::string id = enrolled();
  for (std::int64_t i = 0; i < kMostOpenAsks; ++i)
    ASSERT_TRUE(store->add_ask(an_ask(id, ulid(), clock.wall())).ok());
  EXPECT_EQ(store->add_ask(an_ask(id, ulid(), clock.wall())).error().code, base::Code::Limit);
}

}  // namespace
}  // namespace postern::mission
