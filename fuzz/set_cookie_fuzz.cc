// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A Set-Cookie field as components send it: whatever is taken from it can stand in a Cookie field, and is found
// there again.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "gateway/http/chars.h"
#include "gateway/http/set_cookie.h"

using namespace postern::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view field(reinterpret_cast<const char*>(data), size);
  constexpr postern::base::Micros kNow = 1'800'000'000LL * postern::base::kWallSecond;
  const auto cookie = parse_set_cookie(field, kNow);
  if (!cookie) return 0;
  POSTERN_CHECK(!cookie->name.empty() && cookie->name.size() + cookie->value.size() <= kCookiePairLimit);
  POSTERN_CHECK(cookie->path.empty() || cookie->path.front() == '/');
  const std::string pair = std::string(cookie->name) + "=" + std::string(cookie->value);
  POSTERN_CHECK(pair.find(';') == std::string::npos);
  POSTERN_CHECK(classify_value(pair) != ValueText::Invalid);
  const auto again = parse_set_cookie(pair, kNow);
  POSTERN_CHECK(again && again->name == cookie->name && again->value == cookie->value);
  return 0;
}
