// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
// A listener that answers an authority's challenges (RFC 8737), with a real KeyRing that has one, or none.
#include "certs/certificate.h"
#include "certs/private_key.h"
#include "tests/unit/tls/pair.h"
#include "tests/unit/tls/raw_client.h"

namespace postern::tls {
namespace {

constexpr int kNoApplicationProtocol = 120;

class Challenges : public testing::Test {
 protected:
  base::ManualClock clock_{kNow};
  certs::Credentials root_ = authority("Test root");
  certs::Credentials leaf_ =
      *certs::make_server_certificate(root_, {"gateway.example"}, certs::valid_for(kNow, 30 * kDay));
  keeper::KeyRing ring_;
  RingSigner signer_{ring_, "support"};
  std::unique_ptr<ServerContext> context_;

  void SetUp() override {
    const std::string account = *certs::make_private_key(), next = *certs::make_private_key();
    ASSERT_TRUE(
        ring_.add_tls_key("support", {"key.pem", leaf_.key_pem, 0100600}, leaf_.certificate_pem).ok());
    ASSERT_TRUE(ring_
                    .set_acme({{"gateway.example"}, {}, ""}, {"/a", account, 0100600}, {"/n", next, 0100600},
                              {"", "", 0}, "/acme")
                    .ok());
    listen(true);
  }
  void listen(bool challenges) {
    context_ = *ServerContext::make(
        {"support", {{leaf_.certificate_pem}}, root_.certificate_pem, true, challenges}, signer_, clock_);
    context_->set_ticket_keys({ticket_key()});
  }
  void run() { tell(certs::encode_begin_challenge(1, "gateway.example", "token-1")); }
  void tell(const std::string& request) {
    ASSERT_TRUE(certs::decode_answer(ring_.handle(request, {keeper::Peer::Link, ""}))->done);
  }
  static RawOptions asking(std::vector<std::string> protocols, bool tls12 = false) {
    RawOptions options;
    options.tls12 = tls12;
    options.server_name = "gateway.example";
    options.protocols = std::move(protocols);
    return options;
  }
  bool is_own(const RawClient& client) const {
    return client.peer_certificate() == certs::pem_to_der(leaf_.certificate_pem)->front();
  }
};

TEST_F(Challenges, AreAnsweredWithTheirCertificateAndNobodyIsAskedForTheirs) {
  run();
  for (const bool tls12 : {false, true}) {
    const auto session = context_->start();
    RawClient client(asking({"acme-tls/1"}, tls12));
    ASSERT_TRUE(client.shake_hands(*session)) << (session->failed() ? session->error().message : "");
    EXPECT_TRUE(session->answers_challenge());
    EXPECT_EQ(session->protocol(), "acme-tls/1");
    const auto shown = certs::read_chain(certs::der_to_pem(client.peer_certificate()));
    ASSERT_TRUE(shown.ok());
    EXPECT_EQ(shown->front().subject, "CN=ACME challenge");
    EXPECT_FALSE(client.was_asked_for_a_certificate());
  }
}

TEST_F(Challenges, WithoutOneThereIsNoSuchProtocol) {
  for (const bool tls12 : {false, true}) {
    const auto session = context_->start();
    RawClient client(asking({"acme-tls/1"}, tls12));
    EXPECT_FALSE(client.shake_hands(*session));
    EXPECT_EQ(session->alert(), kNoApplicationProtocol);
    EXPECT_FALSE(session->answers_challenge());
  }
  EXPECT_EQ(signer_.asked, 0);
  run();
  tell(certs::encode_end_challenge(1));
  const auto session = context_->start();
  RawClient client(asking({"acme-tls/1"}));
  EXPECT_FALSE(client.shake_hands(*session));
  EXPECT_EQ(session->alert(), kNoApplicationProtocol);
}

TEST_F(Challenges, OfAnotherNameOrOfNoneThereIsNoSuchProtocol) {
  run();
  for (const char* name : {"other.example", ""}) {
    RawOptions options = asking({"acme-tls/1"});
    options.server_name = name;
    const auto session = context_->start();
    RawClient client(options);
    EXPECT_FALSE(client.shake_hands(*session)) << name;
    EXPECT_EQ(session->alert(), kNoApplicationProtocol) << name;
  }
}

TEST_F(Challenges, WhoeverSpeaksAnythingElseTooIsAClientLikeAnyOther) {
  run();
  for (const auto& protocols :
       {std::vector<std::string>{"acme-tls/1", "http/1.1"}, {"h2", "acme-tls/1"}, {"http/1.1"}, {}}) {
    const auto session = context_->start();
    RawClient client(asking(protocols));
    ASSERT_TRUE(client.shake_hands(*session));
    EXPECT_FALSE(session->answers_challenge());
    EXPECT_NE(session->protocol(), "acme-tls/1");
    EXPECT_TRUE(is_own(client));
    EXPECT_TRUE(client.was_asked_for_a_certificate());
  }
  EXPECT_EQ(signer_.asked_for_challenges, 0);
}

TEST_F(Challenges, AreNoResumedSessionAndLeadToNone) {
  for (const bool tls12 : {false, true}) {
    const auto first = context_->start();
    RawClient visitor(asking({"http/1.1"}, tls12));
    ASSERT_TRUE(visitor.shake_hands(*first));
    run();
    const auto second = context_->start();
    RawClient challenger(asking({"acme-tls/1"}, tls12), &visitor);
    ASSERT_TRUE(challenger.shake_hands(*second));
    EXPECT_FALSE(second->resumed());
    EXPECT_TRUE(second->answers_challenge());
    const auto third = context_->start();
    RawClient again(asking({"http/1.1"}, tls12), &challenger);
    ASSERT_TRUE(again.shake_hands(*third));
    EXPECT_FALSE(third->resumed());
    EXPECT_TRUE(is_own(again));
  }
}

TEST_F(Challenges, AreNotAnsweredWhereTheyAreNotSwitchedOn) {
  run();
  listen(false);
  const auto session = context_->start();
  RawClient client(asking({"acme-tls/1"}));
  EXPECT_FALSE(client.shake_hands(*session));
  EXPECT_EQ(session->alert(), kNoApplicationProtocol);
  EXPECT_EQ(signer_.asked_for_challenges, 0);
}

}  // namespace
}  // namespace postern::tls
