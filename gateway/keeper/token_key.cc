// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/token_key.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>

#include "base/crypto.h"
#include "certs/certificate.h"
#include "certs/private_key.h"

namespace postern::keeper {
namespace {

using base::Code;
using base::fail;
using token::Mechanism;

constexpr std::size_t kChallenge = 64;  // random bytes that a token's key signs to prove that it is the one

struct EcdsaFree {
  void operator()(ECDSA_SIG* signature) const noexcept { ECDSA_SIG_free(signature); }
};
using EcdsaPtr = std::unique_ptr<ECDSA_SIG, EcdsaFree>;

// What stands before a digest in a PKCS#1 signature: RFC 8017 section 9.2, note 1. The last byte is the digest's size.
std::string digest_info(std::string_view digest) {
  constexpr char kSha256 = 1, kSha384 = 2, kSha512 = 3;  // 2.16.840.1.101.3.4.2.*
  const char which = digest.size() == 32 ? kSha256 : digest.size() == 48 ? kSha384 : kSha512;
  const auto size = static_cast<char>(digest.size());
  std::string out("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20", 19);
  out[1] = static_cast<char>(digest.size() + 17);
  out[14] = which;
  out[18] = size;
  return out.append(digest);
}

base::Result<std::string> digest_of(const char* name, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  std::size_t size = 0;
  if (EVP_Q_digest(nullptr, name, nullptr, text.data(), text.size(), out, &size) != 1)
    return fail(Code::Internal, "nothing can be hashed: " + certs::openssl_reason());
  return std::string(reinterpret_cast<const char*>(out), size);  // NOLINT
}

// r and s as tokens give them, as TLS wants them: RFC 3279 section 2.2.3.
base::Result<std::string> ecdsa_der(std::string_view raw) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());  // NOLINT
  const int half = static_cast<int>(raw.size() / 2);
  const EcdsaPtr pair(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes, half, nullptr);
  BIGNUM* s = BN_bin2bn(bytes + half, half, nullptr);
  if (raw.empty() || raw.size() % 2 != 0 || pair == nullptr || r == nullptr || s == nullptr ||
      ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return fail(Code::Internal, "the token's signature is none");
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return fail(Code::Internal, "the token's signature is none");
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));  // NOLINT
  OPENSSL_free(der);
  return out;
}

bool verifies(EVP_PKEY* key, const char* digest, Padding padding, std::string_view text,
              std::string_view signature) {
  const certs::DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;                                                  // owned by context
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());           // NOLINT
  const auto* signed_by = reinterpret_cast<const unsigned char*>(signature.data());  // NOLINT
  const bool good =
      context != nullptr &&
      EVP_DigestVerifyInit_ex(context.get(), &settings, digest, nullptr, nullptr, key, nullptr) == 1 &&
      (padding != Padding::Pss || (EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) > 0 &&
                                   EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) > 0)) &&
      EVP_DigestVerify(context.get(), signed_by, signature.size(), bytes, text.size()) == 1;
  ERR_clear_error();
  return good;
}

base::Result<certs::KeyPtr> public_key_of(std::string_view certificate_pem) {
  auto chain = certs::parse_pem(certificate_pem);
  if (!chain.ok()) return chain.error();
  certs::KeyPtr key(X509_get_pubkey(chain->front().get()));
  if (key == nullptr) return fail(Code::Invalid, "the certificate has no key: " + certs::openssl_reason());
  return key;
}

}  // namespace

base::Result<TlsKey> find_token_key(const KeyInToken& name, std::string_view certificate_pem) {
  auto key = public_key_of(certificate_pem);
  if (!key.ok()) return key.error();
  if (auto usable = certs::check_tls_key(key->get()); !usable.ok()) return usable.error();
  const auto found = name.token->find(name.uri);
  if (!found.ok()) return found.error();
  TlsKey out{*std::move(key), name.token, *found};
  const std::string type = certs::key_type_of(out.key.get());
  const bool rsa = EVP_PKEY_is_a(out.key.get(), "RSA") == 1;
  const Padding padding = rsa ? Padding::Pss : Padding::None;
  const char* digest = type == "EC P-384" ? "SHA384" : type == "EC P-521" ? "SHA512" : "SHA256";
  if (type == "Ed25519") digest = nullptr;
  const std::string challenge = base::random_bytes(kChallenge);
  const auto signature = sign_in_token(out, digest, padding, challenge);
  if (!signature.ok()) {
    return fail(Code::Invalid, name.uri + " cannot be the key of the certificate (" + type +
                                   "), or not be used for TLS: " + signature.error().message);
  }
  if (!verifies(out.key.get(), digest, padding, challenge, *signature)) {
    return fail(Code::Invalid, "the key " + name.uri + " does not belong to the certificate (" +
                                   certs::read_chain(certificate_pem)->front().subject +
                                   "): give the key that it was issued for");
  }
  return out;
}

base::Result<std::string> sign_in_token(const TlsKey& key, const char* digest, Padding padding,
                                        std::string_view to_be_signed) {
  if (digest == nullptr) return key.token->sign(*key.in_token, Mechanism::Eddsa, to_be_signed);
  const auto hashed = digest_of(digest, to_be_signed);
  if (!hashed.ok()) return hashed;
  if (padding == Padding::Pkcs1)
    return key.token->sign(*key.in_token, Mechanism::RsaPkcs1, digest_info(*hashed));
  if (padding == Padding::Pss) return key.token->sign(*key.in_token, Mechanism::RsaPss, *hashed);
  const auto raw = key.token->sign(*key.in_token, Mechanism::Ecdsa, *hashed);
  return raw.ok() ? ecdsa_der(*raw) : raw;
}

}  // namespace postern::keeper
