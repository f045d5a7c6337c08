// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/cookie.h"

#include "base/check.h"
#include "gateway/http/chars.h"

namespace postern::http {
namespace {

// cookie-octet of RFC 6265 section 4.1.1.
bool is_cookie_value(std::string_view text) {
  for (const char c : text) {
    if (c <= 0x20 || c == 0x7f || (static_cast<unsigned char>(c) & 0x80U) != 0 || c == '"' || c == ',' ||
        c == ';' || c == '\\')
      return false;
  }
  return true;
}

}  // namespace

CookieAnswer find_cookie(std::string_view header, std::string_view name) {
  CookieAnswer answer;
  int seen = 0;
  while (!header.empty()) {
    const std::string_view pair = header.substr(0, header.find(';'));
    header.remove_prefix(pair.size() + (pair.size() < header.size() ? 1 : 0));
    const std::string_view text = trim(pair);
    const std::size_t equals = text.find('=');
    if (trim(text.substr(0, equals)) != name) continue;
    ++seen;
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : trim(text.substr(equals + 1));
    if (equals != std::string_view::npos && is_cookie_value(value)) answer = {CookieState::Found, value};
  }
  return seen > 1 ? CookieAnswer{CookieState::Doubled, {}} : answer;
}

std::string format_set_cookie(const SetCookie& cookie) {
  POSTERN_CHECK(is_token(cookie.name) && is_cookie_value(cookie.value));
  std::string out;
  out.append(cookie.name).append("=").append(cookie.value).append("; Path=/");
  if (cookie.max_age_s >= 0) out.append("; Max-Age=").append(std::to_string(cookie.max_age_s));
  out.append("; Secure; HttpOnly; SameSite=");
  return out.append(cookie.same_site == SameSite::Strict ? "Strict" : "Lax");
}

}  // namespace postern::http
