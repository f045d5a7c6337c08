// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "face/sign_ins.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace postern::face {
namespace {

using accounts::Account;
using accounts::Accounts;

Account account(const char* name, Rank rank = Rank::Admin, const char* password = "$argon2id$x") {
  Account made;
  made.name = name;
  made.rank = rank;
  made.password = password;
  return made;
}

class SignInsTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(base::init_crypto().ok()); }
  SignIns sign_ins;
  const Account root = account("root");
  std::string open(base::Nanos now = 0) {
    return sign_ins.open(root, {"password", "192.0.2.7:5", "Firefox"}, now, 5);
  }
};

TEST_F(SignInsTest, KnowWhoHoldsTheCookie) {
  const std::string cookie = open(1);
  const auto identity = sign_ins.find(cookie, 2, 0);
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->name, "root");
  EXPECT_EQ(identity->proved, 1);
  EXPECT_EQ(identity->session.find(cookie), std::string::npos);
  EXPECT_FALSE(sign_ins.find(cookie.substr(1) + "A", 2, 0).has_value());
  EXPECT_FALSE(sign_ins.find("", 2, 0).has_value());
}

TEST_F(SignInsTest, EndWhenIdleForHalfAnHour) {
  const std::string cookie = open();
  EXPECT_TRUE(sign_ins.find(cookie, SignIns::kIdle - 1, 0).has_value());
  EXPECT_FALSE(sign_ins.find(cookie, 2 * SignIns::kIdle, 0).has_value());
  EXPECT_EQ(sign_ins.size(), 0U);
}

TEST_F(SignInsTest, EndAfterTwelveHoursHoweverBusy) {
  const std::string cookie = open();
  for (base::Nanos now = 0; now < SignIns::kAbsolute; now += SignIns::kIdle / 2)
    EXPECT_TRUE(sign_ins.find(cookie, now, 0).has_value());
  EXPECT_FALSE(sign_ins.find(cookie, SignIns::kAbsolute, 0).has_value());
}

TEST_F(SignInsTest, EndWhenTheAccountChanges) {
  for (const Accounts& changed : {Accounts{{account("root", Rank::Auditor)}, {}},
                                  Accounts{{account("root", Rank::Admin, "$argon2id$y")}, {}}, Accounts{}}) {
    const std::string cookie = open();
    EXPECT_TRUE(sign_ins.keep_only({{root}, {}}).empty());
    EXPECT_TRUE(sign_ins.find(cookie, 1, 0).has_value());
    EXPECT_EQ(sign_ins.keep_only(changed), std::vector<std::string>{"root"});
    EXPECT_FALSE(sign_ins.find(cookie, 1, 0).has_value());
  }
}

TEST_F(SignInsTest, WhoChangesTheirPasswordStaysAndTheirOtherSignInsEnd) {
  const std::string here = open(), elsewhere = open();
  sign_ins.expect_password(sign_ins.find(here, 1, 0)->session, "$argon2id$new");
  EXPECT_TRUE(sign_ins.keep_only({{root}, {}}).empty()) << "not changed yet";
  sign_ins.keep_only({{account("root", Rank::Admin, "$argon2id$new")}, {}});
  EXPECT_TRUE(sign_ins.find(here, 1, 0).has_value());
  EXPECT_FALSE(sign_ins.find(elsewhere, 1, 0).has_value());
  EXPECT_TRUE(sign_ins.keep_only({{account("root", Rank::Admin, "$argon2id$new")}, {}}).empty());
}

TEST_F(SignInsTest, HaveAnotherCookieAfterAProofAndTheSameId) {
  const std::string old = open();
  const auto before = sign_ins.find(old, 1, 0);
  const base::Nanos later = 100 * base::kSecond;
  const std::string fresh = sign_ins.prove(before->session, true, later);
  EXPECT_NE(fresh, old);
  const auto after = sign_ins.find(fresh, later, 0);
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->session, before->session);
  EXPECT_EQ(after->proved, later);
  EXPECT_TRUE(after->two_factors);
  EXPECT_TRUE(sign_ins.find(old, later + SignIns::kOldCookie - 1, 0).has_value()) << "on its way meanwhile";
  EXPECT_FALSE(sign_ins.find(old, later + SignIns::kOldCookie, 0).has_value());
  EXPECT_TRUE(sign_ins.find(fresh, later + SignIns::kOldCookie, 0).has_value());
  EXPECT_EQ(sign_ins.prove("another", true, later), "");
}

TEST_F(SignInsTest, AreShownToTheirOwnerAndEndedOneByOneOrAllButOne) {
  const std::string first = open(), second = open(), third = open();
  const std::string eve = sign_ins.open(account("eve"), {"passkey", "192.0.2.8:5", ""}, 0, 9);
  const std::string id = sign_ins.find(first, 1, 77)->session;
  const auto shown = sign_ins.of("root", 1);
  ASSERT_EQ(shown.size(), 3U);
  EXPECT_EQ(shown[0].origin.user_agent, "Firefox");
  EXPECT_FALSE(sign_ins.close_of("eve", id)) << "not hers";
  EXPECT_TRUE(sign_ins.close_of("root", sign_ins.find(second, 1, 0)->session));
  EXPECT_FALSE(sign_ins.find(second, 1, 0).has_value());
  EXPECT_EQ(sign_ins.close_others("root", id), 1U);
  EXPECT_TRUE(sign_ins.find(first, 1, 0).has_value());
  EXPECT_FALSE(sign_ins.find(third, 1, 0).has_value());
  EXPECT_TRUE(sign_ins.find(eve, 1, 0).has_value());
}

TEST_F(SignInsTest, EndWhenTheirPersonSignsOutAtTheProvider) {
  const auto open_by = [&](const char* issuer, const char* subject, const char* sid) {
    SignIns::Origin origin{"openid", "192.0.2.7:5", "Firefox"};
    origin.issuer = issuer;
    origin.subject = subject;
    origin.sid = sid;
    return sign_ins.open(root, origin, 0, 5);
  };
  const std::string local = open();
  const std::string one = open_by("https://corp", "a", "s1"), two = open_by("https://corp", "a", "s2"),
                    other = open_by("https://corp", "b", "s3"),
                    vendors = open_by("https://vendor", "a", "s1");
  const auto lives = [&](const std::string& cookie) { return sign_ins.find(cookie, 1, 0).has_value(); };
  EXPECT_TRUE(sign_ins.close_departed("https://corp", "", "").empty());
  EXPECT_TRUE(sign_ins.close_departed("https://corp", "b", "s1").empty()) << "not that person's";
  EXPECT_TRUE(sign_ins.close_departed("", "", "s1").empty());
  EXPECT_EQ(sign_ins.close_departed("https://corp", "a", "s1").size(), 1U);
  EXPECT_FALSE(lives(one));
  EXPECT_TRUE(lives(two) && lives(other) && lives(vendors) && lives(local));
  EXPECT_EQ(sign_ins.close_departed("https://corp", "a", "").size(), 1U);
  EXPECT_TRUE(!lives(two) && lives(other) && lives(local));
  EXPECT_EQ(sign_ins.close_of_others_than("https://corp").size(), 1U);
  EXPECT_TRUE(!lives(vendors) && lives(other) && lives(local));
}

TEST_F(SignInsTest, EndWhenTheAccountIsLocked) {
  const std::string cookie = open();
  Accounts accounts{{root}, {}};
  EXPECT_TRUE(sign_ins.keep_only(accounts).empty());
  accounts.list[0].locked = true;
  EXPECT_EQ(sign_ins.keep_only(accounts), std::vector<std::string>{"root"});
  EXPECT_FALSE(sign_ins.find(cookie, 1, 0).has_value());
}

TEST_F(SignInsTest, AreBounded) {
  const std::string first = open();
  for (std::size_t i = 0; i < SignIns::kMost; ++i) open(1);
  EXPECT_EQ(sign_ins.size(), SignIns::kMost);
  EXPECT_FALSE(sign_ins.find(first, 2, 0).has_value());
}

}  // namespace
}  // namespace postern::face
