// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Several certificates at one listener: who is shown which, with real handshakes.
#include "certs/certificate.h"
#include "tests/unit/tls/pair.h"
#include "tests/unit/tls/raw_client.h"

namespace postern::tls {
namespace {

class ServerName : public testing::Test {
 protected:
  base::ManualClock clock_{kNow};
  keeper::KeyRing ring_;
  RingSigner signer_{ring_, "support"};
  std::unique_ptr<ServerContext> context_;

  void SetUp() override {
    ServerSettings settings{"support", {}, "", false};
    for (const certs::Credentials& leaf : leaves()) {
      ASSERT_TRUE(ring_.add_tls_key("support", {"key", leaf.key_pem, 0100600}, leaf.certificate_pem).ok());
      settings.certificates.push_back({leaf.certificate_pem});
    }
    auto made = ServerContext::make(settings, signer_, clock_);
    ASSERT_TRUE(made.ok()) << made.error().message;
    context_ = *std::move(made);
  }

  // Made once: keys of RSA cost seconds.
  static const std::vector<certs::Credentials>& leaves() {
    static const std::vector<certs::Credentials> kLeaves{
        leaf("first.example", certs::KeyType::P256), leaf("first.example", certs::KeyType::Rsa2048),
        leaf("*.support.example", certs::KeyType::P256), leaf("only-rsa.example", certs::KeyType::Rsa2048)};
    return kLeaves;
  }
  static certs::Credentials leaf(const std::string& name, certs::KeyType type = certs::KeyType::P256) {
    static const certs::Credentials kRoot = authority("Test root");
    return *certs::make_server_certificate(kRoot, {name}, certs::valid_for(kNow, 30 * kDay), type);
  }

  // The first DNS name and the kind of key of what a raw client is shown; empty: no handshake.
  std::string shown(const RawOptions& options) {
    RawClient client(options);
    const auto server = context_->start();
    if (!client.shake_hands(*server)) return {};
    const auto facts = certs::read_certificate(client.peer_certificate());
    return facts->dns_names.front() + ", " + facts->key_type;
  }
};

TEST_F(ServerName, DecidesWhichCertificateIsShown) {
  for (const bool tls12 : {false, true}) {
    const auto asked = [&](const std::string& name) { return shown({.tls12 = tls12, .server_name = name}); };
    EXPECT_EQ(asked("first.example"), "first.example, EC P-256");
    EXPECT_EQ(asked("emea.support.example"), "*.support.example, EC P-256");
    EXPECT_EQ(asked("only-rsa.example"), "only-rsa.example, RSA 2048");
    EXPECT_EQ(asked("unknown.example"), "first.example, EC P-256");
    EXPECT_EQ(asked(""), "first.example, EC P-256");
  }
}

TEST_F(ServerName, OfOneNameTheClientsAlgorithmsDecideWhichKey) {
  for (const bool tls12 : {false, true}) {
    const auto asked = [&](const char* name, const char* schemes) {
      return shown({.tls12 = tls12, .schemes = schemes, .server_name = name});
    };
    EXPECT_EQ(asked("first.example", "rsa_pss_rsae_sha256:RSA+SHA256"), "first.example, RSA 2048");
    EXPECT_EQ(asked("first.example", "ECDSA+SHA256"), "first.example, EC P-256");
    EXPECT_EQ(asked("emea.support.example", "rsa_pss_rsae_sha256:RSA+SHA256"), "")
        << "the first one's RSA certificate is not for that name";
  }
}

TEST_F(ServerName, AKeyThatTheKeeperLacksIsOurFaultAndSaidForThatNameAlone) {
  const certs::Credentials stray = leaf("stray.example"), first = leaf("good.example");
  ASSERT_TRUE(ring_.add_tls_key("support", {"key", first.key_pem, 0100600}, first.certificate_pem).ok());
  context_ = *ServerContext::make({"support", {{first.certificate_pem}, {stray.certificate_pem}}, "", false},
                                  signer_, clock_);
  RawClient client({.server_name = "stray.example"});
  const auto server = context_->start();
  EXPECT_FALSE(client.shake_hands(*server));
  ASSERT_TRUE(server->failed());
  EXPECT_EQ(server->error().side, base::Side::Us);
  EXPECT_NE(server->error().message.find("no such key"), std::string::npos);
  EXPECT_EQ(shown({.server_name = "good.example"}), "good.example, EC P-256");
}

TEST_F(ServerName, TicketsAreTheListenersAndNotACertificates) {
  context_->set_ticket_keys({ticket_key()});
  RawClient first({.server_name = "first.example"});
  const auto server = context_->start();
  ASSERT_TRUE(first.shake_hands(*server));
  RawClient again({.server_name = "first.example"}, &first);
  const auto resumed = context_->start();
  ASSERT_TRUE(again.shake_hands(*resumed));
  EXPECT_TRUE(resumed->resumed());
}

}  // namespace
}  // namespace postern::tls
