// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Times, durations and dates in every form that is read: what is accepted is written in the one form, and that is the same time.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"
#include "gateway/http/date.h"
#include "gateway/http/set_cookie.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr base::Micros kEnd = 253'402'300'800 * base::kWallSecond;  // the year 10000
  if (const auto time = base::parse_time(text)) {
    POSTERN_CHECK(*time >= 0 && *time < kEnd);
    POSTERN_CHECK(*base::parse_time(base::format_time(*time)) == *time);
  }
  if (const auto duration = base::parse_duration(text)) {
    POSTERN_CHECK(*duration > 0 && *duration <= 3650 * 86'400 * base::kWallSecond);
    POSTERN_CHECK(*base::parse_duration(base::format_duration(*duration)) == *duration);
  }
  const base::Micros now = 1'790'000'000 * base::kWallSecond;
  if (const auto until = base::parse_until(text, now)) POSTERN_CHECK(*until > now);
  if (const auto date = http::parse_date(text)) POSTERN_CHECK(http::format_date(*date) == text);
  if (const auto date = http::parse_cookie_date(text)) {
    POSTERN_CHECK(*date >= -11'644'473'600 * base::kWallSecond && *date < kEnd);  // RFC 6265: from 1601
  }
  return 0;
}
