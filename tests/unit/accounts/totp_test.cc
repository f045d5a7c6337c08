// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "accounts/totp.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace postern::accounts {
namespace {

const std::string kSecret = "12345678901234567890";

TEST(Totp, ComputesTheValuesOfTheSpecification) {
  struct Example {
    base::Micros seconds;
    const char* code;  // RFC 6238 appendix B, its last six digits
  };
  for (const Example& one : {Example{59, "287082"},
                             {1111111109, "081804"},
                             {1111111111, "050471"},
                             {1234567890, "005924"},
                             {2000000000, "279037"},
                             {20000000000, "353130"}})
    EXPECT_EQ(totp_code(kSecret, totp_step(one.seconds * base::kWallSecond)), one.code);
}

TEST(Totp, TakesAStepBeforeAndAfterAndNoMore) {
  const base::Micros now = 1'772'366'400'000'000;
  const std::int64_t step = totp_step(now);
  for (const std::int64_t near : {-1, 0, 1})
    EXPECT_EQ(match_totp(kSecret, totp_code(kSecret, step + near), now, -1), step + near);
  for (const std::int64_t far : {-2, 2})
    EXPECT_FALSE(match_totp(kSecret, totp_code(kSecret, step + far), now, -1));
}

TEST(Totp, TakesNoStepThatIsUsedOrOlderThanOneThatIs) {
  const base::Micros now = 1'772'366'400'000'000;
  const std::int64_t step = totp_step(now);
  EXPECT_FALSE(match_totp(kSecret, totp_code(kSecret, step), now, step));
  EXPECT_FALSE(match_totp(kSecret, totp_code(kSecret, step - 1), now, step));
  EXPECT_TRUE(match_totp(kSecret, totp_code(kSecret, step + 1), now, step));
}

TEST(Totp, LooksAtDigitsAndNothingElse) {
  const base::Micros now = 1'772'366'400'000'000;
  const std::string code = totp_code(kSecret, totp_step(now));
  EXPECT_TRUE(match_totp(kSecret, code.substr(0, 3) + " " + code.substr(3), now, -1)) << "as apps show it";
  for (const std::string& wrong : {std::string(), code.substr(1), code + "0", std::string("abcdef")})
    EXPECT_FALSE(match_totp(kSecret, wrong, now, -1)) << wrong;
}

TEST(Totp, SaysTheSecretAsAppsWantIt) {
  EXPECT_EQ(to_base32("foobar"), "MZXW6YTBOI");  // RFC 4648 section 10, without its padding
  EXPECT_EQ(to_base32("f"), "MY");
  EXPECT_EQ(otpauth_link("Postern a/b", "r&t", "foobar"),
            "otpauth://totp/Postern%20a%2Fb:r%26t?secret=MZXW6YTBOI&issuer=Postern%20a%2Fb");
}

TEST(RecoveryCode, IsTheSameHoweverItIsTyped) {
  ASSERT_TRUE(base::init_crypto().ok());
  const std::string code = make_recovery_code();
  EXPECT_EQ(code.size(), 19U) << code;
  EXPECT_TRUE(looks_like_recovery_code(code));
  std::string plain = code;
  std::erase(plain, '-');
  EXPECT_EQ(recovery_hash(plain), recovery_hash(code));
  EXPECT_NE(recovery_hash(make_recovery_code()), recovery_hash(code));
  EXPECT_FALSE(looks_like_recovery_code("123456"));
}

}  // namespace
}  // namespace postern::accounts
