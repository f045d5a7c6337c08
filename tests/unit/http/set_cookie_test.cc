// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/set_cookie.h"

#include <gtest/gtest.h>

namespace postern::http {
namespace {

constexpr base::Micros kNow = 1'800'000'000LL * base::kWallSecond;

TEST(SetCookie, IsReadWithAllItSays) {
  const auto cookie =
      parse_set_cookie("sid=abc=; Path=/app; Domain=.Example.ORG; Secure; HttpOnly; SameSite=Lax", kNow);
  ASSERT_TRUE(cookie);
  EXPECT_EQ(cookie->name, "sid");
  EXPECT_EQ(cookie->value, "abc=");
  EXPECT_EQ(cookie->path, "/app");
  EXPECT_EQ(cookie->domain, "example.org");
  EXPECT_TRUE(cookie->secure);
  EXPECT_FALSE(cookie->expires);
}

TEST(SetCookie, IsReadAsABrowserWould) {
  const auto spaced = parse_set_cookie("  a = \"b c\" ;path=relative;expires=never;;=;max-age=x", kNow);
  ASSERT_TRUE(spaced);
  EXPECT_EQ(spaced->name, "a");
  EXPECT_EQ(spaced->value, "\"b c\"");
  EXPECT_EQ(spaced->path, "");
  EXPECT_FALSE(spaced->expires);
  EXPECT_FALSE(spaced->secure);
  EXPECT_EQ(parse_set_cookie("a=", kNow)->value, "");
}

TEST(SetCookie, ThatNoBrowserTakesIsNone) {
  for (const char* text : {"", ";", "flag", "=value", " = x", "flag; a=b"})
    EXPECT_FALSE(parse_set_cookie(text, kNow)) << text;
  EXPECT_FALSE(parse_set_cookie("a=b\x01", kNow));
  EXPECT_FALSE(parse_set_cookie("a=" + std::string(kCookiePairLimit, 'x'), kNow));
  std::string many = "a=b";
  for (int i = 0; i < 70; ++i) many += ";x";
  EXPECT_FALSE(parse_set_cookie(many, kNow));
}

TEST(SetCookie, LivesAsLongAsMaxAgeSaysAndThenAsExpiresDoes) {
  EXPECT_EQ(parse_set_cookie("a=b; Max-Age=60", kNow)->expires, kNow + 60 * base::kWallSecond);
  EXPECT_EQ(parse_set_cookie("a=b; Max-Age=0", kNow)->expires, 0);
  EXPECT_EQ(parse_set_cookie("a=b; Max-Age=-5", kNow)->expires, 0);
  EXPECT_EQ(parse_set_cookie("a=b; Max-Age=99999999999999999999", kNow)->expires,
            kNow + 400LL * 86'400 * base::kWallSecond);
  EXPECT_EQ(parse_set_cookie("a=b; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", kNow)->expires,
            kNow + 60 * base::kWallSecond);
  EXPECT_EQ(parse_set_cookie("a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", kNow)->expires, 0);
}

TEST(CookieDate, IsReadInAllFormsThatServersWrite) {
  const base::Micros time = 784'111'777LL * base::kWallSecond;
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994", "06 nov 1994 8:49:37"})
    EXPECT_EQ(parse_cookie_date(text), time) << text;
  EXPECT_EQ(parse_cookie_date("Mon, 01 Jan 1900 00:00:00 GMT"), 0);
  EXPECT_EQ(parse_cookie_date("Tue, 01 Jan 69 00:00:00 GMT"), 3'124'224'000LL * base::kWallSecond);
  for (const char* text : {"", "yesterday", "06 Nov 1994", "32 Nov 1994 08:49:37", "06 Nov 1994 24:00:00",
                           "30 Feb 2001 00:00:00", "06 Nov 1500 00:00:00", "06 Nov 1994 008:49:37"})
    EXPECT_FALSE(parse_cookie_date(text)) << text;
}

TEST(CookiePath, MatchesWholeSegments) {
  EXPECT_EQ(default_cookie_path("/app/login"), "/app");
  EXPECT_EQ(default_cookie_path("/login"), "/");
  EXPECT_EQ(default_cookie_path("/app/"), "/app");
  EXPECT_TRUE(cookie_path_matches("/app", "/app"));
  EXPECT_TRUE(cookie_path_matches("/app/x", "/app"));
  EXPECT_TRUE(cookie_path_matches("/app/x", "/app/"));
  EXPECT_TRUE(cookie_path_matches("/x", "/"));
  EXPECT_FALSE(cookie_path_matches("/application", "/app"));
  EXPECT_FALSE(cookie_path_matches("/", "/app"));
}

TEST(CookieDomain, MatchesTheHostAndWhatIsBelowIt) {
  EXPECT_TRUE(cookie_domain_matches("a.example.org", "example.org"));
  EXPECT_TRUE(cookie_domain_matches("example.org", "example.org"));
  EXPECT_FALSE(cookie_domain_matches("badexample.org", "example.org"));
  EXPECT_FALSE(cookie_domain_matches("example.org", "a.example.org"));
  EXPECT_FALSE(cookie_domain_matches("127.0.0.1", "0.0.1"));
  EXPECT_TRUE(cookie_domain_matches("127.0.0.1", "127.0.0.1"));
}

}  // namespace
}  // namespace postern::http
