// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Certificates as facts: what `status`, events and the console show of one, and the bounded door from PEM and
// DER to them. Nothing here says whether a certificate is to be believed: that is verify.h.
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "certs/openssl_ptr.h"

namespace postern::certs {

inline constexpr std::size_t kCertificateSizeLimit =
    16U << 10U;                                 // DER bytes of one; browsers' limits are of this order
inline constexpr std::size_t kChainLimit = 10;  // certificates that a peer or a file may present as one chain
inline constexpr std::size_t kRootsLimit =
    1000;  // certificates in a bundle of roots (Debian's has about 140)
inline constexpr std::size_t kPemSizeLimit = 2U << 20U;  // bytes of PEM text

struct CertificateFacts {
  std::string subject;      // RFC 2253, for people; control and non-ASCII characters are escaped
  std::string issuer;       // likewise
  std::string serial;       // lower-case hexadecimal
  std::string fingerprint;  // SHA-256 of the DER bytes, lower-case hexadecimal
  std::string key_id;       // SHA-256 of the SubjectPublicKeyInfo, 32 raw bytes: names the key to the keeper
  std::string key_type;     // "EC P-256", "RSA 2048", "Ed25519"
  base::Micros not_before = 0;
  base::Micros not_after = 0;
  bool authority = false;  // basicConstraints CA
  std::vector<std::string>
      dns_names;  // subjectAltName; a name with a NUL or another control byte makes the parse fail
  std::vector<std::string> ip_addresses;
  std::vector<std::string> emails;
  std::vector<std::string> uris;
};

// Errors are Invalid and name the certificate's place in the text ("certificate 2 of the chain ..."), side
// Us: it came from a file. PEM blocks of other kinds, and text between blocks, are skipped (as every PEM
// reader does); none at all is an error.
base::Result<std::vector<std::string>> pem_to_der(std::string_view pem, std::size_t limit = kChainLimit);
std::string der_to_pem(std::string_view der);
// The blocks of one kind ("X509 CRL") in a text whose size the caller has bounded. Invalid if one is damaged.
base::Result<std::vector<std::string>> pem_blocks(std::string_view text, std::string_view kind,
                                                  std::size_t limit);

base::Result<CertificateFacts> read_certificate(std::string_view der);
base::Result<std::vector<CertificateFacts>> read_chain(std::string_view pem);

// For this folder, gateway/tls and gateway/keeper. library nullptr is OpenSSL's default library context.
base::Result<CertificatePtr> parse_der(std::string_view der, OSSL_LIB_CTX* library = nullptr);
base::Result<std::vector<CertificatePtr>> parse_pem(std::string_view pem, std::size_t limit = kChainLimit,
                                                    OSSL_LIB_CTX* library = nullptr);
CertificateFacts facts_of(X509* certificate);  // names that are not printable are left out
base::Micros not_after_of(const X509* certificate);
std::string to_der(X509* certificate);
std::string key_id_of(EVP_PKEY* key);  // private or public
std::string key_type_of(EVP_PKEY* key);

}  // namespace postern::certs
