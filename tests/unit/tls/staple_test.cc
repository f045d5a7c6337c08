// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A server's OCSP response in the handshake, in TLS 1.3 beside the certificate and in TLS 1.2 after it; and what a server
// shows to who only looks.
#include <openssl/bio.h>
#include <openssl/pem.h>

#include "certs/certificate.h"
#include "certs/revocation.h"
#include "gateway/tls/glimpse.h"
#include "tests/unit/certs/forge.h"
#include "tests/unit/tls/pair.h"
#include "tests/unit/tls/raw_server.h"

namespace postern::tls {
namespace {

certs::Credentials credentials_of(const certs::Forged& forged) {
  const certs::BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(out.get(), forged.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {certs::der_to_pem(forged.der()), std::string(data, static_cast<std::size_t>(size))};
}

class Staple : public testing::TestWithParam<bool> {
 protected:
  base::ManualClock clock_{kNow};
  certs::Forged root_ = certs::forge({"Root", {"basicConstraints=critical,CA:TRUE"}}, nullptr);
  certs::Recipe recipe_{"prom.example", {"subjectAltName=DNS:prom.example"}};
  std::unique_ptr<ClientContext> clients_ =
      *ClientContext::make({certs::der_to_pem(root_.der()), ""}, clock_);

  certs::Forged leaf() const { return certs::forge(recipe_, &root_); }
  // The sentence with which the client refused; empty if it did not.
  std::string refusal(const std::string& staple) {
    RawServer peer(credentials_of(leaf()), {GetParam(), "", "", kNow, staple});
    const auto session = *clients_->start("prom.example");
    if (peer.shake_hands(*session)) return {};
    return session->failed() ? session->error().message : "the client did not fail";
  }
};

TEST_P(Staple, NoneIsNeededAndAGoodOneIsFine) {
  EXPECT_EQ(refusal(""), "");
  EXPECT_EQ(refusal(certs::forge_ocsp({}, leaf(), root_)), "");
}

TEST_P(Staple, ThatSaysRevokedIsARefusal) {
  certs::OcspRecipe revoked;
  revoked.status = 1;
  EXPECT_EQ(refusal(certs::forge_ocsp(revoked, leaf(), root_)),
            "the certificate for prom.example was revoked by its authority on 2026-09-20T14:13Z (OCSP)");
}

TEST_P(Staple, ThatIsNotSoundIsARefusal) {
  certs::OcspRecipe old;
  old.from = -5;
  old.until = -1;
  EXPECT_NE(refusal(certs::forge_ocsp(old, leaf(), root_)).find("was good until 2026-09-20T14:13Z"),
            std::string::npos);
  EXPECT_NE(refusal("garbage").find("comes with an OCSP response that cannot be read"), std::string::npos);
}

TEST_P(Staple, ThatIsDemandedMustCome) {
  recipe_.set("tlsfeature=status_request");
  EXPECT_EQ(refusal(""), "the certificate for prom.example demands an OCSP response with it, and none came");
  EXPECT_EQ(refusal(certs::forge_ocsp({}, leaf(), root_)), "");
}

TEST_P(Staple, IsNotAskedForAgainByAConnectionThatResumes) {
  recipe_.set("tlsfeature=status_request");
  RawServer peer(credentials_of(leaf()), {GetParam(), "", "", kNow, certs::forge_ocsp({}, leaf(), root_)});
  for (const bool resumed : {false, true}) {
    const auto session = *clients_->start("prom.example");
    ASSERT_TRUE(peer.shake_hands(*session)) << (session->failed() ? session->error().message : "");
    EXPECT_EQ(session->resumed(), resumed);
  }
}

TEST_P(Staple, AndChainAreShownToWhoOnlyLooksAndCanSendNothing) {
  const certs::Forged own = leaf();
  const std::string staple = certs::forge_ocsp({}, own, root_);
  certs::Credentials shown = credentials_of(own);
  shown.certificate_pem += certs::der_to_pem(root_.der());
  RawServer peer(shown, {GetParam(), "", "", kNow, staple});
  EXPECT_FALSE(Glimpse::make("a b").ok());
  auto glimpse = *Glimpse::make("prom.example");
  const auto presented = peer.show(*glimpse);
  ASSERT_TRUE(presented.ok()) << presented.error().message;
  EXPECT_EQ(presented->chain, (std::vector<std::string>{own.der(), root_.der()}));
  EXPECT_EQ(presented->staple, staple);
  EXPECT_FALSE(peer.finished());
}

// What was fetched, and which chains were asked about.
class Asking final : public AnswerSource {
 public:
  const certs::Answers* answers() const override { return &fetched; }
  void asks(const std::vector<std::string>& chain, const std::string& /*host*/) const override {
    asked.push_back(chain.size());
  }
  certs::Answers fetched;
  mutable std::vector<std::size_t> asked;
};

TEST_P(Staple, AnswersForTheServersOwnCertificateAndTheOnesAboveItAreAskedAbout) {
  const auto source = std::make_shared<Asking>();
  ClientSettings settings{certs::der_to_pem(root_.der()), ""};
  settings.answers = source;
  clients_ = *ClientContext::make(settings, clock_);
  EXPECT_EQ(refusal(certs::forge_ocsp({}, leaf(), root_)), "");
  EXPECT_TRUE(source->asked.empty()) << "all of it is answered";
  EXPECT_EQ(refusal(""), "");
  EXPECT_EQ(source->asked.size(), 1U);

  const certs::Forged middle = certs::forge({"Middle", {"basicConstraints=critical,CA:TRUE"}}, &root_);
  const certs::Forged below = certs::forge(recipe_, &middle);
  certs::Credentials shown = credentials_of(below);
  shown.certificate_pem += certs::der_to_pem(middle.der());
  RawServer peer(shown, {GetParam(), "", "", kNow, certs::forge_ocsp({}, below, middle)});
  const auto shake = [&] { return peer.shake_hands(**clients_->start("prom.example")); };
  EXPECT_TRUE(shake());
  EXPECT_EQ(source->asked, (std::vector<std::size_t>{1, 2})) << "nobody knows of the one above";
}

// Lists of revoked certificates that whoever connects has at hand.
class RevocationLists : public Staple {
 protected:
  void have(const std::vector<certs::CrlRecipe>& lists, certs::Revocation revocation) {
    auto crls = std::make_shared<std::vector<certs::CrlPtr>>();
    for (const certs::CrlRecipe& one : lists) {
      auto read = certs::read_crls(certs::forge_crl(one, root_));
      ASSERT_TRUE(read.ok()) << read.error().message;
      for (certs::CrlPtr& crl : *read) crls->push_back(std::move(crl));
    }
    ClientSettings settings{certs::der_to_pem(root_.der()), ""};
    settings.crls = crls;
    settings.revocation = revocation;
    clients_ = *ClientContext::make(settings, clock_);
  }
  std::string good_staple() const { return certs::forge_ocsp({}, leaf(), root_); }
};

TEST_P(RevocationLists, RefuseWhomTheyNameWhateverItsStapleSays) {
  for (const certs::Revocation revocation : {certs::Revocation::Soft, certs::Revocation::Hard}) {
    have({{{recipe_.serial}}}, revocation);
    for (const std::string& staple : {std::string(), good_staple()})
      EXPECT_EQ(refusal(staple),
                "the certificate for prom.example was revoked by its authority on 2026-09-20T14:13Z (CRL)");
  }
}

TEST_P(RevocationLists, BelieveWhomTheyDoNotName) {
  for (const certs::Revocation revocation : {certs::Revocation::Soft, certs::Revocation::Hard}) {
    have({{{"0x51"}}}, revocation);
    EXPECT_EQ(refusal(""), "");
    EXPECT_EQ(refusal(good_staple()), "");
  }
}

TEST_P(RevocationLists, ThatAreOverSpeakAgainstWhomTheyNameAndUnderHardForNobody) {
  have({{{recipe_.serial}, -9, -2}}, certs::Revocation::Soft);
  EXPECT_NE(refusal("").find("was revoked by its authority"), std::string::npos);
  have({{{"0x51"}, -9, -2}}, certs::Revocation::Soft);
  EXPECT_EQ(refusal(""), "");
  have({{{"0x51"}, -9, -2}}, certs::Revocation::Hard);
  EXPECT_NE(refusal(""), "");
  have({{{"0x51"}, -9, -2}, {{"0x51"}}}, certs::Revocation::Hard);
  EXPECT_EQ(refusal(""), "");
}

TEST_P(RevocationLists, AreNotNeededUnderHardWhereAGoodStapleComes) {
  have({}, certs::Revocation::Hard);
  EXPECT_NE(refusal(""), "");
  EXPECT_EQ(refusal(good_staple()), "");
}

TEST_P(RevocationLists, AreAskedAnewOfEveryConnectionUnderHard) {
  for (const certs::Revocation revocation : {certs::Revocation::Soft, certs::Revocation::Hard}) {
    have({{{"0x51"}}}, revocation);
    RawServer peer(credentials_of(leaf()), {GetParam(), "", "", kNow, ""});
    for (const bool again : {false, true}) {
      const auto session = *clients_->start("prom.example");
      ASSERT_TRUE(peer.shake_hands(*session));
      EXPECT_EQ(session->resumed(), again && revocation == certs::Revocation::Soft);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tls, RevocationLists, testing::Bool(),
                         [](const auto& each) { return each.param ? "12" : "13"; });

INSTANTIATE_TEST_SUITE_P(Tls, Staple, testing::Bool(),
                         [](const auto& each) { return each.param ? "12" : "13"; });

}  // namespace
}  // namespace postern::tls
