// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "openid/claims.h"

#include <gtest/gtest.h>

namespace postern::openid {
namespace {

using base::Json;
using base::kWallSecond;

constexpr std::int64_t kNow = 1'800'000'000;  // seconds
constexpr const char* kLogout = "http://schemas.openid.net/event/backchannel-logout";

Expected expected() {
  Expected out;
  out.issuer = "https://login.example.org";
  out.client_id = "postern";
  out.nonce = "n-0S6";
  out.now = kNow * kWallSecond;
  out.skew = 60 * kWallSecond;
  return out;
}

Json id_token() {
  return {{"iss", "https://login.example.org"},
          {"aud", "postern"},
          {"sub", "248289761001"},
          {"exp", kNow + 300},
          {"iat", kNow - 1},
          {"nonce", "n-0S6"},
          {"email", "ada@example.org"},
          {"email_verified", true},
          {"groups", {"support", "all"}},
          {"sid", "s1"}};
}

Json logout_token() {
  return {{"iss", "https://login.example.org"},
          {"aud", Json::array({"postern"})},
          {"sub", "248289761001"},
          {"iat", kNow - 1},
          {"exp", kNow + 120},
          {"jti", "bWJq"},
          {"events", {{kLogout, Json::object()}}}};
}

std::string why_not(const Json& claims, const Expected& wanted = expected()) {
  const auto person = judge_id_token(claims, wanted);
  return person.ok() ? "believed" : person.error().message;
}

std::string why_not_with(const char* name, const Json& value) {
  Json claims = id_token();
  claims[name] = value;
  return why_not(claims);
}

std::string why_not_without(const char* name) {
  Json claims = id_token();
  claims.erase(name);
  return why_not(claims);
}

bool names(const std::string& why, const char* claim) {
  return why.find("(" + std::string(claim) + ")") != std::string::npos;
}

TEST(IdToken, SaysWhoHasSignedIn) {
  const auto person = judge_id_token(id_token(), expected());
  ASSERT_TRUE(person.ok()) << person.error().message;
  EXPECT_EQ(person->subject, "248289761001");
  EXPECT_EQ(person->email, "ada@example.org");
  EXPECT_EQ(person->sid, "s1");
  EXPECT_EQ(person->groups, (std::vector<std::string>{"support", "all"}));
}

TEST(IdToken, IsOfThisProviderForThisGatewayAlone) {
  EXPECT_TRUE(names(why_not_with("iss", "https://evil.example.org"), "iss"));
  EXPECT_TRUE(names(why_not_with("iss", "https://login.example.org/"), "iss"));
  EXPECT_TRUE(names(why_not_without("iss"), "iss"));
  EXPECT_TRUE(names(why_not_with("aud", "another"), "aud"));
  EXPECT_TRUE(names(why_not_with("aud", Json::array({"postern", "another"})), "aud"));
  EXPECT_TRUE(names(why_not_with("aud", Json::array()), "aud"));
  EXPECT_TRUE(names(why_not_without("aud"), "aud"));
  EXPECT_TRUE(names(why_not_with("azp", "another"), "azp"));
  EXPECT_TRUE(names(why_not_with("azp", 7), "azp"));
  EXPECT_EQ(why_not_with("azp", "postern"), "believed");
  EXPECT_EQ(why_not_with("aud", Json::array({"postern"})), "believed");
}

TEST(IdToken, BelongsToTheSignInThatWasBegun) {
  EXPECT_TRUE(names(why_not_with("nonce", "another"), "nonce"));
  EXPECT_TRUE(names(why_not_with("nonce", ""), "nonce"));
  EXPECT_TRUE(names(why_not_without("nonce"), "nonce"));
  Expected none = expected();
  none.nonce.clear();  // a defect of ours must not open the door
  EXPECT_TRUE(names(why_not(id_token(), none), "nonce"));
}

TEST(IdToken, CountsForItsTimeAndTheSkew) {
  EXPECT_TRUE(names(why_not_with("exp", kNow - 60), "exp"));
  EXPECT_EQ(why_not_with("exp", kNow - 59), "believed");
  EXPECT_TRUE(names(why_not_with("exp", "tomorrow"), "exp"));
  EXPECT_TRUE(names(why_not_with("exp", 1e300), "exp"));
  EXPECT_TRUE(names(why_not_with("exp", -1), "exp"));
  EXPECT_TRUE(names(why_not_without("exp"), "exp"));
  EXPECT_TRUE(names(why_not_with("iat", kNow + 61), "iat"));
  EXPECT_EQ(why_not_with("iat", kNow + 60), "believed");
  EXPECT_TRUE(names(why_not_with("iat", kNow - 661), "iat"));
  EXPECT_TRUE(names(why_not_without("iat"), "iat"));
  EXPECT_TRUE(names(why_not_with("nbf", kNow + 61), "nbf"));
  EXPECT_EQ(why_not_with("iat", static_cast<double>(kNow) - 0.5), "believed");
}

TEST(IdToken, NamesAPersonInShortPlainText) {
  EXPECT_TRUE(names(why_not_without("sub"), "sub"));
  EXPECT_TRUE(names(why_not_with("sub", ""), "sub"));
  EXPECT_TRUE(names(why_not_with("sub", std::string(256, 'x')), "sub"));
  EXPECT_TRUE(names(why_not_with("sub", "a\nb"), "sub"));
  EXPECT_NE(why_not_with("groups", Json::array({7})), "believed");
  EXPECT_NE(why_not_with("groups", Json::object()), "believed");
}

TEST(IdToken, TellsNoAddressThatTheProviderHasNotVerified) {
  Json claims = id_token();
  for (const Json& not_verified : {Json(false), Json(nullptr), Json("true")}) {
    claims["email_verified"] = not_verified;
    EXPECT_EQ(judge_id_token(claims, expected())->email, "");
  }
}

TEST(IdToken, ProvesAsMuchAsIsDemanded) {
  Expected wanted = expected();
  wanted.max_age = 3600 * kWallSecond;
  Json claims = id_token();
  EXPECT_TRUE(names(why_not(claims, wanted), "auth_time"));
  claims["auth_time"] = kNow - 3661;
  EXPECT_TRUE(names(why_not(claims, wanted), "auth_time"));
  claims["auth_time"] = kNow - 3600;
  EXPECT_EQ(why_not(claims, wanted), "believed");
  wanted.acr = {"gold", "silver"};
  EXPECT_TRUE(names(why_not(claims, wanted), "acr"));
  claims["acr"] = "silver";
  EXPECT_EQ(why_not(claims, wanted), "believed");
  wanted.amr = {"mfa", "hwk"};
  claims["amr"] = {"pwd", "mfa"};
  EXPECT_TRUE(names(why_not(claims, wanted), "amr"));
  claims["amr"] = {"hwk", "pwd", "mfa"};
  EXPECT_EQ(why_not(claims, wanted), "believed");
}

std::string why_no_logout(const char* name, const Json& value) {
  Json claims = logout_token();
  if (value.is_null())
    claims.erase(name);
  else
    claims[name] = value;
  const auto out = judge_logout_token(claims, expected());
  return out.ok() ? "believed" : out.error().message;
}

TEST(LogoutToken, SaysWhoHasSignedOut) {
  const auto out = judge_logout_token(logout_token(), expected());
  ASSERT_TRUE(out.ok()) << out.error().message;
  EXPECT_EQ(out->subject, "248289761001");
  EXPECT_EQ(out->id, "bWJq");
}

TEST(LogoutToken, IsNotAnyOtherToken) {
  EXPECT_TRUE(names(why_no_logout("events", nullptr), "events"));
  EXPECT_TRUE(names(why_no_logout("events", {{"urn:other", Json::object()}}), "events"));
  EXPECT_TRUE(names(why_no_logout("events", Json::array({kLogout})), "events"));
  EXPECT_TRUE(names(why_no_logout("nonce", "n-0S6"), "nonce"));
  EXPECT_NE(why_no_logout("sub", nullptr), "believed");
  EXPECT_TRUE(names(why_no_logout("jti", nullptr), "jti"));
  EXPECT_TRUE(names(why_no_logout("iss", "https://evil.example.org"), "iss"));
  EXPECT_TRUE(names(why_no_logout("aud", "another"), "aud"));
  EXPECT_TRUE(names(why_no_logout("exp", kNow - 61), "exp"));
  EXPECT_TRUE(names(why_no_logout("iat", kNow - 661), "iat"));
  EXPECT_FALSE(judge_id_token(logout_token(), expected()).ok());
  EXPECT_FALSE(judge_logout_token(id_token(), expected()).ok());
}

}  // namespace
}  // namespace postern::openid
