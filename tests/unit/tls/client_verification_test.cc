// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
// A server as our client judges it. The other direction (client certificates) needs a client that shows one:
// see peers_test.cc.
#include "tests/unit/tls/pair.h"

namespace postern::tls {
namespace {

class Verification : public testing::Test {
 protected:
  base::ManualClock clock_{kNow};
  certs::Credentials root_ = authority("Test root");
  certs::Template template_;

  Verification() {
    template_.common_name = "gateway.example";
    template_.dns_names = {"gateway.example"};
    template_.server_auth = true;
    template_.validity = certs::valid_for(kNow, 30 * kDay);
  }

  // The sentence with which the client refused; empty if it did not.
  std::string refusal(const certs::Credentials& leaf, std::string_view host = "gateway.example") {
    Server server(leaf, clock_);
    auto clients = *ClientContext::make({root_.certificate_pem, ""}, clock_);
    Connection connection(*clients->start(host), server.context->start());
    if (connection.shake_hands()) return {};
    if (!connection.client->failed()) return "the client did not fail";
    EXPECT_EQ(connection.client->error().side, base::Side::Component);
    return connection.client->error().message;
  }
};

TEST_F(Verification, AcceptsWhatIsRight) { EXPECT_EQ(refusal(*certs::issue(template_, &root_)), ""); }

TEST_F(Verification, RefusesAnotherHost) {
  EXPECT_EQ(refusal(*certs::issue(template_, &root_), "other.example"),
            "the certificate is for gateway.example, not for other.example");
  EXPECT_EQ(refusal(*certs::issue(template_, &root_), "10.0.0.1"),
            "the certificate is for gateway.example, not for 10.0.0.1");
}

TEST_F(Verification, RefusesACommonNameAlone) {
  template_.dns_names.clear();
  EXPECT_NE(refusal(*certs::issue(template_, &root_)).find("its common name does not count"),
            std::string::npos);
}

TEST_F(Verification, AWildcardIsAWholeLabel) {
  template_.dns_names = {"*.site.example"};
  const certs::Credentials wild = *certs::issue(template_, &root_);
  EXPECT_EQ(refusal(wild, "gateway.site.example"), "");
  EXPECT_NE(refusal(wild, "a.gateway.site.example"), "");
  EXPECT_NE(refusal(wild, "site.example"), "");
  template_.dns_names = {"gate*.site.example"};
  EXPECT_NE(refusal(*certs::issue(template_, &root_), "gateway.site.example"), "");
}

TEST_F(Verification, RefusesAnExpiredOneAndOneOfTheFuture) {
  template_.validity = {kNow - 20 * kDay, kNow - kDay};
  EXPECT_NE(
      refusal(*certs::issue(template_, &root_)).find("the certificate for gateway.example expired on 2026-"),
      std::string::npos);
  template_.validity = {kNow + kDay, kNow + 20 * kDay};
  EXPECT_NE(refusal(*certs::issue(template_, &root_)).find("is not valid before"), std::string::npos);
}

TEST_F(Verification, RefusesAnAuthorityThatNobodyTrusts) {
  const certs::Credentials stranger = authority("Stranger");
  EXPECT_NE(refusal(*certs::issue(template_, &stranger)).find("was not issued by a trusted authority"),
            std::string::npos);
  EXPECT_NE(refusal(*certs::issue(template_, nullptr)).find("was not issued by a trusted authority"),
            std::string::npos);
}

TEST_F(Verification, RefusesAClientsCertificate) {
  template_.server_auth = false;
  template_.client_auth = true;
  EXPECT_NE(refusal(*certs::issue(template_, &root_)).find("was not issued for this use"), std::string::npos);
}

TEST_F(Verification, ALeafCannotIssue) {
  const certs::Credentials leaf = *certs::issue(template_, &root_);
  certs::Credentials forged = *certs::issue(template_, &leaf);
  forged.certificate_pem += leaf.certificate_pem;
  EXPECT_NE(refusal(forged), "");
}

TEST_F(Verification, APinnedCertificateIsItsOwnAnchor) {
  root_ = *certs::issue(template_, nullptr);
  EXPECT_EQ(refusal(root_), "");
}

TEST_F(Verification, AHostThatIsNoneIsRefusedBeforeAnythingIsSent) {
  auto clients = *ClientContext::make({root_.certificate_pem, ""}, clock_);
  for (const char* host : {"", "a b", "a..b", ".a", "host:8443", "[::1]", "*.example"}) {
    EXPECT_FALSE(clients->start(host).ok()) << host;
  }
  EXPECT_FALSE(clients->start(std::string_view("a\0b", 3)).ok());
}

TEST_F(Verification, RootsMustBeGiven) { EXPECT_FALSE(ClientContext::make({"", ""}, clock_).ok()); }

}  // namespace
}  // namespace postern::tls
