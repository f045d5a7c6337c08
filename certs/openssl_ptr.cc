// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/openssl_ptr.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

namespace postern::certs {

void OpenSslFree::operator()(BIO* bio) const noexcept { BIO_free(bio); }
void OpenSslFree::operator()(ASN1_OCTET_STRING* octets) const noexcept { ASN1_OCTET_STRING_free(octets); }
void OpenSslFree::operator()(BIGNUM* number) const noexcept { BN_free(number); }
void OpenSslFree::operator()(EVP_CIPHER* cipher) const noexcept { EVP_CIPHER_free(cipher); }
void OpenSslFree::operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
void OpenSslFree::operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
void OpenSslFree::operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
void OpenSslFree::operator()(OSSL_LIB_CTX* library) const noexcept { OSSL_LIB_CTX_free(library); }
void OpenSslFree::operator()(X509* certificate) const noexcept { X509_free(certificate); }

std::string openssl_reason() {
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  if (const char* reason = ERR_reason_error_string(code)) return reason;
  return "error " + std::to_string(code);
}

std::string memory_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace postern::certs
