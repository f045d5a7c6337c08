// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/store_rig.h"

namespace postern::mission {
namespace {

using base::Json;

TEST_P(StoreTest, FilesOfUpdatesAreKeptInPieces) {
  const UpdateUpload upload{"a", "first", clock.wall()};
  ASSERT_TRUE(*store->begin_file(upload, 5));
  ASSERT_TRUE(*store->add_piece(upload, 0, std::string("a\0b", 3)));
  ASSERT_TRUE(*store->add_piece(upload, 1, "cd"));
  EXPECT_FALSE((*store->update_file("a"))->whole);
  ASSERT_TRUE(*store->end_file(upload));
  ASSERT_TRUE(store->commit().ok());
  reopen();
  EXPECT_TRUE((*store->update_file("a"))->whole);
  EXPECT_EQ(store->update_piece("a", 0)->value(), std::string("a\0b", 3));
  EXPECT_FALSE(store->update_piece("a", 2)->has_value());
  EXPECT_FALSE(*store->begin_file({"a", "second", clock.wall()}, 5)) << "it is whole";
  EXPECT_FALSE(*store->add_piece(upload, 1, "xx")) << "it is whole";
  EXPECT_EQ(store->update_piece("a", 1)->value(), "cd");
  ASSERT_TRUE(store->remove_file("a").ok());
  EXPECT_TRUE(store->update_files()->empty());
}

TEST_P(StoreTest, AFileIsOfTheUploadThatBeganItLast) {
  const UpdateUpload first{"a", "first", clock.wall()}, second{"a", "second", clock.wall()};
  ASSERT_TRUE(*store->begin_file(first, 4));
  ASSERT_TRUE(*store->add_piece(first, 0, "ab"));
  ASSERT_TRUE(*store->add_piece(first, 1, "cd"));
  ASSERT_TRUE(*store->begin_file(second, 2));
  EXPECT_FALSE(store->update_piece("a", 0)->has_value()) << "it began anew";
  EXPECT_FALSE(*store->add_piece(first, 0, "ab"));
  EXPECT_FALSE(*store->end_file(first));
  ASSERT_TRUE(*store->add_piece(second, 0, "ef"));
  ASSERT_TRUE(*store->end_file(second));
  EXPECT_EQ((*store->update_file("a"))->length, 2);
  EXPECT_FALSE(*store->add_piece({"b", "first", clock.wall()}, 0, "ab")) << "nobody began it";
}

TEST_P(StoreTest, UploadsThatWereLeftAreForgottenADayAfterTheirLastPiece) {
  constexpr int kPieces = 501;  // more than go at a time
  const auto tidy = [&] {
    int times = 0;
    for (; *store->forget_unfinished(clock.wall() - kUnfinishedFor); ++times) EXPECT_LT(times, 9);
    return times;
  };
  ASSERT_TRUE(*store->begin_file({"left", "1", clock.wall()}, 9));
  for (int i = 0; i < kPieces; ++i) ASSERT_TRUE(*store->add_piece({"left", "1", clock.wall()}, i, "x"));
  ASSERT_TRUE(*store->begin_file({"whole", "2", clock.wall()}, 9));
  ASSERT_TRUE(*store->end_file({"whole", "2", clock.wall()}));
  ASSERT_TRUE(*store->begin_file({"slow", "3", clock.wall()}, 9));
  clock.advance(86400 * base::kSecond);
  EXPECT_EQ(tidy(), 0);
  ASSERT_TRUE(*store->add_piece({"slow", "3", clock.wall()}, 0, "x"));
  clock.advance(base::kSecond);
  EXPECT_GT(tidy(), 1);
  ASSERT_TRUE(store->commit().ok());
  const auto files = *store->update_files();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].name, "slow");
  EXPECT_EQ(files[1].name, "whole");
  EXPECT_FALSE(store->update_piece("left", 0)->has_value());
  EXPECT_FALSE(*store->add_piece({"left", "1", clock.wall()}, kPieces, "x")) << "it is gone";
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
  ASSERT_TRUE(store->set_update_state({other, "", "p", "ready", clock.wall()}).ok());
  ASSERT_TRUE(store->set_update_state({other, "", "p", "failed", clock.wall()}).ok());
  EXPECT_EQ(*store->count_failures("p", kLastRing), 1);
  EXPECT_EQ(*store->count_failures("p", 2), 0);
  UpdateState early{one, "", "p", "failed", clock.wall()};
  early.offered = false;
  ASSERT_TRUE(store->set_update_state(early).ok());
  EXPECT_EQ(*store->count_failures("p", 2), 0) << "it was not offered it";
  early.offered = true;
  ASSERT_TRUE(store->set_update_state(early).ok());
  EXPECT_EQ(*store->count_failures("p", 2), 1);
  ASSERT_TRUE(store->excuse_failures("p").ok());
  EXPECT_EQ(*store->count_failures("p", 2), 0);
  ASSERT_TRUE(store->set_update_state(early).ok());
  EXPECT_EQ(*store->count_failures("p", 2), 0) << "once and for all";
  EXPECT_EQ(store->update_states({.name = "p", .most = 9})->size(), 2U);
  EXPECT_FALSE((*store->hold_update_trust()).has_value());
  ASSERT_TRUE(*store->begin_update_trust({"root", Json{{"targets", "s"}}}));
  EXPECT_FALSE(*store->begin_update_trust({"other", Json{{"targets", "o"}}})) << "there is one";
  ASSERT_TRUE(store->set_update_trust({"root", Json{{"targets", "t"}}}).ok());
  EXPECT_EQ((*store->hold_update_trust())->pinned, "root");
  EXPECT_EQ((*store->hold_offer("p"))->suspended, "it fails");
  EXPECT_EQ(store->hold_offers()->at(0).about["length"], 5);
  EXPECT_FALSE((*store->hold_offer("q")).has_value());
  ASSERT_TRUE(store->commit().ok());
  reopen();
  EXPECT_EQ((*store->update_trust())->kept["targets"], "t");
  EXPECT_EQ(store->offers()->size(), 1U);
}

TEST_P(StoreTest, RollOutsAreCountedByRingAndState) {
  const std::string one = enrolled(), other = enrolled(), third = enrolled(), gone = enrolled();
  UpdateOffer offer{"p", "hash", Json{{"length", 5}}, 1, 10, "", clock.wall(), "person:ole", clock.wall()};
  ASSERT_TRUE(store->set_offer(offer).ok());
  ASSERT_TRUE(store->set_ring(one, 1).ok());
  ASSERT_TRUE(store->set_ring(gone, 1).ok());
  const base::Micros starts = clock.wall() + 5, now = clock.wall();
  ASSERT_TRUE(store->set_update_state({one, "", "p", "announced", now, 0, starts, ""}).ok());
  ASSERT_TRUE(store->set_update_state({one, "", "p", "ready", now, 0, 0, ""}).ok());
  ASSERT_TRUE(store->set_update_state({other, "", "p", "rolled_back", now, 0, 0, "node b: it fails"}).ok());
  ASSERT_TRUE(store->set_update_state({gone, "", "p", "failed", now, 0, 0, ""}).ok());
  ASSERT_TRUE(store->set_standing(gone, Standing::Retired, now).ok());
  ASSERT_TRUE(store->commit().ok());
  reopen();
  EXPECT_EQ((*store->offer("p"))->suspended_by, "person:ole");
  EXPECT_EQ((*store->offer("p"))->published, now);
  const auto rings = *store->count_rings();
  ASSERT_EQ(rings.size(), 2U);
  EXPECT_EQ(rings[0].ring, 1);
  EXPECT_EQ(rings[0].installations, 1) << "one is retired";
  EXPECT_EQ(rings[1].installations, 2);
  const auto states = *store->count_states("p");
  ASSERT_EQ(states.size(), 2U);
  EXPECT_EQ(states[0].state, "ready");
  EXPECT_EQ(states[1].ring, kLastRing);
  EXPECT_EQ(states[1].state, "rolled_back");
  const auto open = *store->open_states();
  ASSERT_EQ(open.size(), 2U) << "it is not offered to ring 9";
  EXPECT_TRUE(store->over_states("p")->empty());
  ASSERT_TRUE(store->set_update_state({other, "", "p", "done", now}).ok());
  EXPECT_EQ(store->over_states("p")->at(0).installation, other);
  const auto of_one = *store->states_of_installation(one);
  ASSERT_EQ(of_one.size(), 1U);
  EXPECT_EQ(of_one[0].starts, starts) << "that its file is here says nothing of when it starts";
  EXPECT_EQ(store->given_rings()->size(), 2U);
  EXPECT_EQ(store->update_states({.name = "p", .open_to = 1, .most = 9})->size(), 1U);
  EXPECT_EQ(store->update_states({.name = "p", .open_to = 9, .most = 9})->size(), 2U) << "one has it";
  EXPECT_EQ(store->update_states({.name = "p", .open_to = -1, .most = 9})->size(), 0U);
  const auto page = *store->update_states({.name = "p", .most = 2});
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(store->update_states({.name = "p", .after = page[1].installation, .most = 2})->size(), 1U);
  ASSERT_TRUE(store->remove_offer("p").ok());
  ASSERT_TRUE(store->set_offer(offer).ok());
  EXPECT_TRUE(store->states_of_installation(one)->empty()) << "what was told of it went with it";
  (void)third;
}

}  // namespace
}  // namespace postern::mission
