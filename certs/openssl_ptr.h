// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One owning alias per OpenSSL type. The types are opaque here (<openssl/types.h>), so that a header that
// holds one does not bring OpenSSL's own headers to those who include it.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

namespace postern::certs {

struct OpenSslFree {
  void operator()(BIO* bio) const noexcept;
  void operator()(ASN1_OCTET_STRING* octets) const noexcept;
  void operator()(BIGNUM* number) const noexcept;
  void operator()(EVP_CIPHER* cipher) const noexcept;
  void operator()(EVP_MD_CTX* context) const noexcept;
  void operator()(EVP_PKEY* key) const noexcept;
  void operator()(EVP_PKEY_CTX* context) const noexcept;
  void operator()(OSSL_LIB_CTX* library) const noexcept;
  void operator()(X509* certificate) const noexcept;
};

using BioPtr = std::unique_ptr<BIO, OpenSslFree>;
using OctetsPtr = std::unique_ptr<ASN1_OCTET_STRING, OpenSslFree>;
using BignumPtr = std::unique_ptr<BIGNUM, OpenSslFree>;
using CipherPtr = std::unique_ptr<EVP_CIPHER, OpenSslFree>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, OpenSslFree>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, OpenSslFree>;
using LibraryPtr = std::unique_ptr<OSSL_LIB_CTX, OpenSslFree>;
using CertificatePtr = std::unique_ptr<X509, OpenSslFree>;

// The oldest entry of this thread's error queue in words, and the queue is empty afterwards. It explains a
// failure; only a return value tells that there was one.
std::string openssl_reason();

std::string memory_text(BIO* bio);  // all that was written to a memory BIO

}  // namespace postern::certs
