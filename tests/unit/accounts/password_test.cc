// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "accounts/password.h"

#include <gtest/gtest.h>

namespace postern::accounts {
namespace {

TEST(Password, OfTwelveCharactersIsLongEnoughWhateverTheyAre) {
  EXPECT_FALSE(password_problem("ab cdefghi k", "root"));
  EXPECT_TRUE(password_problem("ab cdefghik", "root"));
  EXPECT_FALSE(password_problem("\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F zyx wvut", "root"))
      << "12 characters in 16 bytes";
  EXPECT_TRUE(password_problem("\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F zyx", "root")) << "8 characters in 12 bytes";
}

TEST(Password, MayBeLongAndNotEndless) {
  std::string longest = "a sentence that goes on and on ";
  while (longest.size() < kLongestPassword) longest += longest;
  longest.resize(kLongestPassword);
  EXPECT_FALSE(password_problem(longest, "root"));
  EXPECT_TRUE(password_problem(longest + "x", "root"));
}

TEST(Password, AmongTheFirstThatAreTriedIsRefused) {
  for (const char* common : {"password1234", "PassWord1234", "qwertyuiop123", "abcdefghijkl", "987654321098",
                             "aaaaaaaaaaaa", "ababababababab", "correcthorsebatterystaple"})
    EXPECT_TRUE(password_problem(common, "root")) << common;
}

TEST(Password, ThatIsLittleMoreThanTheNameIsRefused) {
  EXPECT_TRUE(password_problem("Jonathan1234", "jonathan"));
  EXPECT_FALSE(password_problem("jonathan has a very long one", "jonathan"));
  EXPECT_TRUE(password_problem("\xFF\xFF some bytes of it", "root")) << "not text";
}

}  // namespace
}  // namespace postern::accounts
