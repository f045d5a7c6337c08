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

TEST(OrderPace, IsABurstAndThenTenASecond) {
  base::Nanos now = 5 * base::kSecond;
  OrderPace pace(now);
  for (int i = 0; i < kOrderBurst; ++i) EXPECT_TRUE(pace.take(now)) << i;
  EXPECT_FALSE(pace.take(now));
  now += base::kSecond;
  for (int i = 0; i < kOrdersPerSecond; ++i) EXPECT_TRUE(pace.take(now)) << i;
  EXPECT_FALSE(pace.take(now));
  now += 3600 * base::kSecond;
  for (int i = 0; i < kOrderBurst; ++i) EXPECT_TRUE(pace.take(now)) << i;
  EXPECT_FALSE(pace.take(now));
  EXPECT_FALSE(pace.take(now - base::kSecond)) << "a clock that steps back gives nothing";
}

}  // namespace
}  // namespace postern::link
