// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/sealed_key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <memory>

#include "base/crypto.h"
#include "certs/certificate.h"
#include "certs/openssl_ptr.h"
#include "certs/private_key.h"

namespace postern::certs {
namespace {

using base::Code;
using base::fail;

// RFC 7914: 16 MiB, which OpenSSL's own limit for reading lets pass.
constexpr std::uint64_t kScryptN = 1U << 14U, kScryptR = 8, kScryptP = 3;
constexpr int kSaltSize = 16;
constexpr int kPkcs12Iterations = 200'000;
constexpr std::string_view kSealedBegin = "-----BEGIN ENCRYPTED PRIVATE KEY-----";

struct InfoFree {
  void operator()(PKCS8_PRIV_KEY_INFO* info) const noexcept { PKCS8_PRIV_KEY_INFO_free(info); }
};
struct SealedFree {
  void operator()(X509_SIG* sealed) const noexcept { X509_SIG_free(sealed); }
};
struct Pkcs12Free {
  void operator()(PKCS12* bag) const noexcept { PKCS12_free(bag); }
};
struct StackFree {  // of borrowed certificates
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};
using InfoPtr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, InfoFree>;
using SealedPtr = std::unique_ptr<X509_SIG, SealedFree>;
using Pkcs12Ptr = std::unique_ptr<PKCS12, Pkcs12Free>;
using StackPtr = std::unique_ptr<STACK_OF(X509), StackFree>;

base::Error cannot(const char* what) {
  return fail(Code::Internal, std::string(what) + ": " + openssl_reason());
}

}  // namespace

base::Result<std::string> seal_key(std::string_view key_pem, std::string_view passphrase) {
  if (passphrase.size() < kShortestPassphrase || passphrase.size() > kLongestPassphrase)
    return fail(Code::Invalid, "a passphrase has 12 to 1024 bytes");
  auto key = read_private_key(key_pem, "the key");
  if (!key) return key.error();
  ERR_clear_error();
  std::string salt = base::random_bytes(kSaltSize);
  X509_ALGOR* way = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), reinterpret_cast<unsigned char*>(salt.data()),
                                          kSaltSize, nullptr, kScryptN, kScryptR, kScryptP);
  const InfoPtr info(EVP_PKEY2PKCS8(key->get()));
  if (way == nullptr || info == nullptr) {
    X509_ALGOR_free(way);
    return cannot("the key cannot be sealed");
  }
  // Takes way, if it succeeds.
  const SealedPtr sealed(
      PKCS8_set0_pbe(passphrase.data(), static_cast<int>(passphrase.size()), info.get(), way));
  if (sealed == nullptr) {
    X509_ALGOR_free(way);
    return cannot("the key cannot be sealed");
  }
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (out == nullptr || PEM_write_bio_PKCS8(out.get(), sealed.get()) != 1)
    return cannot("the key cannot be sealed");
  return memory_text(out.get());
}

bool is_sealed_key(std::string_view pem) { return pem.find(kSealedBegin) != std::string_view::npos; }

base::Result<std::string> open_sealed_key(std::string_view pem, std::string_view passphrase) {
  if (pem.size() > kKeyFileLimit || passphrase.size() > kLongestPassphrase)
    return fail(Code::Limit, "the key file or the passphrase is too long");
  ERR_clear_error();
  const BioPtr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const SealedPtr sealed(in == nullptr ? nullptr : PEM_read_bio_PKCS8(in.get(), nullptr, nullptr, nullptr));
  if (sealed == nullptr) return fail(Code::Invalid, "there is no sealed key in it: " + openssl_reason());
  const InfoPtr info(PKCS8_decrypt(sealed.get(), passphrase.data(), static_cast<int>(passphrase.size())));
  ERR_clear_error();
  const KeyPtr key(info == nullptr ? nullptr : EVP_PKCS82PKEY(info.get()));
  if (key == nullptr) return fail(Code::Denied, "the key does not open with this passphrase");
  const BioPtr out(BIO_new(BIO_s_secmem()));
  if (out == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return cannot("the key cannot be written");
  return memory_text(out.get());
}

base::Result<std::string> make_pkcs12(const Credentials& credentials, std::string_view issuer_pem,
                                      const std::string& name, const std::string& password) {
  auto key = read_private_key(credentials.key_pem, "the key");
  if (!key) return key.error();
  auto own = parse_pem(credentials.certificate_pem);
  if (!own) return own.error();
  auto issuers = parse_pem(issuer_pem);
  if (!issuers) return issuers.error();
  ERR_clear_error();
  const StackPtr above(sk_X509_new_null());
  for (const CertificatePtr& one : *issuers) {
    if (above == nullptr || sk_X509_push(above.get(), one.get()) <= 0)
      return cannot("the file cannot be made");
  }
  const Pkcs12Ptr bag(PKCS12_create(password.c_str(), name.c_str(), key->get(), own->front().get(),
                                    above.get(), 0, 0, kPkcs12Iterations, kPkcs12Iterations, 0));
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (bag == nullptr || out == nullptr || i2d_PKCS12_bio(out.get(), bag.get()) != 1)
    return cannot("the file cannot be made");
  return memory_text(out.get());
}

}  // namespace postern::certs
