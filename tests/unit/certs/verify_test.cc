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
  ClientVerifier verifier_ = *ClientVerifier::make(support_.certificate_pem);

  base::Result<ClientIdentity> verify(const Credentials& credentials, base::Micros now = kNow) {
    return verifier_.verify(*pem_to_der(credentials.certificate_pem), now);
  }
  Credentials engineer() {
    return *make_client_certificate(support_, "Erin", "Erin@Vendor.example", valid_for(kNow, 30 * kDay));
  }
};

TEST_F(ClientVerification, TellsWhoItIs) {
  const auto identity = verify(engineer());
  ASSERT_TRUE(identity.ok()) << identity.error().message;
  EXPECT_EQ(identity->emails, std::vector<std::string>{"erin@vendor.example"});
  EXPECT_EQ(identity->subject, "CN=Erin");
  EXPECT_EQ(identity->not_after, kNow + 30 * kDay);
  EXPECT_EQ(identity->fingerprint.size(), 64U);
}

TEST_F(ClientVerification, RefusesOutsideItsTime) {
  const auto late = verify(engineer(), kNow + 31 * kDay);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().side, base::Side::Client);
  EXPECT_EQ(late.error().message, "the certificate of CN=Erin expired on 2026-10-21T14:13Z");
  EXPECT_FALSE(verify(engineer(), kNow - kDay).ok());
}

TEST_F(ClientVerification, RefusesAnotherAuthorityEvenOfTheSameName) {
  const Credentials other = *make_authority("Vendor support", valid_for(kNow, 365 * kDay));
  const auto refused = verify(*make_client_certificate(other, "Erin", "e@v.example", valid_for(kNow, kDay)));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, base::Code::Denied);
}

TEST_F(ClientVerification, RefusesAForgedSignature) {
  auto chain = *pem_to_der(engineer().certificate_pem);
  chain[0].back() = static_cast<char>(chain[0].back() ^ 1);
  EXPECT_FALSE(verifier_.verify(chain, kNow).ok());
}

TEST_F(ClientVerification, WantsClientAuthAndAnIdentityInSubjectAltName) {
  Template wanted;
  wanted.common_name = "erin@vendor.example";
  wanted.validity = valid_for(kNow, kDay);
  EXPECT_FALSE(verify(*issue(wanted, &support_)).ok());
  wanted.client_auth = true;
  EXPECT_FALSE(verify(*issue(wanted, &support_)).ok());
  wanted.dns_names = {"vendor.example"};
  EXPECT_FALSE(verify(*issue(wanted, &support_)).ok());
  wanted.uris = {"urn:engineer:erin"};
  EXPECT_TRUE(verify(*issue(wanted, &support_)).ok());
  wanted.client_auth = false;
  wanted.server_auth = true;
  EXPECT_FALSE(verify(*issue(wanted, &support_)).ok());
}

TEST_F(ClientVerification, TheAuthorityItselfIsNobody) { EXPECT_FALSE(verify(support_).ok()); }

TEST_F(ClientVerification, RefusesNoChainALongOneAndGarbage) {
  const std::string leaf = pem_to_der(engineer().certificate_pem)->front();
  EXPECT_FALSE(verifier_.verify({}, kNow).ok());
  EXPECT_FALSE(verifier_.verify(std::vector<std::string>(kChainLimit + 1, leaf), kNow).ok());
  EXPECT_FALSE(verifier_.verify({"garbage"}, kNow).ok());
  EXPECT_TRUE(verifier_.verify({leaf, leaf}, kNow).ok());  // what is not needed does no harm
}

TEST_F(ClientVerification, ALeafIsNoRoot) {
  EXPECT_FALSE(ClientVerifier::make(engineer().certificate_pem).ok());
}

}  // namespace
}  // namespace postern::certs
