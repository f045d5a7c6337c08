// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/web_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <array>
#include <memory>
#include <string>

namespace postern::certs {
namespace {

using base::Code;
using base::Result;
using base::Side;

constexpr std::size_t kCoordinate256 = 32, kCoordinate384 = 48, kEd25519 = 32;
constexpr std::size_t kLongestExponent = 4;  // bytes; larger ones only cost time

struct Row {
  WebAlgorithm algorithm;
  std::string_view name;
};
constexpr std::array<Row, 5> kNames{{{WebAlgorithm::Rs256, "RS256"},
                                     {WebAlgorithm::Ps256, "PS256"},
                                     {WebAlgorithm::Es256, "ES256"},
                                     {WebAlgorithm::Es384, "ES384"},
                                     {WebAlgorithm::EdDsa, "EdDSA"}}};

struct ParamsFree {
  void operator()(OSSL_PARAM_BLD* builder) const noexcept { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* params) const noexcept { OSSL_PARAM_free(params); }
  void operator()(ECDSA_SIG* signature) const noexcept { ECDSA_SIG_free(signature); }
};

const unsigned char* octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

base::Error unsound(std::string why) { return base::fail(Code::Invalid, Side::Client, std::move(why)); }

BignumPtr number_of(std::string_view bytes) {
  return BignumPtr(BN_bin2bn(octets(bytes), static_cast<int>(bytes.size()), nullptr));
}

// With the library's own check of a public key: a point that is not on its curve is none.
KeyPtr public_key(const char* type, OSSL_PARAM* params) {
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
    return nullptr;
  KeyPtr made(key);
  const KeyContextPtr check(EVP_PKEY_CTX_new_from_pkey(nullptr, made.get(), nullptr));
  return check != nullptr && EVP_PKEY_public_check(check.get()) == 1 ? std::move(made) : nullptr;
}

// r and s, each of half the length, as the DER that OpenSSL verifies; empty if they are not two halves.
std::string der_of(std::string_view signature, std::size_t coordinate) {
  if (signature.size() != 2 * coordinate) return {};
  const std::unique_ptr<ECDSA_SIG, ParamsFree> both(ECDSA_SIG_new());
  BignumPtr r = number_of(signature.substr(0, coordinate)), s = number_of(signature.substr(coordinate));
  if (both == nullptr || r == nullptr || s == nullptr) return {};
  if (ECDSA_SIG_set0(both.get(), r.get(), s.get()) != 1) return {};
  [[maybe_unused]] const BIGNUM* const owned[] = {r.release(), s.release()};
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(both.get(), &der);
  if (size <= 0) return {};
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

bool digest_verify(EVP_PKEY* key, const char* digest, bool pss, std::string_view message,
                   std::string_view signature) {
  const DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;  // the context's
  if (context == nullptr ||
      EVP_DigestVerifyInit_ex(context.get(), &settings, digest, nullptr, nullptr, key, nullptr) != 1)
    return false;
  if (pss && (EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) != 1 ||
              EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) != 1))
    return false;
  return EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(message),
                          message.size()) == 1;
}

}  // namespace

std::string_view to_text(WebAlgorithm algorithm) {
  return kNames.at(static_cast<std::size_t>(algorithm)).name;
}

std::optional<WebAlgorithm> web_algorithm_from_name(std::string_view name) {
  for (const Row& row : kNames) {
    if (row.name == name) return row.algorithm;
  }
  return std::nullopt;
}

Result<WebKey> WebKey::rsa(std::string_view modulus, std::string_view exponent) {
  ERR_clear_error();
  if (modulus.empty() || modulus.size() > kLargestRsa / 8 || exponent.empty() ||
      exponent.size() > kLongestExponent)
    return unsound("an RSA key of a size that is not used");
  const BignumPtr n = number_of(modulus), e = number_of(exponent);
  if (n == nullptr || e == nullptr || BN_num_bits(n.get()) < kSmallestRsa)
    return unsound("an RSA key of less than 2048 bits");
  const std::unique_ptr<OSSL_PARAM_BLD, ParamsFree> builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return base::fail(Code::Internal, openssl_reason());
  const std::unique_ptr<OSSL_PARAM, ParamsFree> params(OSSL_PARAM_BLD_to_param(builder.get()));
  KeyPtr key = params == nullptr ? nullptr : public_key("RSA", params.get());
  ERR_clear_error();
  if (key == nullptr) return unsound("no sound RSA key");
  return WebKey(Kind::Rsa, std::move(key));
}

Result<WebKey> WebKey::point(Kind kind, std::string_view x, std::string_view y) {
  ERR_clear_error();
  const std::size_t size = kind == Kind::P256 ? kCoordinate256 : kCoordinate384;
  if (x.size() != size || y.size() != size) return unsound("coordinates of another length than the curve's");
  std::string point("\x04");  // SEC 1 section 2.3.3: uncompressed
  point.append(x).append(y);
  std::string group = kind == Kind::P256 ? "P-256" : "P-384";
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  KeyPtr key = public_key("EC", params);
  ERR_clear_error();
  if (key == nullptr) return unsound("a point that is not on its curve");
  return WebKey(kind, std::move(key));
}

Result<WebKey> WebKey::p256(std::string_view x, std::string_view y) { return point(Kind::P256, x, y); }
Result<WebKey> WebKey::p384(std::string_view x, std::string_view y) { return point(Kind::P384, x, y); }

Result<WebKey> WebKey::ed25519(std::string_view x) {
  ERR_clear_error();
  if (x.size() != kEd25519) return unsound("an Ed25519 key of another length than 32 bytes");
  KeyPtr key(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, octets(x), x.size()));
  ERR_clear_error();
  if (key == nullptr) return unsound("no sound Ed25519 key");
  return WebKey(Kind::Ed25519, std::move(key));
}

bool WebKey::fits(WebAlgorithm algorithm) const {
  switch (kind_) {
    case Kind::Rsa:
      return algorithm == WebAlgorithm::Rs256 || algorithm == WebAlgorithm::Ps256;
    case Kind::P256:
      return algorithm == WebAlgorithm::Es256;
    case Kind::P384:
      return algorithm == WebAlgorithm::Es384;
    case Kind::Ed25519:
      return algorithm == WebAlgorithm::EdDsa;
  }
  return false;
}

bool WebKey::verify(WebAlgorithm algorithm, std::string_view message, std::string_view signature) const {
  if (!fits(algorithm)) return false;
  ERR_clear_error();
  bool right = false;
  if (kind_ == Kind::Rsa) {
    right = digest_verify(key_.get(), "SHA256", algorithm == WebAlgorithm::Ps256, message, signature);
  } else if (kind_ == Kind::Ed25519) {
    right = digest_verify(key_.get(), nullptr, false, message, signature);
  } else {
    const bool small = kind_ == Kind::P256;
    const std::string der = der_of(signature, small ? kCoordinate256 : kCoordinate384);
    right = !der.empty() && digest_verify(key_.get(), small ? "SHA256" : "SHA384", false, message, der);
  }
  ERR_clear_error();
  return right;
}

}  // namespace postern::certs
