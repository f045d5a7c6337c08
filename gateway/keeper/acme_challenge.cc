// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/acme_challenge.h"

#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

#include "base/bytes.h"
#include "base/crypto.h"
#include "certs/certificate.h"

namespace postern::keeper {
namespace {

constexpr const char* kAcmeIdentifier = "1.3.6.1.5.5.7.1.31";  // id-pe-acmeIdentifier
constexpr int kSerialBits = 127;
constexpr long kEarly = 300;  // seconds: the authority's clock may be slower

struct ChallengeFree {
  void operator()(X509_EXTENSION* one) const noexcept { X509_EXTENSION_free(one); }
  void operator()(ASN1_OBJECT* one) const noexcept { ASN1_OBJECT_free(one); }
  void operator()(ASN1_OCTET_STRING* one) const noexcept { ASN1_OCTET_STRING_free(one); }
  void operator()(BIGNUM* one) const noexcept { BN_free(one); }
};
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, ChallengeFree>;
using OctetsPtr = std::unique_ptr<ASN1_OCTET_STRING, ChallengeFree>;

base::Error cannot_make() {
  return base::fail(base::Code::Internal,
                    "the certificate of the challenge could not be made: " + certs::openssl_reason());
}

// The extension's value is an OCTET STRING of 32 bytes, and like every extension it stands in another one.
ExtensionPtr identifier_of(std::string_view key_authorization) {
  const base::Sha256 digest = base::sha256(key_authorization);
  std::array<unsigned char, 2 + sizeof digest> der{V_ASN1_OCTET_STRING, sizeof digest};
  std::copy(digest.begin(), digest.end(), der.begin() + 2);
  const OctetsPtr value(ASN1_OCTET_STRING_new());
  const std::unique_ptr<ASN1_OBJECT, ChallengeFree> type(OBJ_txt2obj(kAcmeIdentifier, 1));
  if (value == nullptr || type == nullptr ||
      ASN1_OCTET_STRING_set(value.get(), der.data(), static_cast<int>(der.size())) != 1)
    return nullptr;
  return ExtensionPtr(X509_EXTENSION_create_by_OBJ(nullptr, type.get(), 1, value.get()));
}

bool add(X509* certificate, const ExtensionPtr& extension) {
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool name_it(X509* certificate) {
  X509_NAME* name = X509_get_subject_name(certificate);
  constexpr unsigned char kSubject[] = "ACME challenge";
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, kSubject, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1;
}

}  // namespace

base::Status AcmeChallenge::begin(const std::string& name, std::string_view key_authorization,
                                  base::Micros now) {
  end();
  ERR_clear_error();
  certs::KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const certs::CertificatePtr certificate(X509_new());
  const std::unique_ptr<BIGNUM, ChallengeFree> serial(BN_new());
  X509* x509 = certificate.get();
  const time_t seconds = now / base::kWallSecond;
  const ExtensionPtr names(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + name).c_str()));
  if (key == nullptr || x509 == nullptr || serial == nullptr ||
      BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(x509)) == nullptr ||
      X509_set_version(x509, X509_VERSION_3) != 1 || !name_it(x509) ||
      ASN1_TIME_adj(X509_getm_notBefore(x509), seconds, 0, -kEarly) == nullptr ||
      ASN1_TIME_adj(X509_getm_notAfter(x509), seconds, 0, kLife / base::kWallSecond) == nullptr ||
      X509_set_pubkey(x509, key.get()) != 1 || !add(x509, names) ||
      !add(x509, identifier_of(key_authorization)) || X509_sign(x509, key.get(), EVP_sha256()) <= 0)
    return cannot_make();
  name_ = base::to_lower(name);
  pem_ = certs::der_to_pem(certs::to_der(x509));
  key_id_ = certs::key_id_of(key.get());
  key_.key = std::move(key);
  begun_ = now;
  return base::Ok{};
}

std::string AcmeChallenge::certificate(std::string_view name, base::Micros now) const {
  return runs(now) && base::to_lower(name) == name_ ? pem_ : std::string();
}

const TlsKey* AcmeChallenge::find(std::string_view key_id, base::Micros now) const {
  return runs(now) && key_id == key_id_ ? &key_ : nullptr;
}

}  // namespace postern::keeper
