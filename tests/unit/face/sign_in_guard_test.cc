// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "face/sign_in_guard.h"

#include <gtest/gtest.h>

namespace postern::face {
namespace {

constexpr base::Nanos kNow = 1'000 * base::kSecond;

TEST(SignInGuard, ForgivesAFewMistakesAndThenDoublesTheWait) {
  SignInGuard guard;
  for (int i = 0; i < SignInGuard::kFreeFailures - 1; ++i) guard.failed("192.0.2.7:1", kNow);
  EXPECT_EQ(guard.wait("192.0.2.7:2", kNow), 0);
  guard.failed("192.0.2.7:3", kNow);
  EXPECT_EQ(guard.wait("192.0.2.7:4", kNow), base::kSecond);
  guard.failed("192.0.2.7:3", kNow);
  EXPECT_EQ(guard.wait("192.0.2.7:4", kNow), 2 * base::kSecond);
  for (int i = 0; i < 40; ++i) guard.failed("192.0.2.7:3", kNow);
  EXPECT_EQ(guard.wait("192.0.2.7:4", kNow), SignInGuard::kLongestDelay);
}

TEST(SignInGuard, ForgetsAfterAnHourAndAfterASignIn) {
  SignInGuard guard;
  for (int i = 0; i < 10; ++i) guard.failed("192.0.2.7:1", kNow);
  EXPECT_EQ(guard.wait("192.0.2.7:1", kNow + SignInGuard::kForget), 0);
  guard.failed("192.0.2.7:1", kNow);
  guard.succeeded("192.0.2.7:1", kNow);
  EXPECT_EQ(guard.wait("192.0.2.7:1", kNow), 0);
}

TEST(SignInGuard, SlowsEveryoneALittleButNotWhoSignedInBefore) {
  SignInGuard guard;
  guard.succeeded("198.51.100.1:1", kNow);
  for (int i = 0; i < 1'000; ++i)
    guard.failed("192.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":1", kNow);
  EXPECT_EQ(guard.wait("203.0.113.9:1", kNow), SignInGuard::kLongestDelayOfAll);
  EXPECT_EQ(guard.wait("198.51.100.1:2", kNow), 0);
}

TEST(SignInGuard, CountsAnIpv6NetworkAsOneAddress) {
  EXPECT_EQ(address_of("[2001:db8:1:2:3:4:5:6]:443"), address_of("[2001:db8:1:2::9]:1"));
  EXPECT_NE(address_of("[2001:db8:1:2::1]:443"), address_of("[2001:db8:1:3::1]:443"));
  EXPECT_EQ(address_of("192.0.2.7:50123"), "192.0.2.7");
}

}  // namespace
}  // namespace postern::face
