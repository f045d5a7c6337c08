// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/announcements.h"

#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

Announcement capability(std::uint64_t index, const char* name, const char* setting, bool closes) {
  Announcement a;
  a.index = index;
  a.about = std::string("permission:") + name;
  a.closes = closes;
  a.event = {{"type", "permission.changed"},
             {"time", base::format_time(kNoon)},
             {"detail", {{"what", "capability"}, {"name", name}, {"new", setting}}}};
  return a;
}
state::Setting told(const Announcements& announcements, const char* name) {
  return announcements.told().capability(name, kNoon);
}

TEST(Announcements, WhatGivesWaitsForItsRecord) {
  Announcements announcements{state::State()};
  EXPECT_FALSE(announcements.add(capability(0, "a", "on", false)));
  EXPECT_TRUE(announcements.release(0).changes.empty());
  EXPECT_EQ(told(announcements, "a"), state::Setting::Off);
  const auto released = announcements.release(1);
  ASSERT_EQ(released.changes.size(), 1u);
  EXPECT_FALSE(released.gap);
  EXPECT_EQ(told(announcements, "a"), state::Setting::On);
}

TEST(Announcements, WhatClosesIsToldAtOnceAndOnlyOnce) {
  Announcements announcements{state::State()};
  announcements.add(capability(0, "a", "on", false));
  announcements.release(1);
  EXPECT_TRUE(announcements.add(capability(1, "a", "off", true)));
  EXPECT_EQ(told(announcements, "a"), state::Setting::Off);
  EXPECT_TRUE(announcements.release(2).changes.empty());
  EXPECT_EQ(told(announcements, "a"), state::Setting::Off);
}

TEST(Announcements, AnOvertakenChangeIsNeverTold) {
  Announcements announcements{state::State()};
  announcements.add(capability(0, "a", "on", false));
  announcements.add(capability(1, "b", "on", false));
  EXPECT_TRUE(announcements.add(capability(2, "a", "off", true)));
  const auto released = announcements.release(2);
  EXPECT_TRUE(released.gap);
  EXPECT_TRUE(released.changes.empty());
  EXPECT_EQ(told(announcements, "a"), state::Setting::Off)
      << "the closing one is not durable, and yet it holds";
  EXPECT_EQ(told(announcements, "b"), state::Setting::On);
}

TEST(Announcements, OvertakingSomethingElseIsHarmless) {
  Announcements announcements{state::State()};
  announcements.add(capability(0, "a", "on", false));
  announcements.add(capability(1, "b", "off", true));
  const auto released = announcements.release(2);
  EXPECT_FALSE(released.gap);
  EXPECT_EQ(released.changes.size(), 1u);
}

}  // namespace
}  // namespace postern::ledger
