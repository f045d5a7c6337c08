// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/request.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <functional>

#include "certs/openssl_ptr.h"

namespace postern::certs {
namespace {

struct Wished {
  KeyPtr key = KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  KeyPtr signer = nullptr;  // nullptr: key
  const EVP_MD* digest = EVP_sha256();
  long version = X509_REQ_VERSION_1;
};

std::string made_request(const Wished& wished) {
  X509_REQ* request = X509_REQ_new();
  X509_REQ_set_version(request, wished.version);
  X509_REQ_set_pubkey(request, wished.key.get());
  X509_REQ_sign(request, (wished.signer ? wished.signer : wished.key).get(), wished.digest);
  const BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_REQ(out.get(), request);
  X509_REQ_free(request);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string why_not(const std::string& pem) {
  const auto key = key_of_request(pem);
  return key.ok() ? "" : key.error().message;
}

TEST(Request, GivesTheKeyOfWhoHasIt) {
  Wished wished;
  const auto key = key_of_request(made_request(wished));
  ASSERT_TRUE(key.ok()) << key.error().message;
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(wished.key.get(), &der);
  EXPECT_EQ(*key, std::string(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)));
  OPENSSL_free(der);
}

TEST(Request, TakesEveryKeyThatCertificatesMayHave) {
  for (const char* curve : {"P-256", "P-384", "P-521"}) {
    Wished wished{KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve))};
    EXPECT_EQ(why_not(made_request(wished)), "") << curve;
  }
  Wished rsa{KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}))};
  EXPECT_EQ(why_not(made_request(rsa)), "");
  Wished edwards{KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")), nullptr, nullptr};
  EXPECT_EQ(why_not(made_request(edwards)), "");
}

TEST(Request, RefusesWeakKeysAndSignatures) {
  Wished weak{KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024}))};
  EXPECT_NE(why_not(made_request(weak)).find("too short"), std::string::npos);
  Wished curve{KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "secp256k1"))};
  EXPECT_NE(why_not(made_request(curve)).find("not accepted"), std::string::npos);
  Wished digest;
  digest.digest = EVP_sha1();
  EXPECT_NE(why_not(made_request(digest)), "");
}

TEST(Request, RefusesTheKeyOfAnother) {
  Wished stolen;
  stolen.signer = KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  EXPECT_EQ(why_not(made_request(stolen)),
            "the certificate request was not signed with the key that it names");
}

TEST(Request, RefusesWhatIsNotExactlyOne) {
  const std::string good = made_request({});
  EXPECT_EQ(why_not(good), "");
  EXPECT_EQ(why_not(good + "\n\n"), "");
  EXPECT_NE(why_not(""), "");
  EXPECT_NE(why_not("x" + good), "");
  EXPECT_NE(why_not(good + "x"), "");
  EXPECT_NE(why_not(good + good), "");
  EXPECT_NE(why_not(good.substr(0, good.size() - 10)), "");
  std::string other = good;
  for (std::size_t at = other.find("CERTIFICATE REQUEST"); at != std::string::npos;
       at = other.find("CERTIFICATE REQUEST"))
    other.replace(at, 19, "CERTIFICATE");
  EXPECT_NE(why_not(other), "");
  EXPECT_NE(why_not(std::string(64 << 10, 'x')), "");
}

// Whatever is changed in it: never another key than that of a request that is signed.
TEST(Request, EachFlippedCharacterIsRefusedOrChangesNothing) {
  const std::string good = made_request({});
  const std::string key = *key_of_request(good);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string flipped = good;
    flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
    const auto read = key_of_request(flipped);
    if (read.ok()) {
      EXPECT_EQ(*read, key) << i;
    }
  }
}

}  // namespace
}  // namespace postern::certs
