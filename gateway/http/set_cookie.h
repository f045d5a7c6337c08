// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Set-Cookie as servers send it (RFC 6265 section 5.2), and the rules by which a cookie goes back (section 5.1).
// Servers are lenient in what they send, so this reads what a browser would read; what comes out is checked: it
// could stand in a Cookie field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace postern::http {

inline constexpr std::size_t kCookiePairLimit = 4096;  // bytes of name and value: what browsers take

struct ReceivedCookie {
  std::string_view name, value;         // views into the field
  std::optional<base::Micros> expires;  // missing: with the session; in the past: it is to be forgotten
  std::string domain;                   // lower case, without a dot in front; empty: host-only
  std::string_view path;                // as given; empty: the request's default path
  bool secure = false;
};

// Nothing: a browser would not take it either, it is larger than kCookiePairLimit, or its name or value holds
// what a Cookie field could not carry.
std::optional<ReceivedCookie> parse_set_cookie(std::string_view field, base::Micros now);

// The times that servers write, in all their forms (section 5.1.1).
std::optional<base::Micros> parse_cookie_date(std::string_view text);

std::string_view default_cookie_path(std::string_view request_path);                    // section 5.1.4
bool cookie_path_matches(std::string_view request_path, std::string_view cookie_path);  // section 5.1.4
// Whether host (lower case, no port) is the domain or below it (section 5.1.3); an address has nothing below it.
bool cookie_domain_matches(std::string_view host, std::string_view domain);

}  // namespace postern::http
