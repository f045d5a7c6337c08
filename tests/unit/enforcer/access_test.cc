// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/access.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/json.h"

namespace postern::enforcer {
namespace {

constexpr base::Micros kNow = 1'790'000'000 * base::kWallSecond;
constexpr std::string_view kToken = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kReadAndWrite = R"(version: 1
capabilities:
  state.read: { title: State, class: read, operations: [ "GET /state" ] }
  state.write: { title: Change, class: write, operations: [ "PUT /state" ] }
)";

class AccessTest : public ::testing::Test {
 protected:
  AccessTest() {
    access.set_policy(policy::parse_policy(kReadAndWrite).policy);
    access.set_state(state::State());
    apply("engineer.added", {{"engineer", "alice"}});
    apply("engineer.approved", {{"engineer", "alice"}});
    apply("permission.changed", {{"what", "remote_access"}, {"new", "all"}});
    set("state.read", "on");
    apply("session.opened",
          {{"engineer", "alice"},
           {"token_sha256", base::to_hex(base::view(base::sha256(kToken)))},
           {"certificate", "c0ffee"},
           {"expires", base::format_time(kNow + 3600 * base::kWallSecond)},
           {"idle_us", 3'600'000'000}},
          "s1");
  }
  void apply(const char* type, base::Json detail, const char* session = "") {
    EXPECT_TRUE(access.apply({{"type", type},
                              {"time", base::format_time(kNow)},
                              {"actor", "admin:root"},
                              {"session", session},
                              {"detail", std::move(detail)}}));
  }
  void set(const char* capability, const char* to, base::Json until = nullptr) {
    base::Json detail{{"what", "capability"}, {"name", capability}, {"new", to}};
    if (!until.is_null()) detail["until"] = std::move(until);
    apply("permission.changed", std::move(detail));
  }
  // Of both capabilities, as codes.
  std::string standing(base::Micros now) {
    std::string all;
    for (const base::Refusal one : access.standing(*access.find("s1"), now))
      all += std::string(base::text_of(one).code) + " ";
    return all;
  }
  Access access;
};

TEST_F(AccessTest, AChangeIsSeenAtOnceWhateverWasComputedBefore) {
  EXPECT_EQ(standing(kNow), "none capability_off ");
  set("state.write", "on");
  EXPECT_EQ(standing(kNow), "none none ");
  set("state.read", "off");
  EXPECT_EQ(standing(kNow), "capability_off none ");
}

TEST_F(AccessTest, AnotherPolicyIsSeenAtOnce) {
  EXPECT_EQ(standing(kNow), "none capability_off ");
  access.set_policy(policy::parse_policy(R"(version: 1
capabilities:
  state.write: { title: Change, class: write, operations: [ "PUT /state" ] }
)")
                        .policy);
  EXPECT_EQ(standing(kNow), "capability_off ");
}

// The answer is kept for a second; an end that lies within it is said by the ledger's event as well.
TEST_F(AccessTest, AnEndTimeIsSeenASecondLateAtMost) {
  set("state.read", "on", base::format_time(kNow + base::kWallSecond / 2));
  EXPECT_EQ(standing(kNow), "none capability_off ");
  EXPECT_EQ(standing(kNow + base::kWallSecond - 1), "none capability_off ");
  EXPECT_EQ(standing(kNow + base::kWallSecond), "capability_off capability_off ");
}

TEST_F(AccessTest, AClockThatWasSetBackDoesNotKeepAnOldAnswer) {
  set("state.read", "on", base::format_time(kNow + base::kWallSecond));
  EXPECT_EQ(standing(kNow + 3600 * base::kWallSecond), "capability_off capability_off ");
  EXPECT_EQ(standing(kNow), "none capability_off ");
}

TEST_F(AccessTest, ASessionIsFoundByTokenCertificateAndIdUntilItEnds) {
  const std::string token = base::to_base64url(kToken);
  EXPECT_EQ(access.find_by_token(token), access.find("s1"));
  EXPECT_EQ(access.find_by_certificate("c0ffee"), access.find("s1"));
  EXPECT_EQ(access.find_by_token("not base64url!"), nullptr);
  EXPECT_EQ(access.find_by_token(""), nullptr);
  EXPECT_EQ(access.find_by_certificate(""), nullptr);
  apply("session.ended", {{"reason", "revoked"}}, "s1");
  EXPECT_EQ(access.find("s1"), nullptr);
  EXPECT_EQ(access.find_by_token(token), nullptr);
  EXPECT_EQ(access.find_by_certificate("c0ffee"), nullptr);
}

TEST_F(AccessTest, AnotherStateForgetsTheSessionsOfTheLast) {
  EXPECT_NE(access.find("s1"), nullptr);
  access.set_state(state::State());
  EXPECT_EQ(access.find("s1"), nullptr);
  EXPECT_EQ(access.find_by_token(base::to_base64url(kToken)), nullptr);
}

}  // namespace
}  // namespace postern::enforcer
