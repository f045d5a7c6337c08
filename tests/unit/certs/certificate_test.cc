// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/certificate.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "certs/authority.h"
#include "tests/unit/certs/validity.h"

namespace postern::certs {
namespace {

class Certificate : public testing::Test {
 protected:
  Credentials root_ = *make_authority("Local authority", valid_for(kNow, kDay));
  std::string der_ = pem_to_der(root_.certificate_pem)->front();
};

TEST_F(Certificate, SurvivesTheWayThroughPem) {
  EXPECT_EQ(der_to_pem(der_), root_.certificate_pem);
  EXPECT_EQ(read_certificate(der_)->fingerprint, base::sha256_hex(der_));
}

TEST_F(Certificate, TextAndKeysAroundCertificatesAreSkipped) {
  const auto chain =
      pem_to_der("a comment\n" + root_.key_pem + root_.certificate_pem + "more\n" + root_.certificate_pem);
  ASSERT_TRUE(chain.ok()) << chain.error().message;
  EXPECT_EQ(chain->size(), 2U);
}

TEST_F(Certificate, NothingAndDamageAreErrors) {
  EXPECT_FALSE(pem_to_der("").ok());
  EXPECT_FALSE(pem_to_der("text").ok());
  EXPECT_FALSE(pem_to_der(root_.key_pem).ok());
  std::string damaged = root_.certificate_pem + root_.certificate_pem;
  damaged.insert(root_.certificate_pem.size() + 40, "!");
  const auto chain = pem_to_der(damaged);
  ASSERT_FALSE(chain.ok());
  EXPECT_EQ(chain.error().message, "certificate 2 of the text: the PEM block is damaged");
  EXPECT_FALSE(pem_to_der(root_.certificate_pem.substr(0, 200)).ok());
}

TEST_F(Certificate, AChainIsBounded) {
  std::string text;
  for (std::size_t i = 0; i < kChainLimit; ++i) text += root_.certificate_pem;
  EXPECT_TRUE(pem_to_der(text).ok());
  EXPECT_EQ(pem_to_der(text + root_.certificate_pem).error().code, base::Code::Limit);
}

TEST_F(Certificate, EveryCutAndEveryTrailingByteIsRefused) {
  for (std::size_t size = 0; size < der_.size(); ++size)
    EXPECT_FALSE(read_certificate(der_.substr(0, size)).ok());
  EXPECT_FALSE(read_certificate(der_ + "x").ok());
}

TEST_F(Certificate, FlippedBytesNeverDoHarm) {
  for (std::size_t i = 0; i < der_.size(); ++i) {
    std::string flipped = der_;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x41);
    static_cast<void>(read_certificate(flipped));
  }
}

}  // namespace
}  // namespace postern::certs
