// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
// What a listener agrees to, tried one by one with all that OpenSSL has: not what we asked it for, but what comes of it.
#include <openssl/ssl.h>

#include <set>

#include "certs/post_quantum.h"
#include "gateway/tls/ssl_ptr.h"
#include "tests/unit/tls/pair.h"
#include "tests/unit/tls/raw_client.h"

namespace postern::tls {
namespace {

using Names = std::set<std::string>;

class TlsSettings : public testing::Test {
 protected:
  base::ManualClock clock_{kNow};
  certs::Credentials root_ = authority("Test root");

  std::unique_ptr<Server> server(certs::KeyType type) {
    return std::make_unique<Server>(
        *certs::make_server_certificate(root_, {"gateway.example"}, certs::valid_for(kNow, 30 * kDay), type),
        clock_);
  }
  std::unique_ptr<Server> ec_ = server(certs::KeyType::P256);
  std::unique_ptr<Server> rsa_ = server(certs::KeyType::Rsa2048);

  // "TLSv1.2 ECDHE-..." if it was agreed with either kind of certificate; empty if not.
  std::string agreed(const RawOptions& options) {
    for (const auto* server : {ec_.get(), rsa_.get()}) {
      const auto session = server->context->start();
      RawClient client(options);
      if (client.shake_hands(*session))
        return std::string(session->version()) + " " + std::string(session->cipher());
    }
    return {};
  }
};

RawOptions trying(int version) {
  RawOptions options;
  options.only_version = version;
  options.anything = true;
  return options;
}

// Every suite up to TLS 1.2 that the library has, those without encryption or authentication too.
Names suites_there_are() {
  const SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(context.get(), 0);
  EXPECT_EQ(SSL_CTX_set_cipher_list(context.get(), "ALL:COMPLEMENTOFALL"), 1);
  Names names;
  const STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(context.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
    const SSL_CIPHER* one = sk_SSL_CIPHER_value(all, i);
    if (SSL_CIPHER_get_protocol_id(one) >> 8U != 0x13) names.insert(SSL_CIPHER_get_name(one));
  }
  return names;
}

TEST_F(TlsSettings, AgreesToThisListOfVersionsAndSuitesOutOfAllThereAre) {
  Names accepted;
  const Names suites = suites_there_are();
  ASSERT_GT(suites.size(), 100U);
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
    for (const std::string& suite : suites) {
      RawOptions options = trying(version);
      options.suites = suite;
      if (const std::string one = agreed(options); !one.empty()) accepted.insert(one);
    }
  }
  for (const char* suite :
       {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"}) {
    RawOptions options = trying(TLS1_3_VERSION);
    options.suites13 = suite;
    if (const std::string one = agreed(options); !one.empty()) accepted.insert(one);
  }
  // Mozilla's intermediate (5.7), which has three more, with DHE.
  EXPECT_EQ(accepted, (Names{"TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256", "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384",
                             "TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305", "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256",
                             "TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384", "TLSv1.2 ECDHE-RSA-CHACHA20-POLY1305",
                             "TLSv1.3 TLS_AES_128_GCM_SHA256", "TLSv1.3 TLS_AES_256_GCM_SHA384",
                             "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256"}));
}

TEST_F(TlsSettings, AgreesToTheseGroupsOutOfAllThereAre) {
  Names accepted;
  Names tried{"X25519",    "X448",      "P-256",           "P-384",     "P-521",
              "secp256k1", "secp224r1", "brainpoolP256r1", "ffdhe2048", "ffdhe3072"};
  if (certs::has_post_quantum_agreement())
    tried.insert({"X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "MLKEM768"});
  for (const std::string& group : tried) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      RawOptions options = trying(version);
      options.groups = group;
      const auto session = rsa_->context->start();
      RawClient client(options);
      if (client.shake_hands(*session)) accepted.insert(std::string(session->group()));
    }
  }
  Names expected{"x25519", "secp256r1", "secp384r1"};
  if (certs::has_post_quantum_agreement()) expected.insert("X25519MLKEM768");
  EXPECT_EQ(accepted, expected);
}

TEST_F(TlsSettings, PostQuantumAgreementIsTakenWhereBothHaveIt) {
  const auto session = ec_->context->start();
  RawClient client(trying(TLS1_3_VERSION));
  ASSERT_TRUE(client.shake_hands(*session));
  EXPECT_EQ(session->group(), certs::has_post_quantum_agreement() ? "X25519MLKEM768" : "x25519");
}

TEST_F(TlsSettings, TheServersOrderDecidesAndChaCha20GoesFirstForWhomItIsFirst) {
  RawOptions options = trying(TLS1_2_VERSION);
  options.suites =
      "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256";
  EXPECT_EQ(agreed(options), "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256");
  options.suites = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256";
  EXPECT_EQ(agreed(options), "TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305");
  options = trying(TLS1_3_VERSION);
  options.suites13 = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256";
  EXPECT_EQ(agreed(options), "TLSv1.3 TLS_AES_128_GCM_SHA256");
  options.suites13 = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
  EXPECT_EQ(agreed(options), "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256");
}

}  // namespace
}  // namespace postern::tls
