// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/cookie.h"

#include <gtest/gtest.h>

namespace postern::http {
namespace {

constexpr std::string_view kName = "__Host-postern";

TEST(Cookie, IsFoundAmongOthers) {
  const CookieAnswer answer = find_cookie("a=b; __Host-postern=abc-_1; c=d", kName);
  EXPECT_EQ(answer.state, CookieState::Found);
  EXPECT_EQ(answer.value, "abc-_1");
  EXPECT_EQ(find_cookie("__Host-postern=x", kName).value, "x");
  EXPECT_EQ(find_cookie("a;b\"c;=;__Host-postern=x;", kName).value, "x");
}

TEST(Cookie, IsAbsentWhenOnlySomethingLikeItIsThere) {
  for (const char* header :
       {"", ";", "a=b", "__host-postern=x", "__Host-postern2=x", "x__Host-postern=y", "a=__Host-postern=x",
        "__Host-postern", "a=\"; b\"", "__Host-postern=a b", "__Host-postern=\"a\"", "__Host-postern=a,b"}) {
    EXPECT_EQ(find_cookie(header, kName).state, CookieState::Absent) << header;
  }
}

TEST(Cookie, DoubledIsRefusedWhateverTheValues) {
  for (const char* header : {"__Host-postern=x; __Host-postern=y", "__Host-postern=x; a=b; __Host-postern=x",
                             "__Host-postern=x;__Host-postern", "__Host-postern=x; __Host-postern =y",
                             "__Host-postern=\"; __Host-postern=x"}) {
    EXPECT_EQ(find_cookie(header, kName).state, CookieState::Doubled) << header;
  }
}

TEST(Cookie, IsSetSoThatOnlyTheBrowserCanSendIt) {
  EXPECT_EQ(format_set_cookie({.name = kName, .value = "abc"}),
            "__Host-postern=abc; Path=/; Secure; HttpOnly; SameSite=Strict");
  EXPECT_EQ(format_set_cookie({.name = kName, .value = "", .max_age_s = 0, .same_site = SameSite::Lax}),
            "__Host-postern=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
}

TEST(CookieDeath, AValueThatBreaksTheGrammarIsABug) {
  EXPECT_DEATH(format_set_cookie({.name = kName, .value = "a;b"}), "is_cookie_value");
  EXPECT_DEATH(format_set_cookie({.name = kName, .value = "a\r\n"}), "is_cookie_value");
}

}  // namespace
}  // namespace postern::http
