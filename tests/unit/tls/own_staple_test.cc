// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The OCSP response that a listener shows with its own certificate. The client is ours: it asks for one, judges it, and
// refuses a certificate that demands one and comes without.
#include <openssl/bio.h>
#include <openssl/pem.h>

#include "certs/certificate.h"
#include "tests/unit/certs/forge.h"
#include "tests/unit/tls/pair.h"

namespace postern::tls {
namespace {

std::string pem_of_key(const certs::Forged& forged) {
  const certs::BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(out.get(), forged.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

class OwnStaple : public testing::Test {
 protected:
  base::ManualClock clock_{kNow};
  certs::Forged root_ = certs::forge({"Root", {"basicConstraints=critical,CA:TRUE"}}, nullptr);
  keeper::KeyRing ring_;
  RingSigner signer_{ring_, "support"};
  ServerSettings settings_{"support", {}, "", false};
  std::unique_ptr<ClientContext> clients_ =
      *ClientContext::make({certs::der_to_pem(root_.der()), ""}, clock_);

  // Both names' certificates demand a response; kind "good", "revoked" or "" for none.
  void serve(const std::string& name, const std::string& kind, base::Micros until = kNow + kDay) {
    const certs::Forged leaf =
        certs::forge({name, {"subjectAltName=DNS:" + name, "tlsfeature=status_request"}}, &root_);
    const std::string pem = certs::der_to_pem(leaf.der());
    ASSERT_TRUE(ring_.add_tls_key("support", {"key", pem_of_key(leaf), 0100600}, pem).ok());
    certs::OcspRecipe recipe;
    recipe.status = kind == "revoked" ? 1 : 0;
    settings_.certificates.push_back(
        {pem, kind.empty() ? std::string() : certs::forge_ocsp(recipe, leaf, root_), until});
  }
  std::string refusal(const std::string& name) {
    auto context = *ServerContext::make(settings_, signer_, clock_);
    Connection connection(*clients_->start(name), context->start());
    if (connection.shake_hands()) return {};
    return connection.client->failed() ? connection.client->error().message : "the client did not fail";
  }
};

TEST_F(OwnStaple, IsShownWithTheCertificateThatItIsAbout) {
  serve("a.example", "good");
  serve("b.example", "good");
  EXPECT_EQ(refusal("a.example"), "");
  EXPECT_EQ(refusal("b.example"), "");
}

TEST_F(OwnStaple, OfOneNameIsNotShownWithTheOther) {
  serve("a.example", "");
  serve("b.example", "revoked");
  EXPECT_NE(refusal("a.example").find("demands"), std::string::npos) << refusal("a.example");
  EXPECT_NE(refusal("b.example").find("was revoked"), std::string::npos) << refusal("b.example");
}

TEST_F(OwnStaple, IsNotShownOnceItHasRunOut) {
  serve("a.example", "good", kNow);
  EXPECT_NE(refusal("a.example").find("demands"), std::string::npos) << refusal("a.example");
}

}  // namespace
}  // namespace postern::tls
