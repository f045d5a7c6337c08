// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/text_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/bytes.h"

namespace postern::audit {
namespace {

TEST(TextSearch, DisregardsTheCaseOfAsciiAndOfNothingElse) {
  EXPECT_TRUE(TextSearch("NEEDLE").stands_in("a haystack with a nEedle in it"));
  EXPECT_TRUE(TextSearch("[x]").stands_in("a[X]b"));
  EXPECT_FALSE(TextSearch("{x}").stands_in("a[x]b")) << "32 apart, and no letters";
  EXPECT_TRUE(TextSearch("\xC3\xBC").stands_in("f\xC3\xBCr"));
  EXPECT_FALSE(TextSearch("\xC3\xBC").stands_in("f\xC3\x9Cr"));
  EXPECT_TRUE(TextSearch("").stands_in(""));
  EXPECT_FALSE(TextSearch("a").stands_in(""));
}

TEST(TextSearch, AgreesWithLookingAtEveryPlace) {
  std::mt19937 random(7);
  const auto text = [&random](std::size_t longest) {
    std::string out(random() % (longest + 1), '\0');
    for (char& c : out) c = "abABc\xC3\xFF"[random() % 7];
    return out;
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::string needle = text(5), line = text(30);
    const bool there = base::to_lower(line).find(base::to_lower(needle)) != std::string::npos;
    ASSERT_EQ(TextSearch(needle).stands_in(line), there) << needle << " in " << line;
  }
}

}  // namespace
}  // namespace postern::audit
