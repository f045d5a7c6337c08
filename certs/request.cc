// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/request.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

#include "certs/certificate.h"
#include "certs/der.h"
#include "certs/openssl_ptr.h"
#include "certs/strength.h"

namespace postern::certs {
namespace {

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE REQUEST-----\n",
                           kEnd = "\n-----END CERTIFICATE REQUEST-----";

struct Pkcs10Free {
  void operator()(X509_REQ* request) const noexcept { X509_REQ_free(request); }
};

base::Error wrong(std::string what) {
  ERR_clear_error();
  return base::fail(base::Code::Invalid, base::Side::Client, "the certificate request " + std::move(what));
}

// One block, with a line's end behind it or none, and nothing around it.
base::Result<std::string> der_of(std::string_view pem) {
  while (pem.ends_with('\n') || pem.ends_with('\r')) pem.remove_suffix(1);
  if (!pem.starts_with(kBegin) || !pem.ends_with(kEnd) || pem.size() > 2 * kRequestDer)
    return wrong("is not one block of PEM, CERTIFICATE REQUEST");
  const auto blocks = pem_blocks(pem, "CERTIFICATE REQUEST", 1);
  if (!blocks.ok() || blocks->size() != 1 || pem.find("-----", kBegin.size()) != pem.size() - kEnd.size() + 1)
    return wrong("is not one sound block of PEM");
  if (blocks->front().size() > kRequestDer || !is_der(blocks->front())) return wrong("is not DER");
  return blocks->front();
}

}  // namespace

base::Result<std::string> key_of_request(std::string_view pem) {
  const auto der = der_of(pem);
  if (!der.ok()) return der.error();
  ERR_clear_error();
  const auto* next = reinterpret_cast<const unsigned char*>(der->data());
  const auto* const end = next + der->size();
  const std::unique_ptr<X509_REQ, Pkcs10Free> request(
      d2i_X509_REQ(nullptr, &next, static_cast<long>(der->size())));
  if (request == nullptr || next != end || X509_REQ_get_version(request.get()) != X509_REQ_VERSION_1)
    return wrong("is none: " + openssl_reason());
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr) return wrong("has a key that cannot be read: " + openssl_reason());
  if (const auto fault = judge_key(key)) return wrong(fault->what);
  const X509_ALGOR* algorithm = nullptr;
  X509_REQ_get0_signature(request.get(), nullptr, &algorithm);
  if (const auto fault = judge_algorithm(algorithm)) return wrong(fault->what);
  if (X509_REQ_verify(request.get(), key) != 1) return wrong("was not signed with the key that it names");
  ERR_clear_error();
  unsigned char* encoded = nullptr;
  const int size = i2d_PUBKEY(key, &encoded);
  if (size <= 0) return wrong("has a key that cannot be written");
  std::string out(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(size));
  OPENSSL_free(encoded);
  return out;
}

}  // namespace postern::certs
