// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/store_rig.h"

namespace postern::mission {
namespace {

using base::Json;

constexpr base::Micros kStoreHour = kStoreTime - kStoreTime % (3600 * base::kWallSecond);

TEST_P(StoreTest, AnHourOfUsageIsCountedOnce) {
  const std::string id = enrolled();
  const UsageHour hour{id, kStoreHour, true, {{"sessions", 3}, {"bytes_in", 10}}};
  EXPECT_TRUE(*store->keep_usage(hour, clock.wall()));
  EXPECT_FALSE(*store->keep_usage(hour, clock.wall()));
  EXPECT_FALSE(*store->keep_usage({id, kStoreHour, true, {{"sessions", 99}}}, clock.wall()));
  ASSERT_TRUE(store->commit().ok());
  reopen();
  EXPECT_FALSE(*store->keep_usage(hour, clock.wall()));
  const auto kept = store->usage(id, 0, 10);
  ASSERT_EQ(kept->size(), 1U);
  EXPECT_EQ(kept->front().counts, hour.counts);
}

TEST_P(StoreTest, UsageIsSummedUpByInstallation) {
  const std::string one = enrolled(), other = enrolled();
  for (int i = 0; i < 3; ++i) {
    const base::Micros hour = kStoreHour - i * 3600 * base::kWallSecond;
    ASSERT_TRUE(*store->keep_usage({one, hour, true, {{"sessions", 2}, {"engineers", i + 1}}}, clock.wall()));
  }
  ASSERT_TRUE(*store->keep_usage({other, kStoreHour, false, {{"component.queries", 7}}}, clock.wall()));
  ASSERT_TRUE(store->commit().ok());
  const auto all = store->usage_sums("", 0);
  ASSERT_EQ(all->size(), 2U);
  const auto of_one = store->usage_sums(one, 0);
  ASSERT_EQ(of_one->size(), 1U);
  EXPECT_EQ(of_one->front().hours, 3);
  EXPECT_EQ(of_one->front().counts.at("sessions"), 6);
  EXPECT_EQ(of_one->front().counts.at("engineers"), 3) << "the most of an hour";
  EXPECT_EQ(store->usage_sums(one, kStoreHour)->front().hours, 1);
  EXPECT_EQ(store->usage(other, 0, 10)->front().complete, false);
  EXPECT_EQ(store->usage("", 0, 2)->size(), 2U);
}

TEST_P(StoreTest, HealthHasARowEachTwoMinutesAndAnAverageOfEachHour) {
  const std::string id = enrolled();
  const auto keep_health = [&](base::Micros at, int status, double cpu) {
    ASSERT_TRUE(store->keep_health(id, {at, {{"status", status}, {"cpu", cpu}}}).ok());
  };
  keep_health(kStoreHour, 0, 10);
  keep_health(kStoreHour + base::kWallSecond, 2, 20);
  keep_health(kStoreHour + 3 * kHealthRow, 0, 60);
  ASSERT_TRUE(store->commit().ok());
  const auto rows = store->health(id, 0, 10);
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ(rows->front().numbers["cpu"], 60);
  EXPECT_EQ(rows->back().numbers["status"], 2);
  EXPECT_EQ((*store->newest_health(id))->numbers["cpu"], 60);
  const auto hours = store->health_hours(id, 0, 10);
  ASSERT_EQ(hours->size(), 1U);
  EXPECT_DOUBLE_EQ(hours->front().numbers["cpu"].get<double>(), 30);
  EXPECT_DOUBLE_EQ(hours->front().numbers["status"].get<double>(), 2) << "the worst";
  EXPECT_FALSE(store->newest_health(enrolled())->has_value());
}

TEST_P(StoreTest, WhatIsOldOfMeasuresGoes) {
  const std::string id = enrolled();
  ASSERT_TRUE(store->keep_health(id, {kStoreHour, {{"status", 0}}}).ok());
  ASSERT_TRUE(*store->keep_usage({id, kStoreHour, true, {}}, clock.wall()));
  EXPECT_FALSE(*store->forget_measures(kStoreHour + kHealthRowsKept - 1));
  EXPECT_EQ(store->health(id, 0, 10)->size(), 1U);
  EXPECT_FALSE(*store->forget_measures(kStoreHour + kHealthRowsKept + 1));
  EXPECT_TRUE(store->health(id, 0, 10)->empty());
  EXPECT_EQ(store->health_hours(id, 0, 10)->size(), 1U);
  EXPECT_FALSE(*store->forget_measures(kStoreHour + kHealthHoursKept + 1));
  EXPECT_TRUE(store->health_hours(id, 0, 10)->empty());
  EXPECT_EQ(store->usage(id, 0, 10)->size(), 1U);
  EXPECT_FALSE(*store->forget_measures(kStoreHour + kUsageKept + 1));
  EXPECT_TRUE(store->usage(id, 0, 10)->empty());
}

}  // namespace
}  // namespace postern::mission
