// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/maintenance.h"

#include <gtest/gtest.h>

namespace postern::ledger {
namespace {

base::Micros utc(const char* text) { return base::parse_time(std::string(text) + "Z").value(); }
constexpr std::int64_t kHourOfOffset = 3600;
constexpr base::Micros kHourLong = 3600 * base::kWallSecond;

// As the database has them: Berlin in 2026 and 2027, Lord Howe by half an hour, Kolkata and UTC without any.
const std::vector<ZoneOffset> kBerlin{{0, kHourOfOffset},
                                      {utc("2026-03-29T01:00:00"), 2 * kHourOfOffset},
                                      {utc("2026-10-25T01:00:00"), kHourOfOffset},
                                      {utc("2027-03-28T01:00:00"), 2 * kHourOfOffset}};
const std::vector<ZoneOffset> kLordHowe{{0, 11 * kHourOfOffset},
                                        {utc("2026-04-04T15:00:00"), 10 * kHourOfOffset + 1800},
                                        {utc("2026-10-03T15:30:00"), 11 * kHourOfOffset}};
const std::vector<ZoneOffset> kUtc{{0, 0}};
const std::vector<ZoneOffset> kKolkata{{0, 5 * kHourOfOffset + 1800}};
const std::vector<ZoneOffset> kKiritimati{{0, 14 * kHourOfOffset}};
const std::vector<ZoneOffset> kBaker{{0, -12 * kHourOfOffset}};

constexpr std::uint8_t kSaturday = 1U << 5U, kSunday = 1U << 6U, kMonday = 1U;

MaintenanceWindow window(std::uint8_t days, int hour, int minute, int hours,
                         const std::vector<ZoneOffset>& zone) {
  return {days, hour * 60 + minute, hours * kHourLong, zone};
}

struct OpeningCase {
  const char* what;
  MaintenanceWindow window;
  const char *earliest, *from, *until;
};
const OpeningCase kOpenings[] = {
    {"UTC, today", window(0x7f, 2, 0, 3, kUtc), "2026-11-28T01:00:00", "2026-11-28T02:00:00",
     "2026-11-28T05:00:00"},
    {"UTC, at its very beginning", window(0x7f, 2, 0, 3, kUtc), "2026-11-28T02:00:00", "2026-11-28T02:00:00",
     "2026-11-28T05:00:00"},
    {"UTC, tomorrow, as it has begun", window(0x7f, 2, 0, 3, kUtc), "2026-11-28T02:00:01",
     "2026-11-29T02:00:00", "2026-11-29T05:00:00"},
    {"Berlin, winter", window(0x7f, 2, 0, 3, kBerlin), "2026-11-28T12:00:00", "2026-11-29T01:00:00",
     "2026-11-29T04:00:00"},
    {"Berlin, summer", window(0x7f, 2, 0, 3, kBerlin), "2026-07-01T12:00:00", "2026-07-02T00:00:00",
     "2026-07-02T03:00:00"},
    {"Berlin, a time that does not exist: the moment after", window(0x7f, 2, 30, 1, kBerlin),
     "2026-03-28T12:00:00", "2026-03-29T01:00:00", "2026-03-29T02:00:00"},
    {"Berlin, and the day after it as ever", window(0x7f, 2, 30, 1, kBerlin), "2026-03-29T01:00:01",
     "2026-03-30T00:30:00", "2026-03-30T01:30:00"},
    {"Berlin, a time that there is twice: the first", window(0x7f, 2, 30, 1, kBerlin), "2026-10-24T12:00:00",
     "2026-10-25T00:30:00", "2026-10-25T01:30:00"},
    {"Berlin, and not the second of them", window(0x7f, 2, 30, 1, kBerlin), "2026-10-25T00:30:01",
     "2026-10-26T01:30:00", "2026-10-26T02:30:00"},
    {"Berlin, three hours over the change are three hours", window(0x7f, 1, 0, 3, kBerlin),
     "2026-03-28T12:00:00", "2026-03-29T00:00:00", "2026-03-29T03:00:00"},
    {"Berlin, Sundays", window(kSunday, 0, 30, 2, kBerlin), "2026-11-28T12:00:00", "2026-11-28T23:30:00",
     "2026-11-29T01:30:00"},
    {"Berlin, weekend", window(kSaturday | kSunday, 2, 0, 3, kBerlin), "2026-11-30T00:00:00",
     "2026-12-05T01:00:00", "2026-12-05T04:00:00"},
    {"Berlin, in a week", window(kMonday, 12, 0, 1, kBerlin), "2026-11-30T11:00:01", "2026-12-07T11:00:00",
     "2026-12-07T12:00:00"},
    {"Lord Howe, half an hour that does not exist", window(0x7f, 2, 15, 1, kLordHowe), "2026-10-03T12:00:00",
     "2026-10-03T15:30:00", "2026-10-03T16:30:00"},
    {"Lord Howe, half an hour that there is twice", window(0x7f, 1, 45, 1, kLordHowe), "2026-04-04T12:00:00",
     "2026-04-04T14:45:00", "2026-04-04T15:45:00"},
    {"Kolkata", window(0x7f, 2, 0, 3, kKolkata), "2026-11-28T00:00:00", "2026-11-28T20:30:00",
     "2026-11-28T23:30:00"},
    {"14 hours ahead: its Sunday is our Saturday", window(kSunday, 2, 0, 3, kKiritimati),
     "2026-11-23T00:00:00", "2026-11-28T12:00:00", "2026-11-28T15:00:00"},
    {"12 hours behind: its Sunday evening is our Monday", window(kSunday, 22, 0, 3, kBaker),
     "2026-11-23T12:00:00", "2026-11-30T10:00:00", "2026-11-30T13:00:00"},
    {"a whole day", window(kSunday, 0, 0, 24, kUtc), "2026-11-28T00:00:00", "2026-11-29T00:00:00",
     "2026-11-30T00:00:00"},
    {"over the end of the year", window(0x7f, 23, 0, 3, kUtc), "2026-12-31T22:00:00", "2026-12-31T23:00:00",
     "2027-01-01T02:00:00"},
    {"the 29th of February", window(0x7f, 2, 0, 1, kUtc), "2028-02-28T03:00:00", "2028-02-29T02:00:00",
     "2028-02-29T03:00:00"},
};

TEST(MaintenanceWindow, OpensAtItsLocalTime) {
  for (const OpeningCase& one : kOpenings) {
    const std::vector<MaintenanceWindow> windows{one.window};
    const auto opening = next_opening(windows, utc(one.earliest));
    ASSERT_TRUE(opening) << one.what;
    EXPECT_EQ(base::format_time(opening->from), base::format_time(utc(one.from))) << one.what;
    EXPECT_EQ(base::format_time(opening->until), base::format_time(utc(one.until))) << one.what;
  }
}

// Not the same arithmetic: minute by minute, with the clock on the wall.
TEST(MaintenanceWindow, IsWhereTheClockOnTheWallFirstShowsItsTime) {
  for (const auto* zone : {&kBerlin, &kLordHowe}) {
    const auto offset_at = [zone](base::Micros at) {
      std::int64_t seconds = zone->front().seconds;
      for (const ZoneOffset& one : *zone) {
        if (one.since != 0 && at >= one.since) seconds = one.seconds;
      }
      return seconds * base::kWallSecond;
    };
    for (const int minutes : {105, 120, 135, 150, 179}) {
      const std::vector<MaintenanceWindow> windows{{0x7f, minutes, kHourLong, *zone}};
      base::Micros last = 0;
      std::int64_t last_day = -1;
      std::vector<base::Micros> expected;
      const base::Micros minute = 60 * base::kWallSecond, day = 1440 * minute;
      for (base::Micros at = utc("2026-03-20T00:00:00"); at < utc("2026-11-01T00:00:00"); at += minute) {
        const base::Micros local = at + offset_at(at);
        const bool passed =
            local % day >= minutes * minute && (last % day < minutes * minute || local / day != last / day);
        if (passed && local / day != last_day && last != 0) {
          expected.push_back(at);
          last_day = local / day;
        }
        last = local;
      }
      std::vector<base::Micros> found;
      for (auto next = next_opening(windows, utc("2026-03-20T00:00:00"));
           next && next->from < utc("2026-11-01T00:00:00"); next = next_opening(windows, next->from + 1))
        found.push_back(next->from);
      // The day on which the walk began may have been past that time.
      while (!found.empty() && !expected.empty() && found.front() < expected.front())
        found.erase(found.begin());
      while (!found.empty() && !expected.empty() && expected.front() < found.front())
        expected.erase(expected.begin());
      EXPECT_EQ(found, expected) << minutes;
    }
  }
}

TEST(MaintenanceWindow, OfSeveralTheFirstCounts) {
  const std::vector<MaintenanceWindow> windows{
      window(kSaturday, 2, 0, 3, kUtc), window(kSunday, 1, 0, 5, kUtc), window(kSunday, 1, 0, 1, kUtc)};
  EXPECT_EQ(next_opening(windows, utc("2026-11-28T03:00:00")),
            (Opening{utc("2026-11-29T01:00:00"), utc("2026-11-29T06:00:00")}));
  EXPECT_EQ(opening_at(windows, utc("2026-11-29T01:30:00"))->until, utc("2026-11-29T06:00:00"));
  EXPECT_EQ(opening_at(windows, utc("2026-11-29T06:00:00")), std::nullopt);
  EXPECT_EQ(opening_at(windows, utc("2026-11-28T02:00:00"))->from, utc("2026-11-28T02:00:00"));
}

TEST(MaintenanceWindow, WithoutOneNothingOpens) {
  EXPECT_EQ(next_opening({}, 0), std::nullopt);
  EXPECT_EQ(opening_at({}, 0), std::nullopt);
  const std::vector<MaintenanceWindow> never{window(0, 2, 0, 3, kUtc)};
  EXPECT_EQ(next_opening(never, utc("2026-11-28T00:00:00")), std::nullopt);
}

TEST(MaintenanceWindow, IsReadFromTheSupervisorsPart) {
  const auto read = parse_windows(
      base::parse_json(
          R"([{"days":96,"from_minutes":120,"length_us":3600000000,"zone":[[0,3600],[5,7200]]},{"days":0},7])")
          .value());
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].days, kSaturday | kSunday);
  EXPECT_EQ(read[0].zone.size(), 2U);
  EXPECT_EQ(read[0].zone[1].seconds, 7200);
}

}  // namespace
}  // namespace postern::ledger
