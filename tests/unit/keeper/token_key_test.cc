// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Keys that lie in a token (SoftHSM), asked for signatures as those in memory are.
#include "gateway/keeper/token_key.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/bytes.h"
#include "certs/certificate.h"
#include "certs/keeper_protocol.h"
#include "gateway/keeper/key_ring.h"
#include "tests/unit/token/soft_token.h"

namespace postern::keeper {
namespace {

using certs::Scheme;
using token::SoftToken;

const std::string kTls13 =
    std::string(64, ' ') + std::string("TLS 1.3, server CertificateVerify\0", 34) + std::string(32, 'h');
const std::string kTls12 = std::string(64, 'r') + std::string("\x03\x00\x1d\x20", 4) + std::string(32, 'p');

class TokenKeys : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = token::Token::open(SoftToken::kModule, base::Secret(SoftToken::kPin), clock_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    token_ = *std::move(opened);
  }

  // A key of that kind in the token, and its certificate.
  std::string made(const std::string& kind, const std::string& label, const std::string& id) {
    const SoftToken::Pair pair = soft_.make_pair(kind, "a.example");
    soft_.add(label, id, pair.key_pem);
    return pair.certificate_pem;
  }
  KeyInToken named(const std::string& label) { return {token_.get(), SoftToken::uri("object=" + label)}; }

  // "" or why not; a signature that was made is verified.
  std::string signs(KeyRing& ring, const std::string& certificate, Scheme scheme, const std::string& text) {
    const std::string id = certs::read_chain(certificate)->front().key_id;
    const auto answer = certs::decode_answer(
        ring.handle(certs::encode_sign_tls(1, id, scheme, text), {Peer::Terminator, "support"}));
    if (!answer->done) return std::string(answer->payload);
    base::BinaryReader in(answer->payload);
    return verifies(certificate, scheme, text, in.text()) ? "" : "it does not verify";
  }

  static bool verifies(const std::string& certificate, Scheme scheme, std::string_view text,
                       std::string_view signature) {
    const auto chain = certs::parse_pem(certificate);
    const certs::KeyPtr key(X509_get_pubkey(chain->front().get()));
    const bool pss =
        scheme == Scheme::RsaPssSha256 || scheme == Scheme::RsaPssSha384 || scheme == Scheme::RsaPssSha512;
    const char* digest = "SHA256";
    if (scheme == Scheme::RsaPkcs1Sha384 || scheme == Scheme::RsaPssSha384 || scheme == Scheme::EcdsaSha384)
      digest = "SHA384";
    if (scheme == Scheme::RsaPkcs1Sha512 || scheme == Scheme::RsaPssSha512) digest = "SHA512";
    if (scheme == Scheme::Ed25519) digest = nullptr;
    const certs::DigestContextPtr context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* settings = nullptr;
    EXPECT_EQ(EVP_DigestVerifyInit_ex(context.get(), &settings, digest, nullptr, nullptr, key.get(), nullptr),
              1);
    if (pss) EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING);
    return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                            signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                            text.size()) == 1;
  }

  const bool ready_ = base::init_crypto().ok();
  const base::SystemClock clock_;
  SoftToken soft_;
  std::unique_ptr<token::Token> token_;
};

TEST_F(TokenKeys, SignEveryWayThatTlsSigns) {
  struct Kind {
    std::string kind;
    std::vector<Scheme> tls13, tls12;
  };
  const std::vector<Kind> kinds{
      {"rsa:2048",
       {Scheme::RsaPssSha256, Scheme::RsaPssSha384, Scheme::RsaPssSha512},
       {Scheme::RsaPkcs1Sha256, Scheme::RsaPkcs1Sha384, Scheme::RsaPkcs1Sha512, Scheme::RsaPssSha256}},
      {"P-256", {Scheme::EcdsaSha256}, {Scheme::EcdsaSha256, Scheme::EcdsaSha384}},
      {"P-384", {Scheme::EcdsaSha384}, {Scheme::EcdsaSha384}},
      {"ed25519", {Scheme::Ed25519}, {Scheme::Ed25519}}};
  int number = 10;
  for (const Kind& each : kinds) {
    const std::string label = "key" + std::to_string(number);
    const std::string certificate = made(each.kind, label, std::to_string(number++));
    KeyRing ring;
    const base::Status added = ring.add_tls_key("support", named(label), certificate);
    ASSERT_TRUE(added.ok()) << each.kind << ": " << added.error().message;
    for (const Scheme scheme : each.tls13)
      EXPECT_EQ(signs(ring, certificate, scheme, kTls13), "") << each.kind;
    for (const Scheme scheme : each.tls12)
      EXPECT_EQ(signs(ring, certificate, scheme, kTls12), "") << each.kind;
  }
}

TEST_F(TokenKeys, SignNothingElse) {
  const std::string certificate = made("P-256", "ec", "01");
  KeyRing ring;
  ASSERT_TRUE(ring.add_tls_key("support", named("ec"), certificate).ok());
  EXPECT_NE(signs(ring, certificate, Scheme::EcdsaSha256, "a certificate"), "");
  EXPECT_NE(signs(ring, certificate, Scheme::RsaPssSha256, kTls13), "");
  EXPECT_NE(signs(ring, certificate, Scheme::EcdsaSha384, kTls13), "")
      << "TLS 1.3 binds the scheme to the curve";
}

TEST_F(TokenKeys, BelongToTheirCertificates) {
  const std::string certificate = made("P-256", "ec", "01");
  const std::string other = made("P-256", "other", "02");
  const std::string rsa = made("rsa:2048", "rsa", "03");
  KeyRing ring;
  EXPECT_EQ(ring.add_tls_key("support", named("ec"), other).error().message,
            "the key pkcs11:token=test;object=ec does not belong to the certificate (CN=a.example): give the "
            "key that it was "
            "issued for");
  EXPECT_NE(ring.add_tls_key("support", named("ec"), rsa)
                .error()
                .message.find("cannot be the key of the certificate (RSA 2048)"),
            std::string::npos);
  EXPECT_TRUE(ring.add_tls_key("support", named("ec"), certificate).ok());
  EXPECT_NE(ring.add_client_key(named("ec"), certificate).error().message.find("each needs a key of its own"),
            std::string::npos);
  EXPECT_TRUE(ring.add_client_key(named("other"), other).ok());
}

TEST_F(TokenKeys, AreAdoptedByAReload) {
  const std::string certificate = made("P-256", "ec", "01");
  KeyRing ring, fresh;
  ASSERT_TRUE(ring.add_tls_key("support", named("ec"), certificate).ok());
  ASSERT_TRUE(fresh.add_tls_key("support", named("ec"), certificate).ok());
  ring.adopt(fresh);
  ring.drop_retired();
  EXPECT_EQ(signs(ring, certificate, Scheme::EcdsaSha256, kTls13), "");
}

}  // namespace
}  // namespace postern::keeper
