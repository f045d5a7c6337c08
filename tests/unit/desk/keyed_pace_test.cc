// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/keyed_pace.h"

#include <gtest/gtest.h>

namespace postern::mission {
namespace {

constexpr KeyedPace::Settings kThree{{3, base::kSecond}, 2};

TEST(KeyedPace, LetsSomeComeAtOnceAndThenOneAnInterval) {
  KeyedPace pace(kThree);
  base::Nanos now = 100 * base::kSecond;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pace.take("a", now), 0) << i;
  EXPECT_EQ(pace.take("a", now), base::kSecond);
  EXPECT_EQ(pace.take("a", now + base::kSecond / 2), base::kSecond / 2);
  EXPECT_EQ(pace.take("a", now + base::kSecond), 0);
  EXPECT_EQ(pace.look("a", now + base::kSecond), base::kSecond);
  EXPECT_EQ(pace.look("a", now + 10 * base::kSecond), 0);
}

TEST(KeyedPace, OneDoesNotSlowAnother) {
  KeyedPace pace(kThree);
  for (int i = 0; i < 9; ++i) pace.take("a", base::kSecond);
  EXPECT_EQ(pace.take("b", base::kSecond), 0);
}

TEST(KeyedPace, IsBoundedAndForgetsTheQuiet) {
  KeyedPace pace(kThree);
  EXPECT_EQ(pace.take("a", base::kSecond), 0);
  EXPECT_EQ(pace.take("b", base::kSecond), 0);
  EXPECT_EQ(pace.take("c", base::kSecond), base::kSecond) << "there is no room";
  EXPECT_EQ(pace.take("c", 10 * base::kSecond), 0) << "the others were quiet";
}

// Whoever looks before it takes would never come to take.
TEST(KeyedPace, ALookMakesRoomToo) {
  KeyedPace pace(kThree);
  EXPECT_EQ(pace.take("a", base::kSecond), 0);
  EXPECT_EQ(pace.take("b", base::kSecond), 0);
  EXPECT_EQ(pace.look("c", base::kSecond), base::kSecond) << "there is no room";
  EXPECT_EQ(pace.look("c", 10 * base::kSecond), 0) << "the others were quiet";
}

}  // namespace
}  // namespace postern::mission
