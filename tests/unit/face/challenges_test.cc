// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "face/challenges.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "face/code_guard.h"

namespace postern::face {
namespace {

using Purpose = Challenges::Purpose;

class ChallengesTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(base::init_crypto().ok()); }
  Challenges challenges;
};

TEST_F(ChallengesTest, AreGoodOnce) {
  const std::string one = challenges.issue(Purpose::SignIn, "192.0.2.7", "browser", 0);
  EXPECT_TRUE(challenges.take(one, Purpose::SignIn, "browser", 1));
  EXPECT_FALSE(challenges.take(one, Purpose::SignIn, "browser", 1));
}

TEST_F(ChallengesTest, AreSpentByAWrongAnswerToo) {
  for (const auto& [purpose, binding, now] : {std::tuple{Purpose::Prove, "browser", base::Nanos{1}},
                                              {Purpose::SignIn, "another", base::Nanos{1}},
                                              {Purpose::SignIn, "", base::Nanos{1}},
                                              {Purpose::SignIn, "browser", Challenges::kLife}}) {
    const std::string one = challenges.issue(Purpose::SignIn, "192.0.2.7", "browser", 0);
    EXPECT_FALSE(challenges.take(one, purpose, binding, now)) << binding;
    EXPECT_FALSE(challenges.take(one, Purpose::SignIn, "browser", 1)) << binding;
  }
  EXPECT_FALSE(challenges.take("", Purpose::SignIn, "", 0));
}

TEST_F(ChallengesTest, AreBoundedAndNobodyPushesOutThoseOfOthers) {
  const std::string mine = challenges.issue(Purpose::SignIn, "192.0.2.7", "browser", 0);
  for (std::size_t i = 0; i < Challenges::kMost; ++i)
    challenges.issue(Purpose::SignIn, "192.0.2.8", "other", 0);
  EXPECT_EQ(challenges.size(), Challenges::kMostOfOwner + 1);
  EXPECT_TRUE(challenges.take(mine, Purpose::SignIn, "browser", 1));
  for (std::size_t i = 0; i < 2 * Challenges::kMost; ++i)
    challenges.issue(Purpose::SignIn, "host " + std::to_string(i), "b", 0);
  EXPECT_EQ(challenges.size(), Challenges::kMost);
}

TEST(CodeGuard, SlowsTheCodesOfOneAccountAndOfNoOther) {
  CodeGuard guard;
  for (int i = 0; i < CodeGuard::kFreeFailures; ++i) {
    EXPECT_EQ(guard.wait("root", 0), 0);
    guard.failed("root", 0);
  }
  EXPECT_EQ(guard.wait("root", 0), CodeGuard::kFirstDelay);
  EXPECT_EQ(guard.wait("eve", 0), 0);
  guard.failed("root", 0);
  EXPECT_EQ(guard.wait("root", 0), 2 * CodeGuard::kFirstDelay);
  for (int i = 0; i < 100; ++i) guard.failed("root", 0);
  EXPECT_EQ(guard.wait("root", 0), CodeGuard::kLongestDelay);
  EXPECT_EQ(guard.wait("root", CodeGuard::kLongestDelay), 0);
  guard.succeeded("root");
  EXPECT_EQ(guard.failures("root"), 0);
}

}  // namespace
}  // namespace postern::face
