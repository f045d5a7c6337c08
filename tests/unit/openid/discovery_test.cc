// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "openid/discovery.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace postern::openid {
namespace {

using base::Json;

constexpr std::string_view kIssuer = "https://login.example.org/realm";

Json document() {
  return {{"issuer", kIssuer},
          {"authorization_endpoint", "https://login.example.org/auth?tenant=7"},
          {"token_endpoint", "https://token.example.org:8443/token"},
          {"jwks_uri", "https://login.example.org/keys"},
          {"end_session_endpoint", "https://login.example.org/logout"},
          {"response_types_supported", {"code", "id_token"}}};
}

base::Result<Provider> with(const char* member, const Json& value) {
  Json changed = document();
  changed[member] = value;
  return parse_discovery(base::dump_json(changed), kIssuer);
}

TEST(Discovery, SaysWhereEverythingIs) {
  const auto provider = parse_discovery(base::dump_json(document()), kIssuer);
  ASSERT_TRUE(provider.ok()) << provider.error().message;
  EXPECT_EQ(provider->authorization, "https://login.example.org/auth?tenant=7");
  EXPECT_EQ(provider->token.authority, (http::Authority{"token.example.org", 8443}));
  EXPECT_EQ(provider->token.target, "/token");
  EXPECT_EQ(provider->keys.authority.port, 443);
  EXPECT_EQ(provider->end_session, "https://login.example.org/logout");
  EXPECT_FALSE(provider->names_itself);
  EXPECT_TRUE(provider->secret_in_field);
}

// Section 4.3: exactly, or one provider passes for another.
TEST(Discovery, IsOfTheIssuerThatWasAskedFor) {
  for (const char* other : {"https://login.example.org/realm/", "https://LOGIN.example.org/realm",
                            "https://login.example.org", "https://evil.example.org/realm", ""}) {
    EXPECT_FALSE(with("issuer", other).ok()) << other;
  }
  EXPECT_FALSE(with("issuer", Json::array({kIssuer})).ok());
}

TEST(Discovery, NamesNothingThatIsNotHttps) {
  for (const char* member : {"authorization_endpoint", "token_endpoint", "jwks_uri"}) {
    for (const char* url : {"http://login.example.org/x", "", "https://", "https://a@login.example.org/",
                            "file:///x", "https://login.example.org/x#y", "https://login.example.org/a b",
                            "https://login.example.org\\@evil.example.org/"})
      EXPECT_FALSE(with(member, url).ok()) << member << " " << url;
    EXPECT_FALSE(with(member, nullptr).ok()) << member;
  }
  EXPECT_EQ(with("end_session_endpoint", "javascript:alert(1)")->end_session, "");
}

TEST(Discovery, MustOfferWhatIsAskedOfIt) {
  EXPECT_FALSE(with("response_types_supported", Json::array({"id_token"})).ok());
  EXPECT_FALSE(with("response_types_supported", "code").ok());
  EXPECT_FALSE(with("code_challenge_methods_supported", Json::array({"plain"})).ok());
  EXPECT_TRUE(with("code_challenge_methods_supported", Json::array({"plain", "S256"})).ok());
}

TEST(Discovery, SaysHowASecretIsShown) {
  constexpr const char* kMethods = "token_endpoint_auth_methods_supported";
  EXPECT_FALSE(with(kMethods, Json::array({"client_secret_post"}))->secret_in_field);
  EXPECT_TRUE(with(kMethods, Json::array({"client_secret_post", "client_secret_basic"}))->secret_in_field);
  EXPECT_TRUE(with("authorization_response_iss_parameter_supported", true)->names_itself);
}

TEST(Discovery, IsBounded) {
  EXPECT_FALSE(with("padding", std::string(kDiscoveryLimit, 'x')).ok());
  EXPECT_FALSE(parse_discovery("[]", kIssuer).ok());
  EXPECT_FALSE(parse_discovery("", kIssuer).ok());
}

}  // namespace
}  // namespace postern::openid
