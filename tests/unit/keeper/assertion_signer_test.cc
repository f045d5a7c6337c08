// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/assertion_signer.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/json.h"
#include "certs/keeper_protocol.h"
#include "certs/private_key.h"
#include "certs/web_key.h"
#include "gateway/keeper/es256.h"
#include "gateway/keeper/key_ring.h"

namespace postern::keeper {
namespace {

constexpr base::Micros kAssertedAt = 1'772'366'400 * base::kWallSecond;
const ProviderClient kClient{"console", "https://login.example"};

struct SignedParts {
  std::string head, claims, signature, text;
};
SignedParts parts_of(const std::string& token) {
  const std::size_t first = token.find('.'), second = token.rfind('.');
  return {*base::from_base64url(token.substr(0, first)),
          *base::from_base64url(token.substr(first + 1, second - first - 1)),
          *base::from_base64url(token.substr(second + 1)), token.substr(0, second)};
}

TEST(ClientAssertion, IsOfTheClientForTheIssuerAndForAMinute) {
  ASSERT_TRUE(base::init_crypto().ok());
  const std::string pem = *certs::make_private_key();
  AssertionSigner signer;
  ASSERT_TRUE(signer.set(kClient, pem, "/k").ok());
  const SignedParts token = parts_of(*signer.sign(kAssertedAt));
  EXPECT_EQ(token.head, R"({"alg":"ES256","typ":"JWT"})");
  const base::Json claims = *base::parse_json(token.claims);
  EXPECT_EQ(claims["iss"], "console");
  EXPECT_EQ(claims["sub"], "console");
  EXPECT_EQ(claims["aud"], "https://login.example");
  EXPECT_EQ(claims["iat"], 1'772'366'400);
  EXPECT_EQ(claims["exp"], 1'772'366'460);
  const base::Json jwk = *base::parse_json(*jwk_of(certs::read_private_key(pem, "/k")->get()));
  const auto key = certs::WebKey::p256(*base::from_base64url(jwk["x"].get<std::string>()),
                                       *base::from_base64url(jwk["y"].get<std::string>()));
  ASSERT_TRUE(key.ok());
  const auto es256_name = certs::web_algorithm_from_name("ES256");
  EXPECT_TRUE(key->verify(*es256_name, token.text, token.signature));
  EXPECT_FALSE(key->verify(*es256_name, token.text + "x", token.signature));
  const SignedParts next = parts_of(*signer.sign(kAssertedAt));
  EXPECT_NE((*base::parse_json(next.claims))["jti"], claims["jti"]) << "each counts once";
}

TEST(ClientAssertion, IsMadeByNoOtherKindOfKey) {
  AssertionSigner signer;
  EXPECT_FALSE(signer.set(kClient, "no key", "/k").ok());
}

TEST(ClientAssertion, IsForTheLinkOfItsFaceAlone) {
  ASSERT_TRUE(base::init_crypto().ok());
  KeyRing ring;
  const std::string pem = *certs::make_private_key();
  EXPECT_FALSE(ring.set_client_key("admin", kClient, {"/k", pem, 0100640}).ok()) << "open to others";
  ASSERT_TRUE(ring.set_client_key("admin", kClient, {"/k", pem, 0100600}).ok());
  const auto asked = [&](const std::string& request, const Purpose& purpose) {
    return certs::decode_answer(ring.handle(request, purpose))->done;
  };
  const std::string assertion = certs::encode_sign_assertion(1);
  EXPECT_TRUE(asked(assertion, {Peer::Link, "admin"}));
  EXPECT_FALSE(asked(assertion, {Peer::Link, "support"})) << "it has a key of its own, or none";
  for (const Peer other : {Peer::Terminator, Peer::Enforcer, Peer::Ledger})
    EXPECT_FALSE(asked(assertion, {other, "admin"}));
  EXPECT_FALSE(asked(assertion + "x", {Peer::Link, "admin"}));
  EXPECT_FALSE(asked(certs::encode_acme_thumbprint(2), {Peer::Link, "admin"}))
      << "what the other link may ask is not its business";
  KeyRing fresh;
  ring.adopt(fresh);
  EXPECT_FALSE(asked(assertion, {Peer::Link, "admin"})) << "a key that went";
}

}  // namespace
}  // namespace postern::keeper
