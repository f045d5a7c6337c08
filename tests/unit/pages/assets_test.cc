// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/assets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "gateway/enforcer/assets.h"

namespace postern {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(ConsoleAssets, ThePageIsAtTheRootAndMayNotBeCachedForGood) {
  const base::Asset* page = console::find_console_asset("/");
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_FALSE(page->immutable);
  EXPECT_THAT(std::string(page->bytes), StartsWith("<!doctype html>"));
}

TEST(ConsoleAssets, EverythingThatThePageLoadsIsThere) {
  const std::string page(console::find_console_asset("/")->bytes);
  const std::regex reference("(?:src|href)=\"(/[^\"]*)\"");
  int found = 0;
  for (std::sregex_iterator it(page.begin(), page.end(), reference), end; it != end; ++it, ++found) {
    const base::Asset* asset = console::find_console_asset((*it)[1].str());
    ASSERT_NE(asset, nullptr) << (*it)[1];
    EXPECT_TRUE(asset->immutable) << (*it)[1];
    EXPECT_FALSE(asset->bytes.empty());
  }
  EXPECT_GE(found, 2);
}

TEST(ConsoleAssets, ThePageHoldsNoInlineScriptAndNoInlineStyle) {
  const std::string page(console::find_console_asset("/")->bytes);
  EXPECT_FALSE(std::regex_search(page, std::regex("<script(?![^>]*\\ssrc=)")));
  EXPECT_THAT(page, Not(HasSubstr("<style")));
}

// The page itself is small, and not compressed at all (docs/TLS.md).
TEST(ConsoleAssets, GzipIsSmallerAndSaysSo) {
  const base::Asset* page = console::find_console_asset("/");
  EXPECT_TRUE(page->gzip.empty());
  const std::string text(page->bytes);
  std::smatch script;
  ASSERT_TRUE(std::regex_search(text, script, std::regex("src=\"(/[^\"]*\\.js)\"")));
  const base::Asset* asset = console::find_console_asset(script[1].str());
  ASSERT_NE(asset, nullptr);
  ASSERT_FALSE(asset->gzip.empty());
  EXPECT_LT(asset->gzip.size(), asset->bytes.size());
  EXPECT_EQ(asset->gzip.substr(0, 2), "\x1f\x8b");
}

TEST(ConsoleAssets, AnythingElseIsNotThere) {
  EXPECT_EQ(console::find_console_asset(""), nullptr);
  EXPECT_EQ(console::find_console_asset("/assets/"), nullptr);
  EXPECT_EQ(console::find_console_asset("/assets/../index.html"), nullptr);
}

TEST(VisitAssets, AreWhatThePagesName) {
  const base::Asset* css = enforcer::find_visit_asset("/.postern/assets/visit.css");
  const base::Asset* js = enforcer::find_visit_asset("/.postern/assets/visit.js");
  ASSERT_TRUE(css != nullptr && js != nullptr);
  EXPECT_EQ(css->content_type, "text/css; charset=utf-8");
  EXPECT_EQ(js->content_type, "text/javascript; charset=utf-8");
  EXPECT_FALSE(css->immutable);
  EXPECT_THAT(std::string(css->etag), testing::MatchesRegex("W/\"[0-9a-f]+\""));
  EXPECT_NE(css->etag, js->etag);
}

}  // namespace
}  // namespace postern
