// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/verify.h"

#include <gtest/gtest.h>

#include "certs/authority.h"
#include "certs/certificate.h"
#include "tests/unit/certs/validity.h"

namespace postern::certs {
namespace {

class ClientVerification : public testing::Test {
 protected:
  Credentials support_ = *make_authority("Vendor support", valid_for(kNow, 365 * kDay));
  ClientVerifier verifier_ = *ClientVerifier::make({support_.certificate_pem});

  ClientAnswer judge(const Credentials& credentials, base::Micros now = kNow) {
    return verifier_.judge(*pem_to_der(credentials.certificate_pem), now);
  }
  bool good(const Credentials& credentials, base::Micros now = kNow) {
    return judge(credentials, now).identity.has_value();
  }
  Credentials engineer() {
    return *make_client_certificate(support_, "Erin", "Erin@Vendor.example", valid_for(kNow, 30 * kDay));
  }
};

TEST_F(ClientVerification, TellsWhoItIs) {
  const ClientAnswer answer = judge(engineer());
  ASSERT_TRUE(answer.identity) << answer.failure->sentence;
  const auto& identity = answer.identity;
  EXPECT_EQ(identity->emails, std::vector<std::string>{"erin@vendor.example"});
  EXPECT_EQ(identity->subject, "CN=Erin");
  EXPECT_EQ(identity->not_after, kNow + 30 * kDay);
  EXPECT_EQ(identity->fingerprint.size(), 64U);
}

TEST_F(ClientVerification, RefusesOutsideItsTime) {
  const ClientAnswer late = judge(engineer(), kNow + 31 * kDay);
  ASSERT_TRUE(late.failure);
  EXPECT_EQ(late.failure->sentence, "the certificate of CN=Erin expired on 2026-10-21T14:13Z");
  EXPECT_FALSE(good(engineer(), kNow - kDay));
}

TEST_F(ClientVerification, RefusesAnotherAuthorityEvenOfTheSameName) {
  const Credentials other = *make_authority("Vendor support", valid_for(kNow, 365 * kDay));
  EXPECT_FALSE(good(*make_client_certificate(other, "Erin", "e@v.example", valid_for(kNow, kDay))));
}

TEST_F(ClientVerification, RefusesAForgedSignature) {
  auto chain = *pem_to_der(engineer().certificate_pem);
  chain[0].back() = static_cast<char>(chain[0].back() ^ 1);
  EXPECT_FALSE(verifier_.judge(chain, kNow).identity);
}

TEST_F(ClientVerification, WantsClientAuthAndAnIdentityInSubjectAltName) {
  Template wanted;
  wanted.common_name = "erin@vendor.example";
  wanted.validity = valid_for(kNow, kDay);
  EXPECT_FALSE(good(*issue(wanted, &support_)));
  wanted.client_auth = true;
  EXPECT_FALSE(good(*issue(wanted, &support_)));
  wanted.dns_names = {"vendor.example"};
  EXPECT_FALSE(good(*issue(wanted, &support_)));
  wanted.uris = {"urn:engineer:erin"};
  EXPECT_TRUE(good(*issue(wanted, &support_)));
  wanted.client_auth = false;
  wanted.server_auth = true;
  EXPECT_FALSE(good(*issue(wanted, &support_)));
}

TEST_F(ClientVerification, TheAuthorityItselfIsNobody) { EXPECT_FALSE(good(support_)); }

TEST_F(ClientVerification, RefusesNoChainALongOneAndGarbage) {
  const std::string leaf = pem_to_der(engineer().certificate_pem)->front();
  EXPECT_FALSE(verifier_.judge({}, kNow).identity);
  EXPECT_FALSE(verifier_.judge(std::vector<std::string>(kChainLimit + 1, leaf), kNow).identity);
  EXPECT_FALSE(verifier_.judge({"garbage"}, kNow).identity);
  EXPECT_TRUE(verifier_.judge({leaf, leaf}, kNow).identity);  // what is not needed does no harm
}

TEST_F(ClientVerification, ALeafIsNoRoot) {
  EXPECT_FALSE(ClientVerifier::make({engineer().certificate_pem}).ok());
}

}  // namespace
}  // namespace postern::certs
