// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/certs/forge.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <map>

#include "base/check.h"
#include "certs/certificate.h"
#include "tests/unit/certs/validity.h"

namespace postern::certs {
namespace {

struct ConfigurationFree {
  void operator()(CONF* configuration) const noexcept { NCONF_free(configuration); }
};
using ConfigurationPtr = std::unique_ptr<CONF, ConfigurationFree>;

std::string name_part(const std::string& extension) { return extension.substr(0, extension.find('=')); }

// "modulus BITS exponent E": an RSA key that nobody can sign with.
EVP_PKEY* make_public_key(const std::string& kind) {
  const std::size_t bits = std::stoul(kind.substr(8)), exponent = std::stoul(kind.substr(kind.rfind(' ')));
  const BignumPtr modulus(BN_new());
  const std::shared_ptr<OSSL_PARAM_BLD> build(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  POSTERN_CHECK(BN_set_word(modulus.get(), 1) == 1 &&
                BN_set_bit(modulus.get(), static_cast<int>(bits) - 1) == 1 &&
                OSSL_PARAM_BLD_push_BN(build.get(), "n", modulus.get()) == 1 &&
                OSSL_PARAM_BLD_push_ulong(build.get(), "e", exponent) == 1);
  const std::shared_ptr<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(build.get()), OSSL_PARAM_free);
  EVP_PKEY* key = nullptr;
  POSTERN_CHECK(EVP_PKEY_fromdata_init(context.get()) == 1 &&
                EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) == 1);
  return key;
}

// RSA keys take their time: one of each size for everybody who is not asked to be another's.
std::shared_ptr<EVP_PKEY> make_test_key(const std::string& kind, const std::string& owner) {
  static std::map<std::string, std::shared_ptr<EVP_PKEY>> made;
  std::shared_ptr<EVP_PKEY>& key = made[kind + " of " + owner];
  if (key != nullptr) return key;
  EVP_PKEY* fresh = nullptr;
  if (kind.starts_with("modulus "))
    fresh = make_public_key(kind);
  else if (kind.starts_with("RSA "))
    fresh = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(std::stoul(kind.substr(4))));
  else if (kind == "Ed25519" || kind == "Ed448")
    fresh = EVP_PKEY_Q_keygen(nullptr, nullptr, kind == "Ed448" ? "ED448" : "ED25519");
  else
    fresh = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", kind.c_str());
  POSTERN_CHECK(fresh != nullptr);
  key.reset(fresh, EVP_PKEY_free);
  return key;
}

void set_time(ASN1_TIME* time, int days) {
  POSTERN_CHECK(ASN1_TIME_set(time, static_cast<std::time_t>((kNow + days * kDay) / base::kWallSecond)) !=
                nullptr);
}

void set_test_serial(ASN1_INTEGER* number, const std::string& text) {
  BIGNUM* read = nullptr;
  POSTERN_CHECK(
      (text.starts_with("0x") ? BN_hex2bn(&read, text.c_str() + 2) : BN_dec2bn(&read, text.c_str())) > 0);
  const BignumPtr value(read);
  POSTERN_CHECK(BN_to_ASN1_INTEGER(value.get(), number) != nullptr);
}

const EVP_MD* digest_for(EVP_PKEY* key, const std::string& digest) {
  return EVP_PKEY_is_a(key, "ED25519") == 1 || EVP_PKEY_is_a(key, "ED448") == 1
             ? nullptr
             : EVP_get_digestbyname(digest.c_str());
}

ConfigurationPtr read_sections(const std::string& sections) {
  ConfigurationPtr configuration(NCONF_new(nullptr));
  const BioPtr text(BIO_new_mem_buf(sections.data(), static_cast<int>(sections.size())));
  long line = 0;
  POSTERN_CHECK(NCONF_load_bio(configuration.get(), text.get(), &line) == 1);
  return configuration;
}

X509_EXTENSION* make_extension(X509V3_CTX& context, CONF* configuration, const std::string& extension) {
  const std::string name = name_part(extension), value = extension.substr(extension.find('=') + 1);
  X509_EXTENSION* made = X509V3_EXT_nconf(configuration, &context, name.c_str(), value.c_str());
  if (made == nullptr) {
    ERR_print_errors_fp(stderr);
    std::fprintf(stderr, "extension: %s\n", extension.c_str());
  }
  POSTERN_CHECK(made != nullptr);
  return made;
}

void sign_certificate(X509* certificate, EVP_PKEY* key, const Recipe& recipe) {
  const DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  POSTERN_CHECK(
      EVP_DigestSignInit(context.get(), &parameters, digest_for(key, recipe.digest), nullptr, key) == 1);
  if (recipe.pss) {
    POSTERN_CHECK(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
                  EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1);
  }
  POSTERN_CHECK(X509_sign_ctx(certificate, context.get()) > 0);
}

}  // namespace

Recipe& Recipe::set(const std::string& extension) {
  drop(name_part(extension));
  extensions.push_back(extension);
  return *this;
}

Recipe& Recipe::drop(const std::string& extension) {
  std::erase_if(extensions, [&](const std::string& one) { return name_part(one) == extension; });
  return *this;
}

std::string Forged::der() const { return to_der(certificate.get()); }

Forged forge(const Recipe& recipe, const Forged* issuer) {
  Forged out{{X509_new(), X509_free}, make_test_key(recipe.key, recipe.name)};
  X509* certificate = out.certificate.get();
  X509_set_version(certificate, recipe.version - 1);
  set_test_serial(X509_get_serialNumber(certificate), recipe.serial);
  set_time(X509_getm_notBefore(certificate), recipe.from);
  set_time(X509_getm_notAfter(certificate), recipe.until);
  if (!recipe.name.empty()) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(recipe.name.c_str()), -1, -1, 0);
  }
  X509* by = issuer != nullptr ? issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(by));
  X509_set_pubkey(certificate, out.key.get());
  const ConfigurationPtr configuration = read_sections(recipe.sections);
  X509V3_CTX context;
  X509V3_set_ctx(&context, by, certificate, nullptr, nullptr, 0);
  X509V3_set_nconf(&context, configuration.get());
  for (const std::string& extension : recipe.extensions) {
    X509_EXTENSION* made = make_extension(context, configuration.get(), extension);
    POSTERN_CHECK(X509_add_ext(certificate, made, -1) == 1);
    X509_EXTENSION_free(made);
  }
  if (recipe.twist) recipe.twist(certificate);
  sign_certificate(certificate, issuer != nullptr ? issuer->key.get() : out.key.get(), recipe);
  return out;
}

std::string forge_crl(const CrlRecipe& recipe, const Forged& issuer) {
  const CrlPtr crl(X509_CRL_new());
  X509_CRL_set_version(crl.get(), 1);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.certificate.get()));
  const std::shared_ptr<ASN1_TIME> time(ASN1_TIME_new(), ASN1_TIME_free);
  set_time(time.get(), recipe.from);
  X509_CRL_set1_lastUpdate(crl.get(), time.get());
  for (const std::string& serial : recipe.serials) {
    X509_REVOKED* entry = X509_REVOKED_new();
    const std::shared_ptr<ASN1_INTEGER> number(ASN1_INTEGER_new(), ASN1_INTEGER_free);
    set_test_serial(number.get(), serial);
    X509_REVOKED_set_serialNumber(entry, number.get());
    X509_REVOKED_set_revocationDate(entry, time.get());
    if (recipe.critical_entry) {
      const std::shared_ptr<ASN1_OCTET_STRING> nothing(ASN1_OCTET_STRING_new(), ASN1_OCTET_STRING_free);
      ASN1_OCTET_STRING_set(nothing.get(), reinterpret_cast<const unsigned char*>("\x05\x00"), 2);
      const std::shared_ptr<X509_EXTENSION> extension(
          X509_EXTENSION_create_by_NID(nullptr, NID_certificate_issuer, 1, nothing.get()),
          X509_EXTENSION_free);
      X509_REVOKED_add_ext(entry, extension.get(), -1);
    }
    X509_CRL_add0_revoked(crl.get(), entry);
  }
  if (recipe.until != 0) {
    set_time(time.get(), recipe.until);
    X509_CRL_set1_nextUpdate(crl.get(), time.get());
  }
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer.certificate.get(), nullptr, nullptr, crl.get(), 0);
  for (const std::string& extension : recipe.extensions) {
    X509_EXTENSION* made = make_extension(context, nullptr, extension);
    X509_CRL_add_ext(crl.get(), made, -1);
    X509_EXTENSION_free(made);
  }
  X509_CRL_sort(crl.get());
  POSTERN_CHECK(X509_CRL_sign(crl.get(), issuer.key.get(), digest_for(issuer.key.get(), recipe.digest)) > 0);
  unsigned char* data = nullptr;
  const int size = i2d_X509_CRL(crl.get(), &data);
  std::string der(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  return der;
}

std::string forge_ocsp(const OcspRecipe& recipe, const Forged& of, const Forged& issuer) {
  const std::shared_ptr<OCSP_BASICRESP> basic(OCSP_BASICRESP_new(), OCSP_BASICRESP_free);
  const std::shared_ptr<OCSP_CERTID> id(
      OCSP_cert_to_id(EVP_sha1(), of.certificate.get(), issuer.certificate.get()), OCSP_CERTID_free);
  const std::shared_ptr<ASN1_TIME> from(ASN1_TIME_new(), ASN1_TIME_free),
      until(ASN1_TIME_new(), ASN1_TIME_free);
  const auto at = [](int days) { return static_cast<std::time_t>((kNow + days * kDay) / base::kWallSecond); };
  ASN1_GENERALIZEDTIME_set(from.get(), at(recipe.from));
  ASN1_GENERALIZEDTIME_set(until.get(), at(recipe.until));
  POSTERN_CHECK(OCSP_basic_add1_status(basic.get(), id.get(), recipe.status,
                                       OCSP_REVOKED_STATUS_KEYCOMPROMISE, from.get(), from.get(),
                                       recipe.until != 0 ? until.get() : nullptr) != nullptr);
  const Forged& signer = recipe.delegate != nullptr ? *recipe.delegate : issuer;
  POSTERN_CHECK(OCSP_basic_sign(basic.get(), signer.certificate.get(), signer.key.get(),
                                digest_for(signer.key.get(), recipe.digest), nullptr,
                                recipe.delegate != nullptr ? 0 : OCSP_NOCERTS) == 1);
  const std::shared_ptr<OCSP_RESPONSE> response(
      OCSP_response_create(recipe.response, recipe.response == 0 ? basic.get() : nullptr),
      OCSP_RESPONSE_free);
  unsigned char* data = nullptr;
  const int size = i2d_OCSP_RESPONSE(response.get(), &data);
  std::string der(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  return der;
}

void replace_bytes(std::string& der, const std::string& from, const std::string& to, bool last) {
  const std::size_t at = last ? der.rfind(from) : der.find(from);
  POSTERN_CHECK(at != std::string::npos && from.size() == to.size());
  der.replace(at, to.size(), to);
}

}  // namespace postern::certs
