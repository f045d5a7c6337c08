// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/session_ends.h"

#include <gtest/gtest.h>

#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

using Ids = std::vector<std::string>;

Ids run_out(SessionEnds& ends, const Scene& scene) {
  Ids ids;
  for (const state::Session* session : ends.run_out(scene.state, scene.now)) ids.push_back(session->id);
  return ids;
}

struct TwoVisits : Scene {
  std::string first = visit("alice");
  std::string second = visit("bob");
  SessionEnds ends{state};
  const state::Session& of(const std::string& id) const { return state.sessions().at(id); }
};

TEST(SessionEnds, TellsThoseThatWereIdleForTooLongAndGoesOnTellingThem) {
  TwoVisits here;
  const base::Micros idle = here.of(here.first).idle;
  EXPECT_EQ(run_out(here.ends, here), Ids());
  here.now += idle - 1;
  EXPECT_EQ(run_out(here.ends, here), Ids());
  here.now += 1;
  const Ids both{std::min(here.first, here.second), std::max(here.first, here.second)};
  EXPECT_EQ(run_out(here.ends, here), both);
  EXPECT_EQ(run_out(here.ends, here), both);
  here.ends.close(here.first);
  EXPECT_EQ(run_out(here.ends, here), Ids{here.second});
}

TEST(SessionEnds, WhoWasActiveHasNotRunOutUntilTheyExpire) {
  TwoVisits here;
  const state::Session& one = here.of(here.first);
  while (here.now + one.idle / 2 < one.expires) {
    here.state.touch(here.first, here.now);
    here.now += one.idle / 2;
    const Ids now = run_out(here.ends, here);
    ASSERT_FALSE(std::ranges::count(now, here.first)) << here.now - kNoon;
    ASSERT_EQ(std::ranges::count(now, here.second) != 0, here.now >= kNoon + one.idle);
  }
  here.state.touch(here.first, one.expires - 1);
  here.now = one.expires;
  EXPECT_TRUE(std::ranges::count(run_out(here.ends, here), here.first));
}

TEST(SessionEnds, KnowsThoseThatCameLater) {
  TwoVisits here;
  const std::string third = here.visit("carol");
  here.now += here.of(third).idle;
  EXPECT_FALSE(std::ranges::count(run_out(here.ends, here), third));
  here.ends.open(here.of(third));
  EXPECT_TRUE(std::ranges::count(run_out(here.ends, here), third));
}

}  // namespace
}  // namespace postern::ledger
