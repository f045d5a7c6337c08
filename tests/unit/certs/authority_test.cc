// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/authority.h"

#include <gtest/gtest.h>

#include "certs/certificate.h"
#include "tests/unit/certs/validity.h"

namespace postern::certs {
namespace {

TEST(Authority, SignsLeavesAndNothingElse) {
  const auto made = make_authority("Local authority", valid_for(kNow, 365 * kDay));
  ASSERT_TRUE(made.ok()) << made.error().message;
  const auto facts = *read_chain(made->certificate_pem);
  EXPECT_TRUE(facts[0].authority);
  EXPECT_EQ(facts[0].subject, "CN=Local authority");
  EXPECT_EQ(facts[0].issuer, facts[0].subject);
  EXPECT_EQ(facts[0].key_type, "EC P-256");
  EXPECT_LT(facts[0].not_before, kNow);
  EXPECT_EQ(facts[0].not_after, kNow + 365 * kDay);
  EXPECT_EQ(made->key_pem.rfind("-----BEGIN PRIVATE KEY-----", 0), 0U);
}

TEST(Authority, ServerNamesAreToldApart) {
  const auto root = *make_authority("Local authority", valid_for(kNow, kDay));
  const auto leaf =
      make_server_certificate(root, {"gateway.example", "10.1.2.3", "::1"}, valid_for(kNow, kDay));
  ASSERT_TRUE(leaf.ok()) << leaf.error().message;
  const auto facts = *read_chain(leaf->certificate_pem);
  EXPECT_FALSE(facts[0].authority);
  EXPECT_EQ(facts[0].dns_names, std::vector<std::string>{"gateway.example"});
  EXPECT_EQ(facts[0].ip_addresses, (std::vector<std::string>{"10.1.2.3", "::1"}));
  EXPECT_EQ(facts[0].issuer, "CN=Local authority");
}

TEST(Authority, EachKeyTypeCanBeMade) {
  const auto root = *make_authority("Local authority", valid_for(kNow, kDay));
  for (const auto& [type, name] :
       {std::pair{KeyType::P256, "EC P-256"}, std::pair{KeyType::Rsa2048, "RSA 2048"},
        std::pair{KeyType::Ed25519, "Ed25519"}}) {
    const auto leaf = *make_server_certificate(root, {"a.example"}, valid_for(kNow, kDay), type);
    EXPECT_EQ(read_chain(leaf.certificate_pem)->front().key_type, name);
  }
}

TEST(Authority, ClientsAreNamedByEmailOrUri) {
  const auto root = *make_authority("Support", valid_for(kNow, kDay));
  const auto by_email = *make_client_certificate(root, "Erin", "erin@vendor.example", valid_for(kNow, kDay));
  EXPECT_EQ(read_chain(by_email.certificate_pem)->front().emails,
            std::vector<std::string>{"erin@vendor.example"});
  const auto by_uri =
      *make_client_certificate(root, "Erin", "https://id.example/erin", valid_for(kNow, kDay));
  EXPECT_EQ(read_chain(by_uri.certificate_pem)->front().uris,
            std::vector<std::string>{"https://id.example/erin"});
  for (const char* bad : {"", "erin", "@vendor", "erin@", "a@b@c", ":x", "1:x"}) {
    EXPECT_FALSE(make_client_certificate(root, "Erin", bad, valid_for(kNow, kDay)).ok()) << bad;
  }
}

TEST(Authority, SerialsAre128RandomBits) {
  const auto root = *make_authority("Local authority", valid_for(kNow, kDay));
  const auto one =
      read_chain(make_server_certificate(root, {"a"}, valid_for(kNow, kDay))->certificate_pem)->front();
  const auto two =
      read_chain(make_server_certificate(root, {"a"}, valid_for(kNow, kDay))->certificate_pem)->front();
  EXPECT_NE(one.serial, two.serial);
  EXPECT_GT(one.serial.size(), 24U);  // fewer with a chance of one in four billion
}

TEST(Authority, BadNamesAndBadTimesAreRefused) {
  const auto root = *make_authority("Local authority", valid_for(kNow, kDay));
  EXPECT_FALSE(make_server_certificate(root, {}, valid_for(kNow, kDay)).ok());
  EXPECT_FALSE(make_server_certificate(root, {"a b"}, valid_for(kNow, kDay)).ok());
  EXPECT_FALSE(make_server_certificate(root, {"a\nDNS:b"}, valid_for(kNow, kDay)).ok());
  EXPECT_FALSE(make_server_certificate(root, {"a"}, {kNow, kNow}).ok());
  EXPECT_FALSE(make_authority("", valid_for(kNow, kDay)).ok());
  EXPECT_FALSE(make_authority(std::string(65, 'x'), valid_for(kNow, kDay)).ok());
}

TEST(Authority, AKeyOfAnotherAuthorityIsRefused) {
  auto root = *make_authority("One", valid_for(kNow, kDay));
  root.key_pem = make_authority("Two", valid_for(kNow, kDay))->key_pem;
  const auto made = make_server_certificate(root, {"a"}, valid_for(kNow, kDay));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().message, "the authority's key does not belong to its certificate");
}

}  // namespace
}  // namespace postern::certs
