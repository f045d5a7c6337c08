// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/form.h"

#include <gtest/gtest.h>

namespace postern::http {
namespace {

TEST(Form, IsDecodedOnce) {
  Parameters out;
  ASSERT_TRUE(parse_form("pass=a%2Bb%3D&next=%2Fx+y&note=1%0D%0A2&empty=&flag", {}, out).ok());
  ASSERT_EQ(out.size(), 5U);
  EXPECT_EQ(out.only("pass"), "a+b=");
  EXPECT_EQ(out.only("next"), "/x y");
  EXPECT_EQ(out.only("note"), "1\r\n2");
  EXPECT_EQ(out.only("empty"), "");
  EXPECT_EQ(out.only("flag"), "");
  EXPECT_FALSE(out.only("other"));
}

TEST(Form, ADoubledNameHasNoOnlyValue) {
  Parameters out;
  ASSERT_TRUE(parse_form("a=1&a=2", {}, out).ok());
  EXPECT_FALSE(out.only("a"));
  EXPECT_EQ(out.count("a"), 2U);
}

TEST(Form, RefusesWhatHasNoSingleMeaning) {
  Parameters out;
  for (const char* body :
       {"=x", "a=%", "a=%2", "a=%zz", "a=%00", "a=\xff", "a=%ff", "a=<", "a= b", "a=\"", "%0a=1"}) {
    EXPECT_EQ(parse_form(body, {}, out).refusal, base::Refusal::Malformed) << body;
  }
}

TEST(Form, IsBounded) {
  Parameters out;
  EXPECT_EQ(parse_form("a=12345", {.bytes = 6}, out).refusal, base::Refusal::BodyTooLarge);
  EXPECT_TRUE(parse_form("a&b&c", {.parameters = 3}, out).ok());
  EXPECT_EQ(parse_form("a&b&c&d", {.parameters = 3}, out).refusal, base::Refusal::Malformed);
}

TEST(Form, IsKnownByItsContentType) {
  EXPECT_TRUE(is_form("application/x-www-form-urlencoded"));
  EXPECT_TRUE(is_form("Application/X-WWW-Form-Urlencoded ; charset=utf-8"));
  EXPECT_FALSE(is_form("application/x-www-form-urlencoded2"));
  EXPECT_FALSE(is_form("multipart/form-data; boundary=x"));
  EXPECT_FALSE(is_form(""));
}

}  // namespace
}  // namespace postern::http
