// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/acme_challenge.h"

#include <gtest/gtest.h>
#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/crypto.h"
#include "certs/certificate.h"

namespace postern::keeper {
namespace {

constexpr base::Micros kBegun = 1'790'000'000 * base::kWallSecond;
constexpr const char* kProof = "token.thumbprint";

class Challenge : public testing::Test {
 protected:
  AcmeChallenge challenge_;
  void SetUp() override { ASSERT_TRUE(challenge_.begin("a.example", kProof, kBegun).ok()); }
  certs::CertificatePtr shown() const {
    auto chain = certs::parse_pem(challenge_.certificate("a.example", kBegun));
    EXPECT_TRUE(chain.ok());
    return std::move(chain->front());
  }
};

TEST_F(Challenge, IsSelfSignedForOneNameWithTheDigestInACriticalExtension) {
  const certs::CertificatePtr certificate = shown();
  const certs::CertificateFacts facts = certs::facts_of(certificate.get());
  EXPECT_EQ(facts.dns_names, std::vector<std::string>{"a.example"});
  EXPECT_EQ(facts.key_type, "EC P-256");
  EXPECT_EQ(X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())), 1);
  const std::unique_ptr<ASN1_OBJECT, decltype(&ASN1_OBJECT_free)> type(OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1),
                                                                       ASN1_OBJECT_free);
  X509_EXTENSION* extension =
      X509_get_ext(certificate.get(), X509_get_ext_by_OBJ(certificate.get(), type.get(), -1));
  ASSERT_NE(extension, nullptr);
  EXPECT_EQ(X509_EXTENSION_get_critical(extension), 1);
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(extension);
  const base::Sha256 digest = base::sha256(kProof);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                        static_cast<std::size_t>(ASN1_STRING_length(value))),
            std::string("\x04\x20") + std::string(digest.begin(), digest.end()));
  EXPECT_EQ(X509_get_ext_count(certificate.get()), 2);
}

TEST_F(Challenge, IsShownForItsNameAloneInAnyCase) {
  EXPECT_FALSE(challenge_.certificate("A.Example", kBegun).empty());
  for (const char* other : {"", "b.example", "x.a.example", "a.example."})
    EXPECT_TRUE(challenge_.certificate(other, kBegun).empty()) << other;
}

TEST_F(Challenge, HasAKeyOfItsOwnThatGoesWithIt) {
  const std::string id = certs::facts_of(shown().get()).key_id;
  ASSERT_NE(challenge_.find(id, kBegun), nullptr);
  EXPECT_EQ(challenge_.find("another", kBegun), nullptr);
  ASSERT_TRUE(challenge_.begin("a.example", kProof, kBegun).ok());
  EXPECT_EQ(challenge_.find(id, kBegun), nullptr);
  const std::string next = certs::facts_of(shown().get()).key_id;
  challenge_.end();
  EXPECT_EQ(challenge_.find(next, kBegun), nullptr);
  EXPECT_TRUE(challenge_.certificate("a.example", kBegun).empty());
}

TEST_F(Challenge, EndsByItselfAlsoWhenTheClockGoesBack) {
  const std::string id = certs::facts_of(shown().get()).key_id;
  const base::Micros last = kBegun + AcmeChallenge::kLife - 1;
  EXPECT_FALSE(challenge_.certificate("a.example", last).empty());
  for (const base::Micros over : {last + 1, kBegun - 1}) {
    EXPECT_TRUE(challenge_.certificate("a.example", over).empty());
    EXPECT_EQ(challenge_.find(id, over), nullptr);
  }
}

}  // namespace
}  // namespace postern::keeper
