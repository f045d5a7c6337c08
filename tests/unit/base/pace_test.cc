// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/pace.h"

#include <gtest/gtest.h>

namespace postern::base {
namespace {

constexpr Rate kThree{3, kSecond};
constexpr Nanos kNow = 100 * kSecond;

TEST(Pace, LetsSomeComeAtOnceAndThenOneAnInterval) {
  Pace pace;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pace.take(kThree, kNow), 0) << i;
  EXPECT_EQ(pace.take(kThree, kNow), kSecond);
  EXPECT_EQ(pace.take(kThree, kNow + kSecond / 2), kSecond / 2) << "what was refused took nothing";
  EXPECT_EQ(pace.take(kThree, kNow + kSecond), 0);
  EXPECT_EQ(pace.take(kThree, kNow + kSecond), kSecond);
}

TEST(Pace, IsNeverMoreThanFull) {
  Pace pace;
  EXPECT_EQ(pace.take(kThree, kNow), 0);
  EXPECT_FALSE(pace.full(kNow));
  EXPECT_TRUE(pace.full(kNow + kSecond));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pace.take(kThree, kNow + 3600 * kSecond), 0) << i;
  EXPECT_EQ(pace.take(kThree, kNow + 3600 * kSecond), kSecond);
}

TEST(Pace, GivesAllOrNothing) {
  Pace pace;
  EXPECT_EQ(pace.take(kThree, kNow, 2), 0);
  EXPECT_EQ(pace.take(kThree, kNow, 2), kSecond);
  EXPECT_EQ(pace.take(kThree, kNow, 1), 0);
  EXPECT_GT(pace.take(kThree, kNow + 3600 * kSecond, 4), 0)
      << "of more than there can be at once there never are";
}

TEST(Pace, ALookTakesNothing) {
  Pace pace;
  for (int i = 0; i < 9; ++i) EXPECT_EQ(pace.look(kThree, kNow, 3), 0);
  EXPECT_EQ(pace.take(kThree, kNow, 3), 0);
}

TEST(Pace, TakesBackWhatWasNotUsed) {
  Pace pace;
  EXPECT_EQ(pace.take(kThree, kNow, 3), 0);
  pace.give_back(kThree, 2);
  EXPECT_EQ(pace.take(kThree, kNow, 3), kSecond);
  EXPECT_EQ(pace.take(kThree, kNow, 2), 0);
}

TEST(Pace, AClockThatStepsBackGivesNothing) {
  Pace pace;
  EXPECT_EQ(pace.take(kThree, kNow, 3), 0);
  EXPECT_GT(pace.take(kThree, kNow - kSecond), 0);
}

}  // namespace
}  // namespace postern::base
