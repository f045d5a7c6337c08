// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/acme_signer.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/bytes.h"
#include "base/json.h"
#include "certs/certificate.h"
#include "certs/private_key.h"

namespace postern::keeper {
namespace {

using base::Json;

constexpr const char* kUrl = "https://acme.example/new-order";
constexpr const char* kAccount = "https://acme.example/account/1";

class AcmeSigning : public testing::Test {
 protected:
  const bool ready_ = base::init_crypto().ok();  // before the first Secret
  std::string account_ = *certs::make_private_key(), next_ = *certs::make_private_key();
  AcmeSigner signer_;

  void SetUp() override { set({{"a.example", "b.example"}, {"mailto:x@example.org"}, ""}, ""); }
  void set(AcmeOrder order, const std::string& secret) {
    signer_ = AcmeSigner();
    const auto done = signer_.set(std::move(order), account_, next_, secret, "acme");
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  static Json part(const Json& signed_text, const char* name) {
    const auto text = base::from_base64url(signed_text[name].get<std::string>());
    return text->empty() ? Json() : *base::parse_json(*text);
  }
  Json sign(const char* step, const char* url = kUrl, const char* account = kAccount) const {
    const auto text = signer_.sign(step, url, "nonce-1", account);
    EXPECT_TRUE(text.ok()) << text.error().message;
    return text.ok() ? *base::parse_json(*text) : Json();
  }
  std::string refusal(const char* step, const char* url, const char* nonce, const char* account) const {
    const auto text = signer_.sign(step, url, nonce, account);
    return text.ok() ? std::string() : text.error().message;
  }
  // By another way than it was made: DER of r and s.
  bool verifies(const Json& one) const {
    const std::string text = one["protected"].get<std::string>() + "." + one["payload"].get<std::string>();
    const auto raw = base::from_base64url(one["signature"].get<std::string>());
    if (!raw || raw->size() != 64) return false;
    const auto* bytes = reinterpret_cast<const unsigned char*>(raw->data());
    ECDSA_SIG* parts = ECDSA_SIG_new();
    ECDSA_SIG_set0(parts, BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(parts, &der);
    ECDSA_SIG_free(parts);
    const auto key = certs::read_private_key(account_, "account");
    const certs::DigestContextPtr context(EVP_MD_CTX_new());
    const bool good = EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key->get(),
                                              nullptr) == 1 &&
                      EVP_DigestVerify(context.get(), der, static_cast<std::size_t>(size),
                                       reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
    OPENSSL_free(der);
    return good;
  }
};

TEST_F(AcmeSigning, MakesEachRequestByItself) {
  const Json order = sign("order");
  EXPECT_EQ(part(order, "protected"),
            (Json{{"alg", "ES256"}, {"kid", kAccount}, {"nonce", "nonce-1"}, {"url", kUrl}}));
  EXPECT_EQ(base::dump_json(part(order, "payload")["identifiers"]),
            R"([{"type":"dns","value":"a.example"},{"type":"dns","value":"b.example"}])");
  EXPECT_TRUE(verifies(order));
  EXPECT_EQ(sign("read")["payload"], "");
  EXPECT_EQ(part(sign("ready"), "payload"), Json::object());
  const Json account = sign("account", "https://acme.example/new-account", "");
  EXPECT_TRUE(verifies(account));
  EXPECT_EQ(part(account, "protected")["jwk"]["crv"], "P-256");
  EXPECT_FALSE(part(account, "protected").contains("kid"));
  EXPECT_EQ(part(account, "payload"),
            (Json{{"termsOfServiceAgreed", true}, {"contact", {"mailto:x@example.org"}}}));
}

TEST_F(AcmeSigning, OrdersForTheConfiguredNamesAndItsOwnKeyAlone) {
  const auto der = base::from_base64url(part(sign("finalize"), "payload")["csr"].get<std::string>());
  const auto* at = reinterpret_cast<const unsigned char*>(der->data());
  X509_REQ* request = d2i_X509_REQ(nullptr, &at, static_cast<long>(der->size()));
  ASSERT_NE(request, nullptr);
  EVP_PKEY* key = X509_REQ_get0_pubkey(request);
  EXPECT_EQ(X509_REQ_verify(request, key), 1);
  EXPECT_EQ(certs::key_id_of(key), certs::key_id_of(certs::read_private_key(next_, "next")->get()));
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request);
  auto* names =
      static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr));
  EXPECT_EQ(sk_GENERAL_NAME_num(names), 2);
  GENERAL_NAMES_free(names);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  X509_REQ_free(request);
}

TEST_F(AcmeSigning, BindsAnExternalAccountWithItsSecret) {
  set({{"a.example"}, {}, "kid-1"}, "c2l4dGVlbiBieXRlcyBvciBtb3Jl\n");
  const Json bound =
      part(sign("account", "https://acme.example/new-account", ""), "payload")["externalAccountBinding"];
  EXPECT_EQ(part(bound, "protected"),
            (Json{{"alg", "HS256"}, {"kid", "kid-1"}, {"url", "https://acme.example/new-account"}}));
  EXPECT_EQ(part(bound, "payload")["kty"], "EC");
  EXPECT_EQ(base::from_base64url(bound["signature"].get<std::string>())->size(), 32U);
  AcmeSigner other;
  EXPECT_EQ(other.set({{"a.example"}, {}, "kid-1"}, account_, next_, "short", "acme").error().message,
            "the secret of the external account is not base64url of 16 bytes or more");
}

TEST_F(AcmeSigning, RefusesWhatIsNoStepOfAnOrder) {
  EXPECT_EQ(refusal("revoke", kUrl, "n", kAccount), "there is no such step");
  EXPECT_EQ(refusal("order", "http://acme.example/", "n", kAccount), "an address of the authority is none");
  EXPECT_EQ(refusal("order", "https://acme.example/\"", "n", kAccount),
            "an address of the authority is none");
  EXPECT_EQ(refusal("order", kUrl, "n\",\"x\":\"", kAccount), "the nonce is none");
  EXPECT_EQ(refusal("order", kUrl, "", kAccount), "the nonce is none");
  EXPECT_NE(refusal("order", kUrl, "n", ""), "");
  EXPECT_NE(refusal("account", kUrl, "n", kAccount), "");
  EXPECT_EQ(AcmeSigner().sign("read", kUrl, "n", kAccount).error().message, "there is no account key");
}

TEST_F(AcmeSigning, TheThumbprintIsTheDigestOfTheKeyInItsOneForm) {
  const Json jwk = part(sign("account", "https://acme.example/new-account", ""), "protected")["jwk"];
  const std::string text = R"({"crv":"P-256","kty":"EC","x":")" + jwk["x"].get<std::string>() + R"(","y":")" +
                           jwk["y"].get<std::string>() + "\"}";
  const base::Sha256 digest = base::sha256(text);
  EXPECT_EQ(*signer_.thumbprint(),
            base::to_base64url({reinterpret_cast<const char*>(digest.data()), digest.size()}));
}

}  // namespace
}  // namespace postern::keeper
