// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Our client with a certificate whose key is the keeper's, against a server that is not ours and insists on one.
#include "certs/certificate.h"
#include "tests/unit/tls/pair.h"
#include "tests/unit/tls/raw_server.h"

namespace postern::tls {
namespace {

class ClientCertificate : public testing::Test {
 protected:
  base::ManualClock clock_{kNow};
  certs::Credentials root_ = authority("Component root");
  certs::Credentials clients_ = authority("Component's clients");
  certs::Credentials server_leaf_ =
      *certs::make_server_certificate(root_, {"prom.example"}, certs::valid_for(kNow, 30 * kDay));
  keeper::KeyRing ring_;
  RingSigner signer_{ring_};

  static certs::Credentials issued(const certs::Credentials& by, const std::string& name,
                                   certs::KeyType type = certs::KeyType::P256) {
    certs::Template wanted;
    wanted.common_name = name;
    wanted.key_type = type;
    wanted.validity = certs::valid_for(kNow, 30 * kDay);
    wanted.client_auth = true;
    return *certs::issue(wanted, &by);
  }
  std::unique_ptr<ClientContext> context(const certs::Credentials& own) {
    const auto added = ring_.add_client_key({"key.pem", own.key_pem, 0100600}, own.certificate_pem);
    EXPECT_TRUE(added.ok()) << added.error().message;
    return *ClientContext::make(
        {root_.certificate_pem, "", *RemoteCertificate::make(own.certificate_pem, signer_)}, clock_);
  }
  RawServer server(bool tls12, const char* schemes = "") const {
    return RawServer(server_leaf_, {tls12, schemes, clients_.certificate_pem, kNow});
  }
};

TEST_F(ClientCertificate, EveryKeyTypeAndSchemeSignsThroughTheKeeper) {
  using certs::Scheme;
  const struct {
    certs::KeyType type;
    bool tls12;
    const char* schemes;
    Scheme scheme;
  } cases[] = {{certs::KeyType::P256, false, "", Scheme::EcdsaSha256},
               {certs::KeyType::Rsa2048, false, "", Scheme::RsaPssSha256},
               {certs::KeyType::Rsa2048, false, "RSA-PSS+SHA512", Scheme::RsaPssSha512},
               {certs::KeyType::Ed25519, false, "", Scheme::Ed25519},
               {certs::KeyType::P256, true, "", Scheme::EcdsaSha256},
               {certs::KeyType::P256, true, "ECDSA+SHA384", Scheme::EcdsaSha384},
               {certs::KeyType::Rsa2048, true, "", Scheme::RsaPssSha256},
               {certs::KeyType::Rsa2048, true, "RSA+SHA256", Scheme::RsaPkcs1Sha256},
               {certs::KeyType::Rsa2048, true, "RSA+SHA512", Scheme::RsaPkcs1Sha512},
               {certs::KeyType::Ed25519, true, "", Scheme::Ed25519}};
  for (const auto& each : cases) {
    const auto clients = context(issued(clients_, "viewer", each.type));
    RawServer peer = server(each.tls12, each.schemes);
    const auto session = *clients->start("prom.example");
    signer_.asked = 0;
    ASSERT_TRUE(peer.shake_hands(*session))
        << each.schemes << ' ' << each.tls12 << ' ' << (session->failed() ? session->error().message : "");
    EXPECT_EQ(session->version(), each.tls12 ? "TLSv1.2" : "TLSv1.3");
    EXPECT_EQ(peer.subject(), "CN=viewer");
    EXPECT_EQ(signer_.asked, 1);
    EXPECT_EQ(signer_.last_scheme, each.scheme) << each.schemes;
  }
}

// A server that lets us choose, and does not speak of SHA-1 last.
TEST_F(ClientCertificate, NothingIsSignedWithAWeakDigest) {
  const auto clients = context(issued(clients_, "viewer", certs::KeyType::Rsa2048));
  RawServer peer = server(true, "RSA+SHA1:RSA+SHA224:RSA+SHA384");
  const auto session = *clients->start("prom.example");
  EXPECT_TRUE(peer.shake_hands(*session)) << (session->failed() ? session->error().message : "");
  EXPECT_EQ(signer_.last_scheme, certs::Scheme::RsaPkcs1Sha384);
}

TEST_F(ClientCertificate, IsNotShownToWhoDoesNotAsk) {
  const auto clients = context(issued(clients_, "viewer"));
  RawServer peer(server_leaf_, {false, "", "", kNow});
  const auto session = *clients->start("prom.example");
  EXPECT_TRUE(peer.shake_hands(*session));
  EXPECT_EQ(signer_.asked, 0);
}

TEST_F(ClientCertificate, IsNotShownToAServerThatIsNotBelieved) {
  const auto stranger = authority("Stranger");
  const auto leaf =
      *certs::make_server_certificate(stranger, {"prom.example"}, certs::valid_for(kNow, 30 * kDay));
  const auto clients = context(issued(clients_, "viewer"));
  for (const bool tls12 : {false, true}) {
    RawServer peer(leaf, {tls12, "", clients_.certificate_pem, kNow});
    const auto session = *clients->start("prom.example");
    EXPECT_FALSE(peer.shake_hands(*session));
    EXPECT_EQ(peer.subject(), "");
  }
  EXPECT_EQ(signer_.asked, 0);
}

TEST_F(ClientCertificate, ThatIsRefusedSaysSo) {
  const auto clients = context(issued(authority("Nobody's"), "viewer"));
  for (const bool tls12 : {false, true}) {
    RawServer peer = server(tls12);
    const auto session = *clients->start("prom.example");
    EXPECT_FALSE(peer.shake_hands(*session));
    ASSERT_TRUE(session->certificate_refused()) << tls12;
    EXPECT_EQ(session->handshake_done(), !tls12) << "TLS 1.3 is done before the server has looked";
    EXPECT_EQ(session->error().side, base::Side::Component);
    EXPECT_EQ(session->error().message,
              "the component refused the client certificate that it was shown: unknown CA");
  }
}

TEST_F(ClientCertificate, ThatIsWantedAndMissingIsToldFromARefusedOne) {
  const auto clients = *ClientContext::make({root_.certificate_pem, ""}, clock_);
  RawServer peer = server(false);
  const auto session = *clients->start("prom.example");
  EXPECT_FALSE(peer.shake_hands(*session));
  ASSERT_TRUE(session->certificate_refused());
  EXPECT_EQ(session->error().message,
            "the component wants a client certificate, and none is configured for it");
}

TEST_F(ClientCertificate, WithoutTheKeeperItIsOurFault) {
  const certs::Credentials own = issued(clients_, "viewer");
  certs::KeeperChannel channel{base::UniqueFd()};
  ChannelSigner gone(channel, ChannelSigner::Use::Client);
  const auto clients = *ClientContext::make(
      {root_.certificate_pem, "", *RemoteCertificate::make(own.certificate_pem, gone)}, clock_);
  RawServer peer = server(false);
  const auto session = *clients->start("prom.example");
  EXPECT_FALSE(peer.shake_hands(*session));
  ASSERT_TRUE(session->failed());
  EXPECT_EQ(session->error().side, base::Side::Us);
  EXPECT_FALSE(session->certificate_refused());
}

TEST_F(ClientCertificate, ATicketResumesConnectionsOfItsOwnContextOnly) {
  for (const bool tls12 : {false, true}) {
    const auto viewers = context(issued(clients_, "viewer"));
    const auto admins = context(issued(clients_, "admin"));
    RawServer peer = server(tls12);
    const auto subject_of = [&](ClientContext& clients) {
      const auto session = *clients.start("prom.example");
      EXPECT_TRUE(peer.shake_hands(*session)) << tls12;
      return peer.subject() + (peer.resumed() ? " resumed" : "");
    };
    EXPECT_EQ(subject_of(*viewers), "CN=viewer");
    EXPECT_EQ(subject_of(*admins), "CN=admin");
    EXPECT_EQ(subject_of(*viewers), "CN=viewer resumed");
    EXPECT_EQ(subject_of(*admins), "CN=admin resumed");
  }
}

// What the keeper was shown of a real TLS 1.2 handshake: no other text near it is signed.
TEST_F(ClientCertificate, OfATls12HandshakeTheKeeperSignsExactlyTheTranscript) {
  const certs::Credentials own = issued(clients_, "viewer"), other = issued(clients_, "other");
  const auto clients = context(own);
  ASSERT_TRUE(ring_.add_client_key({"other", other.key_pem, 0100600}, other.certificate_pem).ok());
  RawServer peer = server(true);
  const auto session = *clients->start("prom.example");
  ASSERT_TRUE(peer.shake_hands(*session));
  const std::string text = signer_.last_text;
  const std::string id = certs::read_chain(own.certificate_pem)->front().key_id;
  const auto signs = [&](const std::string& key, std::string_view what) {
    return signer_.sign(key, certs::Scheme::EcdsaSha256, what).ok();
  };
  ASSERT_TRUE(signs(id, text));
  EXPECT_FALSE(signs(certs::read_chain(other.certificate_pem)->front().key_id, text))
      << "it shows another certificate";
  EXPECT_FALSE(signs(id, text + std::string(1, '\0')));
  EXPECT_FALSE(signs(id, std::string_view(text).substr(1)));
  for (std::size_t size = 0; size < text.size(); ++size)
    ASSERT_FALSE(signs(id, std::string_view(text).substr(0, size))) << size;
}

}  // namespace
}  // namespace postern::tls
