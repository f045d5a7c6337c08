// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/usage.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace postern::proc {
namespace {

TEST(Usage, IsReadBehindANameThatHoldsBracketsAndSpaces) {
  const std::string text =
      "812 (a) R 1 (b) S 1 812 812 0 -1 4194560 1200 0 3 0 150 50 0 0 20 0 5 0 5401 1234567 321 "
      "18446744073709551615";
  const auto usage = parse_stat(text, 100, 4096);
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->cpu, 2 * base::kWallSecond);
  EXPECT_EQ(usage->resident, 321U * 4096);
}

TEST(Usage, IsNothingOfWhatIsNotSuchAFile) {
  EXPECT_FALSE(parse_stat("", 100, 4096));
  EXPECT_FALSE(parse_stat("812 (a) R 1", 100, 4096));
  EXPECT_FALSE(parse_stat("1 (a) S 1 1 1 0 -1 0 0 0 0 0 x 0 0 0 0 0 0 0 0 0 1 2", 100, 4096));
  EXPECT_FALSE(usage_of(0x7FFFFFFF));
}

TEST(Usage, OfThisProcessIsMoreThanNothing) {
  const auto usage = usage_of(::getpid());
  ASSERT_TRUE(usage);
  EXPECT_GT(usage->resident, 100'000U);
}

}  // namespace
}  // namespace postern::proc
