// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/admins.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace postern::console {
namespace {

const Account kRoot{"root", Rank::Admin, "$argon2id$x"};

class SignInsTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(base::init_crypto().ok()); }
};

TEST(Accounts, AreReadWithNameRoleAndHash) {
  const auto accounts =
      parse_accounts(R"({"admins":[{"name":"root","role":"admin","password":"$argon2id$x"}]})");
  ASSERT_TRUE(accounts.ok()) << accounts.error().message;
  EXPECT_EQ(accounts->at(0).rank, Rank::Admin);
}

TEST(Accounts, AreRefusedWithAPlainPasswordAnUnknownRoleOrTwice) {
  EXPECT_FALSE(parse_accounts(R"({"admins":[{"name":"root","role":"admin","password":"secret"}]})").ok());
  EXPECT_FALSE(
      parse_accounts(R"({"admins":[{"name":"root","role":"owner","password":"$argon2id$x"}]})").ok());
  EXPECT_FALSE(
      parse_accounts(
          R"({"admins":[{"name":"r","role":"admin","password":"$argon2id$x"},{"name":"r","role":"auditor","password":"$argon2id$x"}]})")
          .ok());
  EXPECT_FALSE(parse_accounts("[]").ok());
  EXPECT_FALSE(parse_accounts("").ok());
}

TEST_F(SignInsTest, KnowWhoHoldsTheCookie) {
  SignIns sign_ins;
  const std::string cookie = sign_ins.open(kRoot, 1, 5);
  const auto identity = sign_ins.find(cookie, 2);
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->name, "root");
  EXPECT_EQ(identity->session.find(cookie), std::string::npos);
  EXPECT_FALSE(sign_ins.find(cookie.substr(1) + "A", 2).has_value());
  EXPECT_FALSE(sign_ins.find("", 2).has_value());
}

TEST_F(SignInsTest, EndWhenIdleForHalfAnHour) {
  SignIns sign_ins;
  const std::string cookie = sign_ins.open(kRoot, 0, 0);
  EXPECT_TRUE(sign_ins.find(cookie, SignIns::kIdle - 1).has_value());
  EXPECT_FALSE(sign_ins.find(cookie, 2 * SignIns::kIdle).has_value());
}

TEST_F(SignInsTest, EndAfterTwelveHoursHoweverBusy) {
  SignIns sign_ins;
  const std::string cookie = sign_ins.open(kRoot, 0, 0);
  for (base::Nanos now = 0; now < SignIns::kAbsolute; now += SignIns::kIdle / 2)
    EXPECT_TRUE(sign_ins.find(cookie, now).has_value());
  EXPECT_FALSE(sign_ins.find(cookie, SignIns::kAbsolute).has_value());
}

TEST_F(SignInsTest, EndWhenTheAccountChanges) {
  SignIns sign_ins;
  const std::string cookie = sign_ins.open(kRoot, 0, 0);
  sign_ins.keep_only({kRoot});
  EXPECT_TRUE(sign_ins.find(cookie, 1).has_value());
  sign_ins.keep_only({{"root", Rank::Auditor, kRoot.password_hash}});
  EXPECT_FALSE(sign_ins.find(cookie, 1).has_value());
}

TEST_F(SignInsTest, AreBounded) {
  SignIns sign_ins;
  const std::string first = sign_ins.open(kRoot, 0, 0);
  for (std::size_t i = 0; i < SignIns::kMost; ++i) sign_ins.open(kRoot, 1, 0);
  EXPECT_EQ(sign_ins.size(), SignIns::kMost);
  EXPECT_FALSE(sign_ins.find(first, 2).has_value());
}

}  // namespace
}  // namespace postern::console
