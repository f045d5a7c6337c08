// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Cookies (RFC 6265): finding the one that is ours in what a browser sends, and setting it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::http {

enum class CookieState { Absent, Found, Doubled };
struct CookieAnswer {
  CookieState state = CookieState::Absent;
  std::string_view value;  // Found: a view into the header; never quoted, may be empty
};

// Looks for the cookie called name (case counts) in a Cookie value. Other cookies may be malformed and are
// passed over. Doubled: the name stands twice, whatever the values; who planted the second one is unknown, so
// treat it as no session at all. A value with bytes outside cookie-octet does not count as Found but as
// Absent.
CookieAnswer find_cookie(std::string_view header, std::string_view name);

enum class SameSite { Strict, Lax };
struct SetCookie {
  std::string_view
      name;  // a token; "__Host-..." demands path "/" and no domain, and this writes nothing else
  std::string_view value;       // cookie-octets
  std::int64_t max_age_s = -1;  // below 0: until the browser ends; 0: delete it now
  SameSite same_site = SameSite::Strict;
};

// The value of Set-Cookie: always "Path=/; Secure; HttpOnly". A name or value that breaks the grammar is a
// bug.
std::string format_set_cookie(const SetCookie& cookie);

}  // namespace postern::http
