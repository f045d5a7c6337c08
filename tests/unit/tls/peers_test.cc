// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
// Our server against a client that is not ours: TLS 1.2, client certificates, renegotiation.
#include "certs/certificate.h"
#include "certs/verify.h"
#include "tests/unit/tls/pair.h"
#include "tests/unit/tls/raw_client.h"

namespace postern::tls {
namespace {

class Peers : public testing::Test {
 protected:
  base::ManualClock clock_{kNow};
  certs::Credentials root_ = authority("Test root");
  certs::Credentials support_ = authority("Vendor support");

  certs::Credentials leaf(certs::KeyType type = certs::KeyType::P256) {
    return *certs::make_server_certificate(root_, {"gateway.example"}, certs::valid_for(kNow, 30 * kDay),
                                           type);
  }
  RawOptions with(const certs::Credentials& credentials, bool tls12) {
    RawOptions options;
    options.tls12 = tls12;
    options.certificate_pem = credentials.certificate_pem;
    options.key_pem = credentials.key_pem;
    return options;
  }
};

TEST_F(Peers, Tls12WithEveryKeyTypeAndScheme) {
  const struct {
    certs::KeyType type;
    const char* schemes;
    certs::Scheme scheme;
  } cases[] = {{certs::KeyType::P256, "", certs::Scheme::EcdsaSha256},
               {certs::KeyType::P256, "ECDSA+SHA512", certs::Scheme::EcdsaSha512},
               {certs::KeyType::Rsa2048, "RSA+SHA256", certs::Scheme::RsaPkcs1Sha256},
               {certs::KeyType::Rsa2048, "RSA+SHA512", certs::Scheme::RsaPkcs1Sha512},
               {certs::KeyType::Rsa2048, "RSA-PSS+SHA384", certs::Scheme::RsaPssSha384},
               {certs::KeyType::Ed25519, "", certs::Scheme::Ed25519}};
  for (const auto& each : cases) {
    // P-256 is always there because in TLS 1.2 the list also speaks of certificates.
    for (const char* group : {"X25519:P-256", "P-256", "P-384:P-256"}) {
      Server server(leaf(each.type), clock_);
      auto session = server.context->start();
      RawOptions options;
      options.tls12 = true;
      options.schemes = each.schemes;
      options.groups = group;
      RawClient client(options);
      ASSERT_TRUE(client.shake_hands(*session))
          << each.schemes << " " << group << " " << (session->failed() ? session->error().message : "");
      EXPECT_EQ(session->version(), "TLSv1.2");
      EXPECT_EQ(server.signer.last_scheme, each.scheme) << each.schemes;
      EXPECT_EQ(client.exchange(*session, "GET /"), "GET /");
    }
  }
}

TEST_F(Peers, Tls13WithEveryPssDigest) {
  for (const auto& [schemes, scheme] : {std::pair{"RSA-PSS+SHA256", certs::Scheme::RsaPssSha256},
                                        std::pair{"RSA-PSS+SHA384", certs::Scheme::RsaPssSha384},
                                        std::pair{"RSA-PSS+SHA512", certs::Scheme::RsaPssSha512}}) {
    Server server(leaf(certs::KeyType::Rsa2048), clock_);
    auto session = server.context->start();
    RawOptions options;
    options.schemes = schemes;
    RawClient client(options);
    ASSERT_TRUE(client.shake_hands(*session)) << schemes;
    EXPECT_EQ(session->version(), "TLSv1.3");
    EXPECT_EQ(server.signer.last_scheme, scheme);
  }
}

TEST_F(Peers, Sha1IsNeverSigned) {
  Server server(leaf(certs::KeyType::Rsa2048), clock_);
  auto session = server.context->start();
  RawOptions options;
  options.tls12 = true;
  options.schemes = "RSA+SHA1";
  RawClient client(options);
  EXPECT_FALSE(client.shake_hands(*session));
  EXPECT_EQ(server.signer.asked, 0);
}

TEST_F(Peers, SuitesWithoutForwardSecrecyAreRefused) {
  Server server(leaf(certs::KeyType::Rsa2048), clock_);
  for (const char* suite : {"AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256"}) {
    auto session = server.context->start();
    RawOptions options;
    options.tls12 = true;
    options.suites = suite;
    RawClient client(options);
    EXPECT_FALSE(client.shake_hands(*session)) << suite;
    EXPECT_EQ(session->alert(), 40) << suite;  // handshake_failure
  }
}

TEST_F(Peers, Tls12ResumesAcrossTerminators) {
  const certs::Credentials credentials = leaf();
  const certs::TicketKey key = ticket_key();
  Server first(credentials, clock_);
  Server second(credentials, clock_);
  first.context->set_ticket_keys({key});
  second.context->set_ticket_keys({key});
  RawOptions options;
  options.tls12 = true;
  RawClient begin(options);
  auto one = first.context->start();
  ASSERT_TRUE(begin.shake_hands(*one));
  RawClient again(options, &begin);
  auto two = second.context->start();
  ASSERT_TRUE(again.shake_hands(*two));
  EXPECT_TRUE(again.resumed());
  EXPECT_TRUE(two->resumed());
}

TEST_F(Peers, RenegotiationIsRefused) {
  Server server(leaf(), clock_);
  auto session = server.context->start();
  RawOptions options;
  options.tls12 = true;
  RawClient client(options);
  ASSERT_TRUE(client.shake_hands(*session));
  EXPECT_FALSE(client.renegotiate(*session));
  EXPECT_EQ(server.signer.asked, 1);
}

TEST_F(Peers, AClientCertificateIsAskedForAndHandedOver) {
  Server server(leaf(), clock_, support_.certificate_pem);
  const auto engineer =
      *certs::make_client_certificate(support_, "Erin", "erin@vendor.example", certs::valid_for(kNow, kDay));
  for (const bool tls12 : {false, true}) {
    auto session = server.context->start();
    RawClient client(with(engineer, tls12));
    ASSERT_TRUE(client.shake_hands(*session)) << (session->failed() ? session->error().message : "");
    ASSERT_EQ(session->peer_chain().size(), 1U);
    const auto verifier = *certs::ClientVerifier::make({support_.certificate_pem});
    const certs::ClientAnswer answer = verifier.judge(session->peer_chain(), kNow);
    ASSERT_TRUE(answer.identity) << answer.failure->sentence;
    EXPECT_EQ(answer.identity->emails, std::vector<std::string>{"erin@vendor.example"});
  }
}

TEST_F(Peers, NoClientCertificateIsFine) {
  Server server(leaf(), clock_, support_.certificate_pem);
  for (const bool tls12 : {false, true}) {
    auto session = server.context->start();
    RawOptions options;
    options.tls12 = tls12;
    RawClient client(options);
    EXPECT_TRUE(client.shake_hands(*session));
    EXPECT_TRUE(session->peer_chain().empty());
  }
}

TEST_F(Peers, ABadClientCertificateIsRefusedWithTheReason) {
  Server server(leaf(), clock_, support_.certificate_pem);
  certs::Template nobody;
  nobody.common_name = "erin@vendor.example";
  nobody.client_auth = true;
  nobody.validity = certs::valid_for(kNow, kDay);
  certs::Template no_usage = nobody;
  no_usage.emails = {"erin@vendor.example"};
  no_usage.client_auth = false;
  const auto validity = certs::valid_for(kNow, kDay);
  const std::pair<certs::Credentials, const char*> cases[] = {
      {*certs::make_client_certificate(root_, "E", "e@v.example", validity),
       "not issued by a trusted authority"},
      {*certs::make_client_certificate(support_, "E", "e@v.example", {kNow - 9 * kDay, kNow - kDay}),
       "expired on"},
      {*certs::make_server_certificate(support_, {"gateway.example"}, validity), "not issued for this use"},
      {*certs::issue(no_usage, &support_), "was not issued for clients"},
      {*certs::issue(nobody, &support_), "names nobody"}};
  for (const auto& [credentials, reason] : cases) {
    for (const bool tls12 : {false, true}) {
      auto session = server.context->start();
      RawClient client(with(credentials, tls12));
      EXPECT_FALSE(client.shake_hands(*session)) << reason;
      ASSERT_TRUE(session->failed()) << reason;
      EXPECT_NE(session->error().message.find(reason), std::string::npos) << session->error().message;
      EXPECT_EQ(session->error().side, base::Side::Client);
    }
  }
}

TEST_F(Peers, WhoeverShowedACertificateGetsNoTicket) {
  Server server(leaf(), clock_, support_.certificate_pem);
  server.context->set_ticket_keys({ticket_key()});
  const auto engineer =
      *certs::make_client_certificate(support_, "Erin", "erin@vendor.example", certs::valid_for(kNow, kDay));
  for (const bool tls12 : {false, true}) {
    for (const bool shows : {false, true}) {
      RawOptions options;
      options.tls12 = tls12;
      if (shows) options = with(engineer, tls12);
      auto one = server.context->start();
      RawClient begin(options);
      ASSERT_TRUE(begin.shake_hands(*one));
      auto two = server.context->start();
      RawClient again(options, &begin);
      ASSERT_TRUE(again.shake_hands(*two));
      EXPECT_EQ(again.resumed(), !shows) << "tls12 " << tls12;
    }
  }
}

}  // namespace
}  // namespace postern::tls
