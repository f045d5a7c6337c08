// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/intake/doorkeeper.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/crypto.h"

namespace postern::intake {
namespace {

constexpr base::Micros kDoorNoon = 1'772'366'400'000'000;

struct Door : testing::Test {
  Doorkeeper keeper;
  const bool ready = base::init_crypto().ok();
  base::Nanos now = base::kSecond;

  static base::Json token_json(const std::string& id, const std::string& text, base::Micros expires = 0) {
    return {{"id", id},
            {"name", "n-" + id},
            {"service", ""},
            {"sha256", base::sha256_hex(text)},
            {"expires", expires}};
  }
  void SetUp() override {
    ASSERT_TRUE(
        keeper.take_tokens({token_json("A", "intake_a"), token_json("B", "intake_b", kDoorNoon + 1)}));
  }
  const Token& a() { return *keeper.find("intake_a", kDoorNoon); }
};

TEST_F(Door, KnowsTokensByTheirHashAndUntilTheirEnd) {
  ASSERT_NE(keeper.find("intake_a", kDoorNoon), nullptr);
  EXPECT_EQ(keeper.find("intake_a", kDoorNoon)->id, "A");
  EXPECT_NE(keeper.find("intake_b", kDoorNoon), nullptr);
  EXPECT_EQ(keeper.find("intake_b", kDoorNoon + 1), nullptr);
  EXPECT_EQ(keeper.find("", kDoorNoon), nullptr);
  EXPECT_EQ(keeper.find("intake_a ", kDoorNoon), nullptr);
  EXPECT_EQ(keeper.find("intake_a" + std::string(200, 'x'), kDoorNoon), nullptr);
  EXPECT_TRUE(keeper.take_tokens(base::Json::array()));
  EXPECT_EQ(keeper.find("intake_a", kDoorNoon), nullptr);
}

TEST_F(Door, RefusesTokensThatAreNone) {
  EXPECT_FALSE(keeper.take_tokens(base::Json::object()));
  EXPECT_FALSE(keeper.take_tokens({{{"id", "A"}, {"sha256", "00"}}}));
  EXPECT_NE(keeper.find("intake_a", kDoorNoon), nullptr);  // what was there stays
}

TEST_F(Door, LetsATokensAllowanceThroughAndSaysHowLongToWait) {
  keeper.allow(600);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(keeper.wait(a(), 100, now), 0);
  const base::Nanos wait = keeper.wait(a(), 100, now);
  EXPECT_NEAR(static_cast<double>(wait), 10e9, 1e6);  // 100 events at ten a second
  EXPECT_EQ(keeper.wait(a(), 100, now + wait), 0);
  EXPECT_EQ(keeper.wait(*keeper.find("intake_b", kDoorNoon), 100, now),
            0);  // another token's allowance is its own
}

TEST_F(Door, LetsOneBatchThroughHoweverSmallTheAllowanceIs) {
  keeper.allow(1);
  EXPECT_EQ(keeper.wait(a(), 100, now), 0);
  EXPECT_GT(keeper.wait(a(), 1, now), 0);
}

TEST_F(Door, SlowsAnAddressWithWrongTokensDown) {
  for (int i = 0; i < Doorkeeper::kWrongTokens; ++i) {
    EXPECT_EQ(keeper.wait_of_address("192.0.2.7", now), 0);
    keeper.failed("192.0.2.7", now);
  }
  EXPECT_GT(keeper.wait_of_address("192.0.2.7", now), 0);
  EXPECT_EQ(keeper.wait_of_address("192.0.2.8", now), 0);
  EXPECT_EQ(keeper.wait_of_address("192.0.2.7", now + Doorkeeper::kWindow), 0);
}

TEST_F(Door, IsBoundedWhateverComes) {
  for (int i = 0; i < 5'000; ++i) keeper.failed("address " + std::to_string(i), now);
  const auto notes = keeper.due(now);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].count, 5'000);
}

TEST_F(Door, TellsOfWhatItRefusedAtOnceAndThenOnceAMinute) {
  keeper.limited(a(), "192.0.2.7", 100, now);
  auto notes = keeper.due(now);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].token, "A");
  EXPECT_EQ(notes[0].count, 100);
  keeper.limited(a(), "192.0.2.7", 7, now + base::kSecond);
  keeper.limited(a(), "192.0.2.7", 5, now + 2 * base::kSecond);
  EXPECT_TRUE(keeper.due(now + 2 * base::kSecond).empty());
  notes = keeper.due(now + Doorkeeper::kWindow);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].count, 12);
  EXPECT_TRUE(keeper.due(now + 2 * Doorkeeper::kWindow).empty());
}

}  // namespace
}  // namespace postern::intake
