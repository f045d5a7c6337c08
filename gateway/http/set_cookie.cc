// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/set_cookie.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/bytes.h"
#include "gateway/http/chars.h"

namespace postern::http {
namespace {

constexpr std::size_t kAttributesLimit = 64;          // of one cookie; browsers know seven
constexpr base::Micros kForgotten = 0;                // an expiry that is always in the past
constexpr std::int64_t kLongestAge = 400LL * 86'400;  // seconds; what browsers cut a cookie's life to

bool is_control_but_tab(char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f'; }

// What may go back in a Cookie field as it came: no byte that ends a pair or a line. Browsers send 8-bit bytes,
// quotes and spaces back as they got them.
bool can_go_back(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == ';' || is_control_but_tab(c); });
}

std::string_view cut_at(std::string_view& rest, char end) {
  const std::string_view part = rest.substr(0, rest.find(end));
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return part;
}

std::optional<std::int64_t> parse_max_age(std::string_view text) {
  std::int64_t value = 0;
  const bool negative = text.starts_with('-');
  const std::string_view digits = negative ? text.substr(1) : text;
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc()) value = kLongestAge;
  return negative ? -1 : std::min(value, kLongestAge);
}

// A number of low to high digits at the front of a token, with anything but a digit behind (section 5.1.1).
std::optional<int> leading_number(std::string_view token, std::size_t low, std::size_t high) {
  std::size_t digits = 0;
  while (digits < token.size() && is_digit(token[digits])) ++digits;
  if (digits < low || digits > high) return std::nullopt;
  int value = 0;
  std::from_chars(token.data(), token.data() + digits, value);
  return value;
}

struct DateParts {
  std::optional<int> day, month, year, hour, minute, second;

  bool take_time(std::string_view token) {
    const std::string_view hours = cut_at(token, ':'), minutes = cut_at(token, ':');
    const auto h = leading_number(hours, 1, 2), m = leading_number(minutes, 1, 2),
               s = leading_number(token, 1, 2);
    if (hour || !h || !m || !s || hours.size() > 2 || minutes.size() > 2) return false;
    hour = h;
    minute = m;
    second = s;
    return true;
  }
  bool take_month(std::string_view token) {
    constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (month || token.size() < 3) return false;
    const std::size_t at = kMonths.find(base::to_lower(token.substr(0, 3)));
    if (at == std::string_view::npos || at % 3 != 0) return false;
    month = static_cast<int>(at / 3) + 1;
    return true;
  }
  void take(std::string_view token) {
    if (take_time(token)) return;
    if (const auto d = leading_number(token, 1, 2); !day && d) {
      day = d;
    } else if (take_month(token)) {
      return;
    } else if (const auto y = leading_number(token, 2, 4); !year && y) {
      year = y;
    }
  }
};

bool is_date_delimiter(char c) {
  const auto b = static_cast<unsigned char>(c);
  return b == 0x09 || (b >= 0x20 && b <= 0x2f) || (b >= 0x3b && b <= 0x40) || (b >= 0x5b && b <= 0x60) ||
         (b >= 0x7b && b <= 0x7e);
}

void take_attribute(std::string_view name, std::string_view value, base::Micros now, bool& has_max_age,
                    ReceivedCookie& out) {
  if (base::equals_ignoring_case(name, "secure")) out.secure = true;
  if (base::equals_ignoring_case(name, "path"))
    out.path = value.starts_with('/') ? value : std::string_view();
  if (base::equals_ignoring_case(name, "domain") && !value.empty())
    out.domain = base::to_lower(value.starts_with('.') ? value.substr(1) : value);
  if (base::equals_ignoring_case(name, "max-age")) {
    const auto age = parse_max_age(value);
    if (!age) return;
    has_max_age = true;
    out.expires = *age <= 0 ? kForgotten : now + *age * base::kWallSecond;
  }
  if (base::equals_ignoring_case(name, "expires") && !has_max_age) {
    if (const auto time = parse_cookie_date(value)) out.expires = *time;
  }
}

}  // namespace

std::optional<base::Micros> parse_cookie_date(std::string_view text) {
  DateParts parts;
  while (!text.empty()) {
    const auto end = std::find_if(text.begin(), text.end(), is_date_delimiter);
    const std::string_view token = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(std::min(text.size(), token.size() + 1));
    if (!token.empty()) parts.take(token);
  }
  if (!parts.day || !parts.month || !parts.year || !parts.hour) return std::nullopt;
  int year = *parts.year;
  if (year >= 70 && year <= 99) year += 1900;
  if (year >= 0 && year <= 69) year += 2000;
  // Before the epoch is as long gone as the epoch; a date that there is not (30 February) is none.
  if (year < 1601 || *parts.day < 1 || *parts.day > 31 || *parts.hour > 23 || *parts.minute > 59 ||
      *parts.second > 59)
    return std::nullopt;
  if (year < 1970) return kForgotten;
  std::array<char, 96> written{};
  std::snprintf(written.data(), written.size(), "%04d-%02d-%02dT%02d:%02d:%02dZ", year, *parts.month,
                *parts.day, *parts.hour, *parts.minute, *parts.second);
  const auto time = base::parse_time(written.data());
  return time.ok() ? std::optional<base::Micros>(*time) : std::nullopt;
}

std::optional<ReceivedCookie> parse_set_cookie(std::string_view field, base::Micros now) {
  std::string_view rest = field;
  std::string_view pair = cut_at(rest, ';');
  if (pair.find('=') == std::string_view::npos) return std::nullopt;
  ReceivedCookie out;
  out.name = trim(cut_at(pair, '='));
  out.value = trim(pair);
  if (out.name.empty() || out.name.size() + out.value.size() > kCookiePairLimit) return std::nullopt;
  if (!can_go_back(out.name) || !can_go_back(out.value)) return std::nullopt;
  bool has_max_age = false;
  for (std::size_t count = 0; !rest.empty(); ++count) {
    if (count == kAttributesLimit) return std::nullopt;
    std::string_view attribute = cut_at(rest, ';');
    const std::string_view name = trim(cut_at(attribute, '='));
    take_attribute(name, trim(attribute), now, has_max_age, out);
  }
  return out;
}

std::string_view default_cookie_path(std::string_view request_path) {
  const std::size_t slash = request_path.rfind('/');
  if (!request_path.starts_with('/') || slash == 0) return "/";
  return request_path.substr(0, slash);
}

bool cookie_path_matches(std::string_view request_path, std::string_view cookie_path) {
  if (!request_path.starts_with(cookie_path)) return false;
  return request_path.size() == cookie_path.size() || cookie_path.ends_with('/') ||
         request_path[cookie_path.size()] == '/';
}

bool cookie_domain_matches(std::string_view host, std::string_view domain) {
  if (host == domain) return true;
  const bool address = host.starts_with('[') || host.find(':') != std::string_view::npos ||
                       (!host.empty() && is_digit(host.back()));
  return !address && !domain.empty() && host.size() > domain.size() && host.ends_with(domain) &&
         host[host.size() - domain.size() - 1] == '.';
}

}  // namespace postern::http
