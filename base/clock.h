// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Time is asked for in one place, so that tests can turn it by hand. Monotonic time is for durations and
// deadlines, wall time for people and for the log. Both are system-wide: two processes of one machine may
// compare monotonic readings.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::base {

using Nanos = std::int64_t;   // monotonic, CLOCK_MONOTONIC
using Micros = std::int64_t;  // wall clock, microseconds since 1970-01-01T00:00:00Z, without leap seconds

inline constexpr Nanos kMillisecond = 1'000'000;
inline constexpr Nanos kSecond = 1'000'000'000;
inline constexpr Micros kWallSecond = 1'000'000;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Nanos monotonic() const = 0;
  virtual Micros wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  Nanos monotonic() const override;
  Micros wall() const override;
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Micros wall) : wall_(wall) {}
  Nanos monotonic() const override { return monotonic_; }
  Micros wall() const override { return wall_; }
  void advance(Nanos by) {
    monotonic_ += by;
    wall_ += by / 1000;
  }

 private:
  Nanos monotonic_ = 1;
  Micros wall_;
};

// RFC 3339 in UTC with microseconds, always 27 bytes: "2026-03-01T08:09:10.123456Z". Years 1970 to 9999.
std::string format_time(Micros time);
// Writes the same 27 bytes to out, without allocating; out has room for 27 bytes and gets no terminator.
void format_time_to(Micros time, char* out);
// RFC 3339 with any number of fraction digits (those past microseconds are cut) and any offset.
Result<Micros> parse_time(std::string_view text);

// "90s", "15m", "8h", "4d", "1h30m", "250ms": units ms, s, m, h, d, each at most once and falling. Positive,
// at most 3650 days.
Result<Micros> parse_duration(std::string_view text);
// The shortest of the forms above that is exact to a millisecond: "1h30m".
std::string format_duration(Micros duration);

// What --until takes: a duration from now ("2h"), or an RFC 3339 time in the future.
Result<Micros> parse_until(std::string_view text, Micros now);

}  // namespace postern::base
