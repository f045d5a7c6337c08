// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/date.h"

#include <array>
#include <ctime>

#include "base/check.h"
#include "gateway/http/chars.h"

namespace postern::http {
namespace {

constexpr auto kDays = std::to_array<std::string_view>({"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"});
constexpr auto kMonths = std::to_array<std::string_view>(
    {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"});

// Two digits, or -1.
int two_digits(std::string_view text, std::size_t at) {
  return is_digit(text[at]) && is_digit(text[at + 1]) ? (text[at] - '0') * 10 + (text[at + 1] - '0') : -1;
}

void append_two(std::string& out, int value) {
  out.push_back(static_cast<char>('0' + value / 10));
  out.push_back(static_cast<char>('0' + value % 10));
}

}  // namespace

std::string format_date(base::Micros time) {
  const std::time_t seconds = time / base::kWallSecond;
  std::tm parts{};
  POSTERN_CHECK(time >= 0 && gmtime_r(&seconds, &parts) != nullptr && parts.tm_year + 1900 <= 9999);
  const int year = parts.tm_year + 1900;
  std::string out;
  out.reserve(29);
  out.append(kDays[static_cast<std::size_t>(parts.tm_wday)]).append(", ");
  append_two(out, parts.tm_mday);
  out.append(" ").append(kMonths[static_cast<std::size_t>(parts.tm_mon)]).append(" ");
  append_two(out, year / 100);
  append_two(out, year % 100);
  out.push_back(' ');
  append_two(out, parts.tm_hour);
  out.push_back(':');
  append_two(out, parts.tm_min);
  out.push_back(':');
  append_two(out, parts.tm_sec);
  return out.append(" GMT");
}

std::optional<base::Micros> parse_date(std::string_view text) {
  if (text.size() != 29) return std::nullopt;
  std::tm parts{};
  parts.tm_mday = two_digits(text, 5);
  parts.tm_mon = -1;
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (text.substr(8, 3) == kMonths[i]) parts.tm_mon = static_cast<int>(i);
  }
  const int century = two_digits(text, 12);
  const int year = two_digits(text, 14);
  parts.tm_year = century * 100 + year - 1900;
  parts.tm_hour = two_digits(text, 17);
  parts.tm_min = two_digits(text, 20);
  parts.tm_sec = two_digits(text, 23);
  if (century < 0 || year < 0 || parts.tm_year < 70 || parts.tm_mon < 0) return std::nullopt;
  const base::Micros time = static_cast<base::Micros>(timegm(&parts)) * base::kWallSecond;
  // Writing it again catches everything else: punctuation, the day's name, 31 February, hour 24, a leap
  // second.
  if (time < 0 || format_date(time) != text) return std::nullopt;
  return time;
}

}  // namespace postern::http
