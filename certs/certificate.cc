// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/certificate.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <climits>
#include <ctime>

#include "base/bytes.h"
#include "base/crypto.h"

namespace postern::certs {
namespace {

using base::Code;
using base::fail;

std::string_view octets(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

// Names are IA5 in the certificate; one with control bytes or spaces was made to be read differently by two
// readers.
bool is_plain_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string ip_text(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  const int family = bytes.size() == 4 ? AF_INET : bytes.size() == 16 ? AF_INET6 : 0;
  if (family == 0 || inet_ntop(family, bytes.data(), out.data(), out.size()) == nullptr) return {};
  return out.data();
}

// False if the certificate has a name that is not printable.
bool add_name(const GENERAL_NAME* name, CertificateFacts& facts) {
  int type = 0;
  const void* value = GENERAL_NAME_get0_value(name, &type);
  std::vector<std::string>* names = nullptr;
  if (type == GEN_IPADD) {
    const std::string address = ip_text(octets(static_cast<const ASN1_STRING*>(value)));
    if (!address.empty()) facts.ip_addresses.push_back(address);
    return !address.empty();
  }
  if (type == GEN_DNS) names = &facts.dns_names;
  if (type == GEN_EMAIL) names = &facts.emails;
  if (type == GEN_URI) names = &facts.uris;
  if (names == nullptr) return true;  // a kind that nobody here believes
  const std::string_view text = octets(static_cast<const ASN1_STRING*>(value));
  if (!is_plain_name(text)) return false;
  names->emplace_back(text);
  return true;
}

bool add_names(X509* certificate, CertificateFacts& facts) {
  GENERAL_NAMES* names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  bool good = true;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i)
    good &= add_name(sk_GENERAL_NAME_value(names, i), facts);
  GENERAL_NAMES_free(names);
  return good;
}

std::string name_text(const X509_NAME* name) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (out == nullptr || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  return memory_text(out.get());
}

std::string serial_text(const X509* certificate) {
  const BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (number == nullptr) return {};
  char* hex = BN_bn2hex(number.get());
  std::string text = hex == nullptr ? std::string() : base::to_lower(hex);
  OPENSSL_free(hex);
  return text;
}

base::Micros wall(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return static_cast<base::Micros>(timegm(&parts)) * base::kWallSecond;
}

// The next PEM block of the text, or none at its end.
struct PemBlock {
  std::string kind;
  std::string der;
  bool found = false;
};

PemBlock next_block(BIO* in) {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  PemBlock block;
  if (PEM_read_bio(in, &name, &header, &data, &size) == 1) {
    block.found = true;
    block.kind = name;
    block.der.assign(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  }
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(data);
  return block;
}

base::Error place(std::size_t index, std::string what) {
  return fail(Code::Invalid, "certificate " + std::to_string(index + 1) + " of the text: " + std::move(what));
}

}  // namespace

base::Result<std::vector<std::string>> pem_blocks(std::string_view text, std::string_view kind,
                                                  std::size_t limit) {
  ERR_clear_error();
  const BioPtr in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (in == nullptr) return fail(Code::Internal, "out of memory");
  std::vector<std::string> blocks;
  while (true) {
    PemBlock block = next_block(in.get());
    if (!block.found) break;
    if (block.kind != kind) continue;
    if (blocks.size() == limit)
      return fail(Code::Limit,
                  "the text has more than " + std::to_string(limit) + " of " + std::string(kind));
    blocks.push_back(std::move(block.der));
  }
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  // The end of the text is an error of this kind too; any other means that a block was begun and is broken.
  if (error != 0 && ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
    return place(blocks.size(), "the PEM block is damaged");
  return blocks;
}

base::Result<std::vector<std::string>> pem_to_der(std::string_view pem, std::size_t limit) {
  if (pem.size() > kPemSizeLimit) return fail(Code::Limit, "the PEM text is longer than 2 MiB");
  auto chain = pem_blocks(pem, PEM_STRING_X509, limit);
  if (!chain && chain.error().code == Code::Limit)
    return fail(Code::Limit, "the text has more than " + std::to_string(limit) + " certificates");
  if (!chain) return chain.error();
  for (std::size_t i = 0; i < chain->size(); ++i) {
    if ((*chain)[i].size() > kCertificateSizeLimit) return place(i, "longer than 16 KiB");
  }
  if (chain->empty())
    return fail(Code::Invalid, "the text has no certificate (\"-----BEGIN CERTIFICATE-----\")");
  return chain;
}

std::string der_to_pem(std::string_view der) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (out == nullptr || der.size() > kPemSizeLimit) return {};
  PEM_write_bio(out.get(), PEM_STRING_X509, "", reinterpret_cast<const unsigned char*>(der.data()),
                static_cast<long>(der.size()));
  return memory_text(out.get());
}

base::Result<CertificatePtr> parse_der(std::string_view der, OSSL_LIB_CTX* library) {
  if (der.size() > kCertificateSizeLimit) return fail(Code::Limit, "the certificate is longer than 16 KiB");
  ERR_clear_error();
  CertificatePtr certificate(X509_new_ex(library, nullptr));
  X509* raw = certificate.get();
  const auto* position = reinterpret_cast<const unsigned char*>(der.data());
  const auto* end = position + der.size();
  // On failure d2i_X509 frees what it was given.
  if (raw == nullptr || d2i_X509(&raw, &position, static_cast<long>(der.size())) == nullptr) {
    static_cast<void>(certificate.release());
    return fail(Code::Invalid, "not a certificate: " + openssl_reason());
  }
  if (position != end) return fail(Code::Invalid, "not a certificate: bytes follow its end");
  if (X509_get0_pubkey(raw) == nullptr) {
    return fail(Code::Invalid, "the certificate's public key cannot be read: " + openssl_reason());
  }
  return certificate;
}

base::Result<std::vector<CertificatePtr>> parse_pem(std::string_view pem, std::size_t limit,
                                                    OSSL_LIB_CTX* library) {
  auto chain = pem_to_der(pem, limit);
  if (!chain) return chain.error();
  std::vector<CertificatePtr> out;
  for (const std::string& der : *chain) {
    auto certificate = parse_der(der, library);
    if (!certificate) return place(out.size(), certificate.error().message);
    out.push_back(*std::move(certificate));
  }
  return out;
}

base::Micros not_after_of(const X509* certificate) { return wall(X509_get0_notAfter(certificate)); }

std::string to_der(X509* certificate) {
  unsigned char* data = nullptr;
  const int size = i2d_X509(certificate, &data);
  std::string der;
  if (size > 0) der.assign(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  return der;
}

std::string key_id_of(EVP_PKEY* key) {
  unsigned char* data = nullptr;
  const int size = i2d_PUBKEY(key, &data);
  std::string id;
  if (size > 0) {
    id = base::view(base::sha256({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)}));
  }
  OPENSSL_free(data);
  return id;
}

std::string key_type_of(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) return "RSA " + std::to_string(EVP_PKEY_get_bits(key));
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return "Ed25519";
  std::array<char, 64> group{};
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1) {
    const std::string_view name = group.data();
    if (name == "prime256v1") return "EC P-256";
    if (name == "secp384r1") return "EC P-384";
    if (name == "secp521r1") return "EC P-521";
    return "EC " + std::string(name);
  }
  const char* name = EVP_PKEY_get0_type_name(key);
  return name == nullptr ? "unknown" : name;
}

CertificateFacts facts_of(X509* certificate) {
  CertificateFacts facts;
  facts.subject = name_text(X509_get_subject_name(certificate));
  facts.issuer = name_text(X509_get_issuer_name(certificate));
  facts.serial = serial_text(certificate);
  facts.fingerprint = base::sha256_hex(to_der(certificate));
  if (EVP_PKEY* key = X509_get0_pubkey(certificate)) {
    facts.key_id = key_id_of(key);
    facts.key_type = key_type_of(key);
  }
  facts.not_before = wall(X509_get0_notBefore(certificate));
  facts.not_after = not_after_of(certificate);
  facts.authority = X509_check_ca(certificate) == 1;
  add_names(certificate, facts);
  return facts;
}

base::Result<CertificateFacts> read_certificate(std::string_view der) {
  auto certificate = parse_der(der);
  if (!certificate) return certificate.error();
  CertificateFacts names;
  if (!add_names(certificate->get(), names)) {
    return fail(Code::Invalid, "the certificate has a name that is empty or not printable");
  }
  return facts_of(certificate->get());
}

base::Result<std::vector<CertificateFacts>> read_chain(std::string_view pem) {
  auto chain = pem_to_der(pem);
  if (!chain) return chain.error();
  std::vector<CertificateFacts> out;
  for (const std::string& der : *chain) {
    auto facts = read_certificate(der);
    if (!facts) return place(out.size(), facts.error().message);
    out.push_back(*std::move(facts));
  }
  return out;
}

}  // namespace postern::certs
