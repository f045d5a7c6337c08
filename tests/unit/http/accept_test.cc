// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/accept.h"

#include <gtest/gtest.h>

namespace postern::http {
namespace {

TEST(Accept, ABrowserThatOpensAPageWantsHtml) {
  EXPECT_TRUE(wants_html("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"));
  EXPECT_TRUE(wants_html("TEXT/HTML"));
  EXPECT_TRUE(wants_html("application/json;q=0.5, text/html;q=0.5"));
}

TEST(Accept, AScriptDoesNot) {
  EXPECT_FALSE(wants_html(""));
  EXPECT_FALSE(wants_html("*/*"));
  EXPECT_FALSE(wants_html("text/*"));
  EXPECT_FALSE(wants_html("application/json"));
  EXPECT_FALSE(wants_html("application/json, text/plain, */*"));
  EXPECT_FALSE(wants_html("application/problem+json, text/html;q=0.9"));
}

TEST(Accept, AWeightOfZeroOrAWrongOneIsNoWish) {
  EXPECT_FALSE(wants_html("text/html;q=0"));
  EXPECT_FALSE(wants_html("text/html;q=0.000"));
  EXPECT_FALSE(wants_html("text/html;q=2"));
  EXPECT_FALSE(wants_html("text/html;q=1.001"));
  EXPECT_FALSE(wants_html("text/html;q=x"));
  EXPECT_TRUE(wants_html("text/html;level=1;q=0.001"));
}

}  // namespace
}  // namespace postern::http
