// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/make_request.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string_view>

#include "certs/certificate.h"
#include "certs/openssl_ptr.h"

namespace postern::certs {
namespace {

struct PkcsFree {
  void operator()(X509_REQ* request) const noexcept { X509_REQ_free(request); }
  void operator()(STACK_OF(X509_EXTENSION) * all) const noexcept {
    sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
  }
};

base::Error no_request() {
  return base::fail(base::Code::Internal,
                    "the request for a certificate could not be made: " + openssl_reason());
}

bool add_names(X509_REQ* request, std::span<const std::string> dns_names) {
  std::string names;
  for (const std::string& name : dns_names) names += (names.empty() ? "DNS:" : ",DNS:") + name;
  std::unique_ptr<STACK_OF(X509_EXTENSION), PkcsFree> extensions(sk_X509_EXTENSION_new_null());
  X509_EXTENSION* one = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  if (extensions == nullptr || one == nullptr || sk_X509_EXTENSION_push(extensions.get(), one) < 1) {
    X509_EXTENSION_free(one);
    return false;
  }
  return X509_REQ_add_extensions(request, extensions.get()) == 1;
}

}  // namespace

base::Result<std::string> make_request(EVP_PKEY* key, std::span<const std::string> dns_names) {
  ERR_clear_error();
  const std::unique_ptr<X509_REQ, PkcsFree> request(X509_REQ_new());
  if (request == nullptr || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_pubkey(request.get(), key) != 1 ||
      (!dns_names.empty() && !add_names(request.get(), dns_names)) ||
      X509_REQ_sign(request.get(), key, EVP_sha256()) <= 0)
    return no_request();
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(request.get(), &der);
  if (size <= 0) return no_request();
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

std::string request_to_pem(std::string_view der) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (out == nullptr || der.size() > kPemSizeLimit) return {};
  PEM_write_bio(out.get(), PEM_STRING_X509_REQ, "", reinterpret_cast<const unsigned char*>(der.data()),
                static_cast<long>(der.size()));
  return memory_text(out.get());
}

}  // namespace postern::certs
