// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/line_pace.h"

#include <gtest/gtest.h>

namespace postern::link {
namespace {

TEST(LinePace, DoublesFromASecondToFiveMinutesAndLeavesHalfToChance) {
  const LineTimes times;
  EXPECT_EQ(line_again_after(1, times, 0), base::kWallSecond / 2);
  EXPECT_EQ(line_again_after(1, times, 1), base::kWallSecond);
  EXPECT_EQ(line_again_after(2, times, 1), 2 * base::kWallSecond);
  EXPECT_EQ(line_again_after(9, times, 1), 256 * base::kWallSecond);
  EXPECT_EQ(line_again_after(10, times, 1), 300 * base::kWallSecond);
  EXPECT_EQ(line_again_after(10, times, 0), 150 * base::kWallSecond);
  EXPECT_EQ(line_again_after(1'000'000, times, 1), 300 * base::kWallSecond);
  EXPECT_EQ(line_refused_again_after(times, 0), 300 * base::kWallSecond);
  EXPECT_EQ(line_refused_again_after(times, 1), 330 * base::kWallSecond);
}

TEST(LinePauses, BeginAnewWhenATryCameFurtherAndDoubleWhereItDidNot) {
  const LineTimes times;
  LinePauses pauses;
  const auto after = [&](int reached) {
    return pauses.after_failure(reached, false, times, 1) / base::kWallSecond;
  };
  for (const int seconds : {1, 2, 4, 8, 16, 32, 64, 128, 256, 300}) EXPECT_EQ(after(0), seconds);
  EXPECT_EQ(after(2), 1) << "the server answers again";
  EXPECT_EQ(after(2), 2);
  EXPECT_EQ(after(0), 4) << "and not again: nothing got better";
  EXPECT_EQ(after(2), 8) << "that far it was before";
  EXPECT_EQ(after(5), 1);
  EXPECT_EQ(after(5), 2) << "up, and gone before anything was taken";
  EXPECT_EQ(pauses.failures(), 16);
  pauses.good();
  EXPECT_EQ(pauses.failures(), 0);
  EXPECT_EQ(after(0), 1);
  EXPECT_EQ(after(0), 2);
}

TEST(LinePauses, OfABusyServerAreHalfAMinuteAtMost) {
  const LineTimes times;
  LinePauses pauses;
  for (int i = 0; i < 20; ++i) EXPECT_LE(pauses.after_failure(4, true, times, 1), 30 * base::kWallSecond);
  EXPECT_EQ(pauses.after_failure(4, true, times, 0), 15 * base::kWallSecond)
      << "half of it is left to chance";
  EXPECT_EQ(pauses.after_failure(4, false, times, 1), 300 * base::kWallSecond);
}

TEST(LinePauses, AfterAnotherLifeAreAsLongAsMissionControlHoldsASilentOne) {
  const LineTimes times;
  EXPECT_EQ(line_twice_again_after(times, 0), 75 * base::kWallSecond);
  EXPECT_EQ(line_twice_again_after(times, 1), 75 * base::kWallSecond + 7'500'000);
}

}  // namespace
}  // namespace postern::link
