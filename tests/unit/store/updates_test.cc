// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/store_rig.h"

namespace postern::mission {
namespace {

using base::Json;

TEST_P(StoreTest, FilesOfUpdatesAreKeptInPieces) {
  ASSERT_TRUE(*store->begin_file("a", 5, clock.wall()));
  ASSERT_TRUE(store->add_piece("a", 0, std::string("a\0b", 3)).ok());
  ASSERT_TRUE(store->add_piece("a", 1, "cd").ok());
  EXPECT_FALSE((*store->update_file("a"))->whole);
  ASSERT_TRUE(store->end_file("a").ok());
  ASSERT_TRUE(store->commit().ok());
  reopen();
  EXPECT_TRUE((*store->update_file("a"))->whole);
  EXPECT_EQ(store->update_piece("a", 0)->value(), std::string("a\0b", 3));
  EXPECT_FALSE(store->update_piece("a", 2)->has_value());
  EXPECT_FALSE(*store->begin_file("a", 5, clock.wall())) << "it is whole";
  ASSERT_TRUE(store->remove_file("a").ok());
  EXPECT_TRUE(store->update_files()->empty());
}

TEST_P(StoreTest, OffersRingsAndStatesOfUpdatesAreKept) {
  const std::string one = enrolled(), other = enrolled();
  ASSERT_TRUE(store->set_offer({"p", "hash", Json{{"length", 5}}, 1, 10, "", clock.wall()}).ok());
  ASSERT_TRUE(store->set_ring(one, 1).ok());
  ASSERT_TRUE(store->set_ring(one, 2).ok());
  EXPECT_EQ(*store->ring_of(one), 2);
  EXPECT_EQ(*store->ring_of(other), kLastRing);
  EXPECT_EQ(*store->count_ring(kLastRing), 1);
  EXPECT_TRUE(*store->is_offered("hash", 1));
  EXPECT_FALSE(*store->is_offered("hash", 2));
  ASSERT_TRUE(store->set_offer({"p", "hash", Json{{"length", 5}}, 9, 10, "it fails", clock.wall()}).ok());
  EXPECT_FALSE(*store->is_offered("hash", 1));
  EXPECT_EQ((*store->offer("p"))->about["length"], 5);
  ASSERT_TRUE(store->set_update_state(other, "p", "ready", clock.wall()).ok());
  ASSERT_TRUE(store->set_update_state(other, "p", "failed", clock.wall()).ok());
  EXPECT_EQ(*store->count_failures("p", kLastRing), 1);
  EXPECT_EQ(*store->count_failures("p", 2), 0);
  EXPECT_EQ(store->update_states("p")->size(), 2U);
  ASSERT_TRUE(store->set_update_trust({"root", Json{{"targets", "t"}}}).ok());
  ASSERT_TRUE(store->commit().ok());
  reopen();
  EXPECT_EQ((*store->update_trust())->kept["targets"], "t");
  EXPECT_EQ(store->offers()->size(), 1U);
}

}  // namespace
}  // namespace postern::mission
