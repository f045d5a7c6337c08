// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/private_key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "certs/certificate.h"

namespace postern::certs {
namespace {

using base::Code;
using base::fail;

constexpr int kRsaBits = 2048;

// A key file that asks for a password would make its reader wait for a person.
extern "C" int postern_refuse_password(char* /*out*/, int /*size*/, int /*writing*/, void* /*data*/) {
  return -1;
}

}  // namespace

base::Result<KeyPtr> read_private_key(std::string_view pem, const std::string& path) {
  if (pem.size() > kKeyFileLimit) return fail(Code::Limit, path + " is longer than a key file is");
  if (pem.find("ENCRYPTED") != std::string_view::npos) {
    return fail(Code::Invalid,
                path + " is encrypted; give the key without a password (mode 0600 protects it)");
  }
  ERR_clear_error();
  const BioPtr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  KeyPtr key(in == nullptr ? nullptr
                           : PEM_read_bio_PrivateKey(in.get(), nullptr, postern_refuse_password, nullptr));
  if (key == nullptr) {
    return fail(Code::Invalid,
                path + " has no private key (\"-----BEGIN PRIVATE KEY-----\"): " + openssl_reason());
  }
  return key;
}

base::Result<std::string> make_private_key() {
  ERR_clear_error();
  const KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  // BIO_s_secmem wipes what it held.
  const BioPtr out(BIO_new(BIO_s_secmem()));
  if (key == nullptr || out == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return fail(Code::Internal, "no key can be made: " + openssl_reason());
  return memory_text(out.get());
}

base::Status check_tls_key(EVP_PKEY* key) {
  const std::string type = key_type_of(key);
  if (type == "Ed25519" || type == "EC P-256" || type == "EC P-384" || type == "EC P-521") return base::Ok{};
  if (EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= kRsaBits) return base::Ok{};
  return fail(Code::Denied, "a key of type " + type +
                                " cannot serve TLS here: use EC P-256, P-384, P-521, RSA of 2048 bits " +
                                "or more, or Ed25519");
}

base::Status check_pair(EVP_PKEY* key, const std::string& path, std::string_view certificate_pem) {
  auto chain = read_chain(certificate_pem);
  if (!chain) return chain.error();
  if (chain->front().key_id == key_id_of(key)) return base::Ok{};
  return fail(Code::Invalid,
              "the key in " + path + " does not belong to the certificate (" + chain->front().subject + ")");
}

}  // namespace postern::certs
