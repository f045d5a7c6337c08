// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <time.h>

#include <array>
#include <cctype>
#include <string>

namespace postern::base {
namespace {

std::int64_t read_clock(clockid_t id) {
  timespec ts{};
  POSTERN_CHECK(clock_gettime(id, &ts) == 0);
  return static_cast<std::int64_t>(ts.tv_sec) * kSecond + ts.tv_nsec;
}

constexpr std::int64_t kDaysPerEra = 146097;

// Howard Hinnant's civil calendar algorithms: exact for every day of the Gregorian calendar.
std::int64_t days_from_civil(std::int64_t y, unsigned m, unsigned d) {
  y -= m <= 2 ? 1 : 0;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const auto yoe = static_cast<unsigned>(y - era * 400);
  const unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * kDaysPerEra + static_cast<std::int64_t>(doe) - 719468;
}

struct Civil {
  std::int64_t year;
  unsigned month, day;
};

Civil civil_from_days(std::int64_t z) {
  z += 719468;
  const std::int64_t era = (z >= 0 ? z : z - (kDaysPerEra - 1)) / kDaysPerEra;
  const auto doe = static_cast<unsigned>(z - era * kDaysPerEra);
  const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  const unsigned month = mp < 10 ? mp + 3 : mp - 9;
  return {static_cast<std::int64_t>(yoe) + era * 400 + (month <= 2 ? 1 : 0), month,
          doy - (153 * mp + 2) / 5 + 1};
}

void put_digits(char* out, std::int64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

// Reads exactly `digits` decimal digits; -1 if there are not.
std::int64_t take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return -1;
  std::int64_t value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool take_either(std::string_view& text, char a, char b) { return take(text, a) || take(text, b); }

// "Z" or "+hh:mm" in microseconds; false if neither.
bool take_offset(std::string_view& text, Micros& offset) {
  if (take_either(text, 'Z', 'z')) return true;
  const bool minus = !text.empty() && text.front() == '-';
  if (!take_either(text, '+', '-')) return false;
  const auto hours = take_digits(text, 2);
  if (hours < 0 || hours > 23 || !take(text, ':')) return false;
  const auto minutes = take_digits(text, 2);
  if (minutes < 0 || minutes > 59) return false;
  offset = (hours * 3600 + minutes * 60) * kWallSecond * (minus ? -1 : 1);
  return true;
}

Error bad_time(std::string_view text) {
  return fail(Code::Invalid,
              "\"" + std::string(text) + "\" is not an RFC 3339 time such as 2026-03-01T08:09:10Z");
}

bool valid_day(std::int64_t year, std::int64_t month, std::int64_t day) {
  static constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1970 || month < 1 || month > 12 || day < 1) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  const int days = kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
  return day <= days;
}

struct Unit {
  std::string_view name;
  Micros micros;
};
constexpr std::array<Unit, 5> kUnits{
    {{"d", 86'400'000'000}, {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1000}}};
constexpr Micros kLongestDuration = 3650 * kUnits[0].micros;

}  // namespace

Nanos SystemClock::monotonic() const { return read_clock(CLOCK_MONOTONIC); }
Micros SystemClock::wall() const { return read_clock(CLOCK_REALTIME) / 1000; }

void format_time_to(Micros time, char* out) {
  if (time < 0) time = 0;
  const std::int64_t seconds = time / kWallSecond;
  const Civil date = civil_from_days(seconds / 86400);
  const std::int64_t of_day = seconds % 86400;
  put_digits(out, date.year, 4);
  out[4] = '-';
  put_digits(out + 5, date.month, 2);
  out[7] = '-';
  put_digits(out + 8, date.day, 2);
  out[10] = 'T';
  put_digits(out + 11, of_day / 3600, 2);
  out[13] = ':';
  put_digits(out + 14, of_day / 60 % 60, 2);
  out[16] = ':';
  put_digits(out + 17, of_day % 60, 2);
  out[19] = '.';
  put_digits(out + 20, time % kWallSecond, 6);
  out[26] = 'Z';
}

std::string format_time(Micros time) {
  std::string out(27, ' ');
  format_time_to(time, out.data());
  return out;
}

Result<Micros> parse_time(std::string_view text) {
  std::string_view rest = text;
  const auto year = take_digits(rest, 4);
  if (!take(rest, '-')) return bad_time(text);
  const auto month = take_digits(rest, 2);
  if (!take(rest, '-')) return bad_time(text);
  const auto day = take_digits(rest, 2);
  if (!valid_day(year, month, day) || !take_either(rest, 'T', 't')) return bad_time(text);
  const auto hour = take_digits(rest, 2);
  if (hour < 0 || hour > 23 || !take(rest, ':')) return bad_time(text);
  const auto minute = take_digits(rest, 2);
  if (minute < 0 || minute > 59 || !take(rest, ':')) return bad_time(text);
  const auto second = take_digits(rest, 2);
  if (second < 0 || second > 59) return bad_time(text);
  Micros fraction = 0;
  if (take(rest, '.')) {
    Micros scale = 100'000;
    if (rest.empty() || std::isdigit(static_cast<unsigned char>(rest.front())) == 0) return bad_time(text);
    for (; !rest.empty() && std::isdigit(static_cast<unsigned char>(rest.front())) != 0;
         rest.remove_prefix(1)) {
      fraction += (rest.front() - '0') * scale;
      scale /= 10;
    }
  }
  Micros offset = 0;
  if (!take_offset(rest, offset) || !rest.empty()) return bad_time(text);
  const std::int64_t days = days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  return (days * 86400 + hour * 3600 + minute * 60 + second) * kWallSecond + fraction - offset;
}

Result<Micros> parse_duration(std::string_view text) {
  const auto bad = [&] {
    return fail(Code::Invalid,
                "\"" + std::string(text) + "\" is not a duration such as 90s, 15m, 8h or 1h30m");
  };
  std::string_view rest = text;
  Micros total = 0;
  std::size_t next_unit = 0;
  if (rest.empty()) return bad();
  while (!rest.empty()) {
    std::size_t digits = 0;
    Micros number = 0;
    while (digits < rest.size() && std::isdigit(static_cast<unsigned char>(rest[digits])) != 0) {
      number = number * 10 + (rest[digits++] - '0');
      if (number > kLongestDuration) return bad();
    }
    if (digits == 0) return bad();
    rest.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < rest.size() && std::isalpha(static_cast<unsigned char>(rest[letters])) != 0) ++letters;
    while (next_unit < kUnits.size() && kUnits[next_unit].name != rest.substr(0, letters)) ++next_unit;
    if (next_unit == kUnits.size() || number > kLongestDuration / kUnits[next_unit].micros) return bad();
    total += number * kUnits[next_unit++].micros;
    rest.remove_prefix(letters);
  }
  if (total <= 0 || total > kLongestDuration) return bad();
  return total;
}

std::string format_duration(Micros duration) {
  std::string out;
  for (const Unit& unit : kUnits) {
    const Micros count = duration / unit.micros;
    if (count <= 0) continue;
    out += std::to_string(count);
    out += unit.name;
    duration -= count * unit.micros;
  }
  return out.empty() ? "0s" : out;
}

Result<Micros> parse_until(std::string_view text, Micros now) {
  if (auto duration = parse_duration(text); duration.ok()) return now + *duration;
  auto time = parse_time(text);
  if (!time.ok()) {
    return fail(Code::Invalid,
                "\"" + std::string(text) + "\" is neither a duration such as 2h nor an RFC 3339 time");
  }
  if (*time <= now) return fail(Code::Invalid, "\"" + std::string(text) + "\" lies in the past");
  return time;
}

}  // namespace postern::base
