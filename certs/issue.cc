// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/issue.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>

#include "base/bytes.h"
#include "base/crypto.h"
#include "certs/candidate.h"
#include "certs/certificate.h"
#include "certs/demands.h"
#include "certs/issuer.h"
#include "certs/openssl_ptr.h"
#include "certs/private_key.h"

namespace postern::certs {
namespace {

using base::Code;
using base::fail;
using base::Ok;
using base::Status;

constexpr base::Micros kClockSkew = 3600 * base::kWallSecond;
constexpr std::size_t kCommonNameLimit = 64;
constexpr std::size_t kSerialSize = 16;
constexpr std::size_t kRequestSizeLimit = 64U << 10U;

struct GeneralNamesFree {
  void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};
struct NameFree {
  void operator()(GENERAL_NAME* name) const noexcept { GENERAL_NAME_free(name); }
};
struct ExtensionFree {
  void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
};
struct PurposesListFree {
  void operator()(EXTENDED_KEY_USAGE* purposes) const noexcept { EXTENDED_KEY_USAGE_free(purposes); }
};
struct RequestFree {
  void operator()(X509_REQ* request) const noexcept { X509_REQ_free(request); }
};
using PurposesPtr = std::unique_ptr<EXTENDED_KEY_USAGE, PurposesListFree>;
using RequestPtr = std::unique_ptr<X509_REQ, RequestFree>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, GeneralNamesFree>;
using NamePtr = std::unique_ptr<GENERAL_NAME, NameFree>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, ExtensionFree>;

base::Error internal(const char* what) {
  return fail(Code::Internal, std::string(what) + ": " + openssl_reason());
}

KeyPtr make_key(KeyType type) {
  switch (type) {
    case KeyType::P256:
      return KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    case KeyType::Rsa2048:
      return KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
    case KeyType::Ed25519:
      return KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  }
  return nullptr;
}

bool set_serial(X509* certificate) {
  const std::string bytes = base::random_bytes(kSerialSize);
  const BignumPtr number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), kSerialSize, nullptr));
  return number != nullptr && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, const Validity& validity) {
  const std::time_t begin = validity.not_before / base::kWallSecond;
  const std::time_t end = validity.not_after / base::kWallSecond;
  return ASN1_TIME_set(X509_getm_notBefore(certificate), begin) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), end) != nullptr;
}

bool set_subject(X509* certificate, const std::string& name) {
  return name.empty() || X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                                    reinterpret_cast<const unsigned char*>(name.data()),
                                                    static_cast<int>(name.size()), -1, 0) == 1;
}

// text is one of the constants below, never something that a caller chose: it is a small language of
// OpenSSL's.
bool add_extension(X509* certificate, X509* issuer, int nid, const char* text) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_nconf_nid(nullptr, &context, nid, text));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_purposes(X509* certificate, const Template& wanted) {
  std::vector<std::string> all;
  if (wanted.server_auth) all.emplace_back(kServerPurpose);
  if (wanted.client_auth) all.emplace_back(kClientPurpose);
  all.insert(all.end(), wanted.purposes.begin(), wanted.purposes.end());
  if (all.empty()) return true;
  const PurposesPtr purposes(EXTENDED_KEY_USAGE_new());
  for (const std::string& each : all) {
    ASN1_OBJECT* purpose = OBJ_txt2obj(each.c_str(), 1);
    if (purposes == nullptr || purpose == nullptr || sk_ASN1_OBJECT_push(purposes.get(), purpose) <= 0) {
      ASN1_OBJECT_free(purpose);
      return false;
    }
  }
  return X509_add1_ext_i2d(certificate, NID_ext_key_usage, purposes.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

bool add_usages(X509* certificate, X509* issuer, const Template& wanted) {
  const char* constraints = wanted.authority ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE";
  const char* usage = wanted.authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature";
  bool good = add_extension(certificate, issuer, NID_basic_constraints, constraints) &&
              add_extension(certificate, issuer, NID_key_usage, usage) &&
              add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
              add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
  return good && add_purposes(certificate, wanted);
}

bool is_ia5_name(std::string_view text) {
  return !text.empty() && text.size() < 1024 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

Status push_name(GENERAL_NAMES* names, int type, ASN1_STRING* value) {
  NamePtr name(GENERAL_NAME_new());
  if (name == nullptr || value == nullptr) {
    ASN1_STRING_free(value);
    return internal("a name of the certificate");
  }
  GENERAL_NAME_set0_value(name.get(), type, value);
  if (sk_GENERAL_NAME_push(names, name.get()) <= 0) return internal("a name of the certificate");
  static_cast<void>(name.release());
  return Ok{};
}

Status push_texts(GENERAL_NAMES* names, int type, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (!is_ia5_name(text))
      return fail(Code::Invalid, "\"" + base::printable(text) + "\" cannot be a certificate's name");
    ASN1_STRING* value = ASN1_IA5STRING_new();
    if (value != nullptr) ASN1_STRING_set(value, text.data(), static_cast<int>(text.size()));
    auto pushed = push_name(names, type, value);
    if (!pushed) return pushed;
  }
  return Ok{};
}

Status push_addresses(GENERAL_NAMES* names, const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) {
    ASN1_OCTET_STRING* value = a2i_IPADDRESS(address.c_str());
    if (value == nullptr)
      return fail(Code::Invalid, "\"" + base::printable(address) + "\" is not an IP address");
    auto pushed = push_name(names, GEN_IPADD, value);
    if (!pushed) return pushed;
  }
  return Ok{};
}

Status add_names(X509* certificate, const Template& wanted) {
  const NamesPtr names(GENERAL_NAMES_new());
  if (names == nullptr) return internal("the certificate's names");
  for (auto [type, texts] : {std::pair{GEN_DNS, &wanted.dns_names}, std::pair{GEN_EMAIL, &wanted.emails},
                             std::pair{GEN_URI, &wanted.uris}}) {
    auto pushed = push_texts(names.get(), type, *texts);
    if (!pushed) return pushed;
  }
  auto pushed = push_addresses(names.get(), wanted.ip_addresses);
  if (!pushed) return pushed;
  if (sk_GENERAL_NAME_num(names.get()) == 0) return Ok{};
  // Without a subject nobody may pass over the names (RFC 5280 section 4.2.1.6).
  const int critical = wanted.common_name.empty() ? 1 : 0;
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), critical, X509V3_ADD_DEFAULT) != 1) {
    return internal("the certificate's names");
  }
  return Ok{};
}

struct ConstraintsRelease {
  void operator()(NAME_CONSTRAINTS* constraints) const noexcept { NAME_CONSTRAINTS_free(constraints); }
};
struct SubtreeRelease {
  void operator()(GENERAL_SUBTREE* subtree) const noexcept { GENERAL_SUBTREE_free(subtree); }
};
using ConstraintsOwner = std::unique_ptr<NAME_CONSTRAINTS, ConstraintsRelease>;
using SubtreeOwner = std::unique_ptr<GENERAL_SUBTREE, SubtreeRelease>;

bool add_permitted_uris(X509* certificate, const std::string& host) {
  if (host.empty()) return true;
  const ConstraintsOwner constraints(NAME_CONSTRAINTS_new());
  SubtreeOwner subtree(GENERAL_SUBTREE_new());
  ASN1_IA5STRING* name = ASN1_IA5STRING_new();
  if (constraints == nullptr || subtree == nullptr || name == nullptr ||
      ASN1_STRING_set(name, host.data(), static_cast<int>(host.size())) != 1) {
    ASN1_STRING_free(name);
    return false;
  }
  GENERAL_NAME_set0_value(subtree->base, GEN_URI, name);
  constraints->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
  if (constraints->permittedSubtrees == nullptr ||
      sk_GENERAL_SUBTREE_push(constraints->permittedSubtrees, subtree.get()) <= 0)
    return false;
  static_cast<void>(subtree.release());
  return X509_add1_ext_i2d(certificate, NID_name_constraints, constraints.get(), 1, X509V3_ADD_DEFAULT) == 1;
}

Status fill(X509* certificate, EVP_PKEY* key, X509* issuer, const Template& wanted) {
  if (X509_set_version(certificate, X509_VERSION_3) != 1 || !set_serial(certificate) ||
      !set_validity(certificate, wanted.validity) || !set_subject(certificate, wanted.common_name) ||
      X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1 ||
      X509_set_pubkey(certificate, key) != 1 || !add_usages(certificate, issuer, wanted) ||
      !add_permitted_uris(certificate, wanted.permitted_uri_host)) {
    return internal("the certificate could not be made");
  }
  return add_names(certificate, wanted);
}

base::Result<std::string> key_to_pem(EVP_PKEY* key) {
  // BIO_s_secmem wipes what it held; the returned text is the caller's to wipe.
  const BioPtr out(BIO_new(BIO_s_secmem()));
  if (out == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return internal("the key could not be written");
  }
  return memory_text(out.get());
}

Status check_template(const Template& wanted) {
  if (wanted.common_name.size() > kCommonNameLimit || !base::is_utf8(wanted.common_name)) {
    return fail(Code::Invalid, "a common name is UTF-8 and at most 64 bytes long");
  }
  for (const std::string& purpose : wanted.purposes) {
    if (!is_dotted_oid(purpose))
      return fail(Code::Invalid,
                  "\"" + base::printable(purpose) + "\" is no dotted number of an extended key usage");
  }
  if (wanted.validity.not_after <= wanted.validity.not_before) {
    return fail(Code::Invalid, "a certificate must end after it begins");
  }
  return Ok{};
}

}  // namespace

base::Result<Issuer> read_issuer(const Credentials& credentials) {
  auto chain = parse_pem(credentials.certificate_pem);
  if (!chain) return chain.error();
  auto key = read_private_key(credentials.key_pem, "the authority's key");
  if (!key) return key.error();
  if (X509_check_private_key(chain->front().get(), key->get()) != 1)
    return fail(Code::Invalid, "the authority's key does not belong to its certificate");
  return Issuer{std::move(chain->front()), *std::move(key)};
}

const EVP_MD* digest_for(EVP_PKEY* key) {
  return EVP_PKEY_is_a(key, "ED25519") == 1 ? nullptr : EVP_sha256();
}

Validity valid_for(base::Micros now, base::Micros duration) { return {now - kClockSkew, now + duration}; }

namespace {

// The new certificate in PEM. issuer nullptr: it signs itself.
base::Result<std::string> certify_by(const Template& wanted, EVP_PKEY* key, const Issuer* issuer) {
  const CertificatePtr certificate(X509_new());
  if (certificate == nullptr) return internal("the certificate could not be made");
  X509* issuer_certificate = issuer != nullptr ? issuer->certificate.get() : certificate.get();
  EVP_PKEY* issuer_key = issuer != nullptr ? issuer->key.get() : key;
  if (auto filled = fill(certificate.get(), key, issuer_certificate, wanted); !filled) return filled.error();
  if (X509_sign(certificate.get(), issuer_key, digest_for(issuer_key)) <= 0)
    return internal("the certificate could not be signed");
  return der_to_pem(to_der(certificate.get()));
}

base::Result<std::string> certify(const Template& wanted, EVP_PKEY* key, const Credentials* issuer) {
  if (issuer == nullptr) return certify_by(wanted, key, nullptr);
  const auto by = read_issuer(*issuer);
  if (!by) return by.error();
  return certify_by(wanted, key, &*by);
}

}  // namespace

base::Result<std::string> issue_for_key(const Template& wanted, EVP_PKEY* key, const Issuer& issuer) {
  if (auto checked = check_template(wanted); !checked) return checked.error();
  ERR_clear_error();
  return certify_by(wanted, key, &issuer);
}

std::string permitted_uri_host_of(const X509* certificate) {
  const ConstraintsOwner constraints(
      static_cast<NAME_CONSTRAINTS*>(X509_get_ext_d2i(certificate, NID_name_constraints, nullptr, nullptr)));
  if (constraints == nullptr || constraints->excludedSubtrees != nullptr ||
      sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees) != 1)
    return {};
  const GENERAL_NAME* name = sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, 0)->base;
  if (name->type != GEN_URI) return {};
  const ASN1_STRING* host = name->d.uniformResourceIdentifier;
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(host)),
          static_cast<std::size_t>(ASN1_STRING_length(host))};
}

base::Result<Credentials> issue(const Template& wanted, const Credentials* issuer) {
  if (auto checked = check_template(wanted); !checked) return checked.error();
  ERR_clear_error();
  const KeyPtr key = make_key(wanted.key_type);
  if (key == nullptr) return internal("a key could not be made");
  auto certificate_pem = certify(wanted, key.get(), issuer);
  if (!certificate_pem) return certificate_pem.error();
  auto key_pem = key_to_pem(key.get());
  if (!key_pem) return key_pem.error();
  return Credentials{*std::move(certificate_pem), *std::move(key_pem)};
}

base::Result<std::string> issue_for_request(const Template& wanted, std::string_view request_pem,
                                            const Credentials& issuer) {
  if (auto checked = check_template(wanted); !checked) return checked.error();
  if (request_pem.size() > kRequestSizeLimit) return fail(Code::Limit, "the request is longer than 64 KiB");
  ERR_clear_error();
  const BioPtr in(BIO_new_mem_buf(request_pem.data(), static_cast<int>(request_pem.size())));
  const RequestPtr request(in == nullptr ? nullptr
                                         : PEM_read_bio_X509_REQ(in.get(), nullptr, nullptr, nullptr));
  if (request == nullptr)
    return fail(Code::Invalid, "not a certificate signing request in PEM: " + openssl_reason());
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr) return fail(Code::Invalid, "the request's key cannot be read: " + openssl_reason());
  if (const base::Status fit = check_tls_key(key); !fit.ok())
    return fail(Code::Invalid, "the request: " + fit.error().message);
  const bool owned = X509_REQ_verify(request.get(), key) == 1;
  ERR_clear_error();
  if (!owned) return fail(Code::Invalid, "the request was not signed with the key that it names");
  return certify(wanted, key, &issuer);
}

}  // namespace postern::certs
