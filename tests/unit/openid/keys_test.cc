// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "openid/keys.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/bytes.h"
#include "base/crypto.h"
#include "tests/unit/openid/known_tokens.h"

namespace postern::openid {
namespace {

constexpr std::array<std::string_view, 1> kTypes{"jwt"};

std::string set_of(std::string_view key) { return R"({"keys":[)" + std::string(key) + "]}"; }

KeySet keys_of(std::string_view key) {
  auto set = KeySet::parse(set_of(key));
  EXPECT_TRUE(set.ok());
  return std::move(*set);
}

std::string token_of(std::string_view header, std::string_view claims, std::string_view signature = "s") {
  return base::to_base64url(header) + "." + base::to_base64url(claims) + "." + base::to_base64url(signature);
}

std::string why_not_parsed(std::string_view token) {
  const auto jws = parse_jws(token, kTypes);
  return jws.ok() ? "accepted" : jws.error().message;
}

// The key's text with that member's value replaced.
std::string with(std::string_view key, const char* member, const base::Json& value) {
  auto json = base::parse_json(key);
  (*json)[member] = value;
  return base::dump_json(*json);
}

TEST(KeySet, BelievesEachAlgorithmUnderItsOwnKey) {
  for (const KnownToken& known : kKnownTokens) {
    const auto jws = parse_jws(known.token, kTypes);
    ASSERT_TRUE(jws.ok()) << known.algorithm << jws.error().message;
    EXPECT_EQ(certs::to_text(jws->algorithm), known.algorithm);
    EXPECT_EQ(jws->kid, known.kid);
    EXPECT_EQ(keys_of(known.key).judge(*jws), SignatureVerdict::Good) << known.algorithm;
  }
}

TEST(KeySet, BelievesNoTokenOfWhichABitOfAnyPartWasChanged) {
  for (const KnownToken& known : kKnownTokens) {
    const KeySet keys = keys_of(known.key);
    for (std::size_t i = 0; i < known.token.size(); ++i) {
      std::string token(known.token);
      if (token[i] == '.') continue;
      token[i] = token[i] == 'A' ? 'B' : 'A';
      if (token == known.token) continue;
      const auto jws = parse_jws(token, kTypes);
      EXPECT_FALSE(jws.ok() && keys.judge(*jws) == SignatureVerdict::Good) << known.algorithm << " at " << i;
    }
  }
}

TEST(KeySet, BelievesNoTokenUnderTheKeyOfAnother) {
  for (const KnownToken& token : kKnownTokens) {
    const auto jws = parse_jws(token.token, kTypes);
    for (const KnownToken& other : kKnownTokens) {
      if (token.key == other.key) continue;
      const KeySet keys = keys_of(with(other.key, "kid", std::string(token.kid)));
      EXPECT_NE(keys.judge(*jws), SignatureVerdict::Good) << token.algorithm << " under " << other.algorithm;
    }
  }
}

// RFC 8725 section 2.1: the public key as the secret of an HMAC, and no signature at all.
TEST(Jws, KnowsNeitherNoneNorHmac) {
  for (const char* name :
       {"none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS1", "es256", "ES512"}) {
    const std::string header = std::string(R"({"alg":")") + name + "\"}";
    EXPECT_NE(why_not_parsed(token_of(header, "{}")).find("never accepted"), std::string::npos) << name;
  }
  EXPECT_NE(why_not_parsed(token_of("{}", "{}")), "accepted");
  EXPECT_NE(why_not_parsed(token_of(R"({"alg":["RS256"]})", "{}")), "accepted");
  EXPECT_EQ(why_not_parsed(token_of(R"({"alg":"RS256"})", "{}", "")), "the token has no signature");
}

TEST(Jws, IsThreePartsOfCanonicalBase64url) {
  const std::string good = token_of(R"({"alg":"RS256"})", "{}");
  EXPECT_EQ(why_not_parsed(good), "accepted");
  EXPECT_NE(why_not_parsed(good + "."), "accepted");
  EXPECT_NE(why_not_parsed(good + "="), "accepted");
  EXPECT_NE(why_not_parsed(" " + good), "accepted");
  EXPECT_NE(why_not_parsed(good + "\n"), "accepted");
  EXPECT_NE(why_not_parsed(good.substr(0, good.rfind('.'))), "accepted");
  EXPECT_NE(why_not_parsed(""), "accepted");
  EXPECT_NE(why_not_parsed(".."), "accepted");
  EXPECT_NE(why_not_parsed(token_of(R"({"alg":"RS256"})", "{}", std::string(kTokenLimit, 's'))), "accepted");
}

TEST(Jws, IsOfObjectsWithoutAMemberTwice) {
  const char* const header = R"({"alg":"RS256"})";
  EXPECT_NE(why_not_parsed(token_of(R"({"alg":"RS256","alg":"none"})", "{}")), "accepted");
  EXPECT_NE(why_not_parsed(token_of(header, R"({"sub":"ada","sub":"bob"})")), "accepted");
  EXPECT_NE(why_not_parsed(token_of(header, "[]")), "accepted");
  EXPECT_NE(why_not_parsed(token_of(header, "\"text\"")), "accepted");
  EXPECT_NE(why_not_parsed(token_of(header, R"({"a":1} )"
                                            "x")),
            "accepted");
  EXPECT_NE(why_not_parsed(token_of(header, "{\"a\":\"\xff\"}")), "accepted");
}

TEST(Jws, IsRefusedIfItDemandsWhatIsNotKnown) {
  EXPECT_NE(why_not_parsed(token_of(R"({"alg":"RS256","crit":["b64"],"b64":false})", "{}")), "accepted");
  EXPECT_NE(why_not_parsed(token_of(R"({"alg":"RS256","zip":"DEF"})", "{}")), "accepted");
  EXPECT_NE(why_not_parsed(token_of(R"({"alg":"RS256","typ":"at+jwt"})", "{}")), "accepted");
  EXPECT_NE(why_not_parsed(token_of(R"({"alg":"RS256","typ":7})", "{}")), "accepted");
  EXPECT_NE(why_not_parsed(token_of(R"({"alg":"RS256","kid":7})", "{}")), "accepted");
  EXPECT_EQ(why_not_parsed(token_of(R"({"alg":"RS256","typ":"JWT"})", "{}")), "accepted");
  EXPECT_EQ(why_not_parsed(token_of(R"({"alg":"RS256","typ":"application/jwt"})", "{}")), "accepted");
}

// A token that brings its own key is held against ours.
TEST(KeySet, LooksAtNoKeyThatATokenBrings) {
  ASSERT_TRUE(base::init_crypto().ok());
  const base::Secret seed(std::string(32, 'e'));
  const std::string own =
      R"({"kty":"OKP","crv":"Ed25519","x":")" + base::to_base64url(base::ed25519_public(seed)) + "\"}";
  const std::string signed_part =
      base::to_base64url(R"({"alg":"EdDSA","kid":"ed","jwk":)" + own + R"(,"jku":"https://evil.example/"})") +
      "." + base::to_base64url("{}");
  const auto jws =
      parse_jws(signed_part + "." + base::to_base64url(base::ed25519_sign(seed, signed_part)), kTypes);
  ASSERT_TRUE(jws.ok());
  EXPECT_EQ(keys_of(with(own, "kid", "ed")).judge(*jws), SignatureVerdict::Good);
  EXPECT_EQ(keys_of(kKnownTokens[4].key).judge(*jws), SignatureVerdict::Wrong);
}

TEST(KeySet, SaysThatAKeyIsMissingOnlyWhereANewerSetMayHaveIt) {
  const auto jws = parse_jws(kKnownTokens[0].token, kTypes);
  EXPECT_EQ(keys_of(with(kKnownTokens[0].key, "kid", "newer")).judge(*jws), SignatureVerdict::NoKey);
  EXPECT_EQ(keys_of(with(kKnownTokens[1].key, "kid", "rs")).judge(*jws), SignatureVerdict::Wrong);
}

// Whoever names no key may not have it chosen by trying.
TEST(KeySet, HoldsATokenWithoutAKidAgainstTheOnlyKeyThatFits) {
  const KnownToken& known = kKnownTokens[5];
  const auto jws = parse_jws(known.token, kTypes);
  const std::string both = std::string(known.key) + "," + std::string(kKnownTokens[2].key);
  EXPECT_EQ(keys_of(both).judge(*jws), SignatureVerdict::NoKey);
  const std::string one = std::string(known.key) + "," + std::string(kKnownTokens[0].key);
  EXPECT_EQ(keys_of(one).judge(*jws), SignatureVerdict::Good);
}

TEST(KeySet, UsesAKeyForNothingButWhatItIsFor) {
  const KnownToken& known = kKnownTokens[0];
  const auto refused = [&](const char* member, const base::Json& value) {
    return !KeySet::parse(set_of(with(known.key, member, value))).ok();
  };
  EXPECT_TRUE(refused("use", "enc"));
  EXPECT_TRUE(refused("key_ops", base::Json::array({"encrypt"})));
  EXPECT_TRUE(refused("alg", "HS256"));
  EXPECT_TRUE(refused("alg", "ES256"));
  EXPECT_TRUE(refused("kty", "oct"));
  EXPECT_FALSE(refused("key_ops", base::Json::array({"verify"})));
  const auto jws = parse_jws(known.token, kTypes);
  EXPECT_EQ(keys_of(with(known.key, "alg", "PS256")).judge(*jws), SignatureVerdict::Wrong);
}

TEST(KeySet, BelievesNoKeyThatIsWeakOrDamaged) {
  const auto refused = [](std::string_view key, const char* member, const std::string& bytes) {
    return !KeySet::parse(set_of(with(key, member, base::to_base64url(bytes)))).ok();
  };
  const std::string_view rsa = kKnownTokens[0].key, curve = kKnownTokens[2].key,
                         edwards = kKnownTokens[4].key;
  EXPECT_TRUE(refused(rsa, "n", std::string(128, '\xc1')));   // 1024 bits
  EXPECT_TRUE(refused(rsa, "n", std::string(1025, '\xc1')));  // 8200 bits
  EXPECT_TRUE(refused(rsa, "e", std::string(1, '\x01')));
  EXPECT_TRUE(refused(rsa, "e", std::string(5, '\x01')));
  EXPECT_TRUE(refused(rsa, "n", ""));
  EXPECT_TRUE(refused(curve, "x", std::string(32, '\x01')));  // not on the curve
  EXPECT_TRUE(refused(curve, "x", std::string(33, '\x01')));
  EXPECT_TRUE(refused(edwards, "x", std::string(31, '\x01')));
}

TEST(KeySet, IsRefusedWholeIfItShowsAPrivateKey) {
  const auto set =
      KeySet::parse(set_of(with(kKnownTokens[2].key, "d", "AAAA") + "," + std::string(kKnownTokens[0].key)));
  ASSERT_FALSE(set.ok());
  EXPECT_NE(set.error().message.find("private"), std::string::npos);
}

TEST(KeySet, IsBounded) {
  std::string many(kKnownTokens[4].key);
  for (std::size_t i = 0; i < kMostKeys; ++i) many += "," + std::string(kKnownTokens[4].key);
  EXPECT_FALSE(KeySet::parse(set_of(many)).ok());
  EXPECT_FALSE(KeySet::parse(R"({"keys":[]})").ok());
  EXPECT_FALSE(KeySet::parse(R"({"keys":[7]})").ok());
  EXPECT_FALSE(KeySet::parse("[]").ok());
  EXPECT_FALSE(KeySet::parse(set_of(kKnownTokens[0].key) + std::string(kKeySetLimit, ' ')).ok());
}

}  // namespace
}  // namespace postern::openid
