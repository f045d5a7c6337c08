// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/judging_time.h"

#include <gtest/gtest.h>

namespace postern::supervisor {
namespace {

constexpr base::Nanos kJudgedFrom = 1'000 * base::kSecond, kJudgingMinute = 60 * base::kSecond;

TEST(JudgingTime, WhatTakesLongToJudgeTakesATenthOfTheTime) {
  JudgingTime time;
  base::Nanos now = kJudgedFrom, judging = 0;
  for (int i = 0; i < 600; ++i) {
    ASSERT_TRUE(time.has_some(now)) << "all that may be fetched, at once";
    time.use(20 * base::kMillisecond);
    now += 20 * base::kMillisecond;
  }
  const base::Nanos end = now + 60 * kJudgingMinute;
  while (now < end) {
    if (!time.has_some(now += base::kSecond)) continue;
    time.use(10 * base::kSecond);
    judging += 10 * base::kSecond;
    now += 10 * base::kSecond;
  }
  EXPECT_LE(judging, 6 * kJudgingMinute + 45 * base::kSecond);
  EXPECT_GE(judging, 5 * kJudgingMinute);
}

TEST(JudgingTime, WhoUsedItUpGetsNoMoreThanThereWasByWaitingLong) {
  JudgingTime time;
  ASSERT_TRUE(time.has_some(kJudgedFrom));
  time.use(JudgingTime::kMost);
  EXPECT_FALSE(time.has_some(kJudgedFrom));
  base::Nanos now = kJudgedFrom + 1'000 * kJudgingMinute;
  ASSERT_TRUE(time.has_some(now));
  time.use(JudgingTime::kMost);
  EXPECT_FALSE(time.has_some(now));
}

}  // namespace
}  // namespace postern::supervisor
