// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A Cookie header as clients send it: what is found is a value that Set-Cookie could have given, and a second
// cookie of the name makes it worth nothing.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "gateway/http/cookie.h"

using namespace postern::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view header(reinterpret_cast<const char*>(data), size);
  const CookieAnswer answer = find_cookie(header, "__Host-postern");
  if (answer.state != CookieState::Found) return 0;
  const std::string pair = "__Host-postern=" + std::string(answer.value);
  POSTERN_CHECK(header.find(answer.value) != std::string_view::npos);
  POSTERN_CHECK(
      format_set_cookie({.name = "__Host-postern", .value = answer.value}).starts_with(pair + "; Path=/"));
  const std::string twice = std::string(header) + "; " + pair;
  POSTERN_CHECK(find_cookie(twice, "__Host-postern").state == CookieState::Doubled);
  return 0;
}
