// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "gateway/supervisor/config.h"
#include "gateway/supervisor/zones.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

using ::testing::HasSubstr;

constexpr base::Micros kHourOfWindow = 3600 * base::kWallSecond;

std::string with_windows(std::string_view windows) {
  return std::string(kSound) +
         "mission_control:\n  url: https://mission.vendor.example\n  folder: line\n  updates:\n    root: "
         "1.root.json\n" +
         std::string(windows);
}
std::string fault_of_windows(std::string_view windows) {
  return base::format_faults("postern.yaml", parse_config(with_windows(windows), "/etc/postern", 4).faults);
}
const MissionControl::Updates& updates_of(const ParsedConfig& parsed) {
  return *parsed.config->mission_control->updates;
}

TEST(UpdateWindows, AreOneOrSeveral) {
  const ParsedConfig one = parse_config(
      with_windows("    window: {from: \"02:00\", for: 3h, time_zone: Europe/Berlin}\n"), "/etc/postern", 4);
  ASSERT_NE(one.config, nullptr) << base::format_faults("postern.yaml", one.faults);
  ASSERT_EQ(updates_of(one).windows.size(), 1U);
  EXPECT_EQ(updates_of(one).windows[0].days, MissionControl::Window::kEachDay);
  EXPECT_EQ(updates_of(one).windows[0].from, 120);
  EXPECT_EQ(updates_of(one).windows[0].length, 3 * kHourOfWindow);
  EXPECT_EQ(updates_of(one).notice, 24 * kHourOfWindow);
  const ParsedConfig two = parse_config(with_windows(R"(    notice: 3d
    window:
      - {days: [sat, sun], from: "23:30", for: 2h, time_zone: Asia/Kolkata}
      - {days: wed, from: "00:00", for: 24h, time_zone: UTC}
)"),
                                        "/etc/postern", 4);
  ASSERT_NE(two.config, nullptr) << base::format_faults("postern.yaml", two.faults);
  ASSERT_EQ(updates_of(two).windows.size(), 2U);
  EXPECT_EQ(updates_of(two).windows[0].days, 0x60U);
  EXPECT_EQ(updates_of(two).windows[1].days, 0x04U);
  EXPECT_EQ(updates_of(two).notice, 72 * kHourOfWindow);
}

TEST(UpdateWindows, WithoutOneThereIsNone) {
  const ParsedConfig parsed = parse_config(with_windows(""), "/etc/postern", 4);
  ASSERT_NE(parsed.config, nullptr);
  EXPECT_TRUE(updates_of(parsed).windows.empty());
}

TEST(UpdateWindows, SayWhatIsWrong) {
  const std::array<std::array<std::string_view, 2>, 15> cases{{
      {"window: {for: 3h, time_zone: UTC}", "a window needs from"},
      {"window: {from: \"2:00\", for: 3h, time_zone: UTC}", "such as \"02:00\", not \"2:00\""},
      {"window: {from: \"24:00\", for: 3h, time_zone: UTC}", "a time of the day"},
      {"window: {from: \"12:60\", for: 3h, time_zone: UTC}", "a time of the day"},
      {"window: {from: \"-1:30\", for: 3h, time_zone: UTC}", "a time of the day"},
      {"window: {from: \"02:00\", time_zone: UTC}", "a window needs for"},
      {"window: {from: \"02:00\", for: 5m, time_zone: UTC}", "for must be a duration"},
      {"window: {from: \"02:00\", for: 25h, time_zone: UTC}", "for must be a duration"},
      {"window: {from: \"02:00\", for: 3h}", "a window needs time_zone"},
      {"window: {from: \"02:00\", for: 3h, time_zone: ../../etc/passwd}", "time_zone must be a name"},
      {"window: {days: [], from: \"02:00\", for: 3h, time_zone: UTC}", "never opens"},
      {"window: {days: [monday], from: \"02:00\", for: 3h, time_zone: UTC}",
       "days must be daily, or a list of mon"},
      {"window: []", "a list of 1 to 14"},
      {"window: {day: daily, from: \"02:00\", for: 3h, time_zone: UTC}", "day"},
      {"notice: 23h", "notice must be a duration"},
  }};
  for (const auto& [text, fault] : cases)
    EXPECT_THAT(fault_of_windows("    " + std::string(text) + "\n"), HasSubstr(std::string(fault))) << text;
}

// Of the system's database, against what is known of these places.
TEST(Zones, HaveTheirOffsets) {
  const base::Micros from = base::parse_time("2026-11-28T12:00:00Z").value();
  const base::Micros until = base::parse_time("2028-11-28T12:00:00Z").value();
  const auto berlin = offsets_of_zone("Europe/Berlin", from, until);
  ASSERT_TRUE(berlin.ok()) << berlin.error().message;
  std::vector<std::string> changes;
  for (const LocalOffset& one : *berlin)
    changes.push_back(base::format_time(one.since).substr(0, 16) + " " + std::to_string(one.seconds));
  EXPECT_EQ(changes, (std::vector<std::string>{"2026-11-28T12:00 3600", "2027-03-28T01:00 7200",
                                               "2027-10-31T01:00 3600", "2028-03-26T01:00 7200",
                                               "2028-10-29T01:00 3600"}));
  const auto kolkata = offsets_of_zone("Asia/Kolkata", from, until);
  ASSERT_TRUE(kolkata.ok());
  ASSERT_EQ(kolkata->size(), 1U);
  EXPECT_EQ(kolkata->front().seconds, 19'800);
  EXPECT_EQ(offsets_of_zone("UTC", from, until)->front().seconds, 0);
  EXPECT_EQ(offsets_of_zone("Europe/Berln", from, until).error().message,
            "the system's database has no time zone of that name");
}

TEST(Zones, ReachAsFarAsATableGoes) {
  const base::Micros from = base::parse_time("2026-11-28T12:00:00Z").value();
  const auto berlin = offsets_of_zone("Europe/Berlin", from, from + kZoneHorizon);
  ASSERT_TRUE(berlin.ok());
  EXPECT_EQ(berlin->size(), 21U) << "twice a year";
}

}  // namespace
}  // namespace postern::supervisor
