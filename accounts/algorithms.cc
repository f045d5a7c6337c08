// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "accounts/algorithms.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>

#include <memory>

#include "base/check.h"

namespace postern::accounts {
namespace {

template <auto release>
struct Release {
  template <typename T>
  void operator()(T* object) const {
    release(object);
  }
};
using PublicKey = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Release<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Release<BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Release<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Release<OSSL_PARAM_free>>;

const unsigned char* data_of(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

PublicKey make_key(const char* type, OSSL_PARAM* params) {
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
    return nullptr;
  PublicKey made(key);
  const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, made.get(), nullptr));
  if (check == nullptr || EVP_PKEY_public_check(check.get()) != 1) return nullptr;
  return made;
}

PublicKey p256_key(std::string_view x, std::string_view y) {
  if (x.size() != 32 || y.size() != 32) return nullptr;
  std::string point("\x04");  // SEC 1 section 2.3.3: uncompressed
  point.append(x).append(y);
  std::string group = "P-256";
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  return make_key("EC", params);
}

PublicKey rsa_key(std::string_view n, std::string_view e) {
  constexpr std::size_t kMostBytes = kLargestRsa / 8;
  if (n.empty() || n.size() > kMostBytes || e.empty() || e.size() > 4) return nullptr;
  const Number modulus(BN_bin2bn(data_of(n), static_cast<int>(n.size()), nullptr));
  const Number exponent(BN_bin2bn(data_of(e), static_cast<int>(e.size()), nullptr));
  if (modulus == nullptr || exponent == nullptr || BN_num_bits(modulus.get()) < kSmallestRsa) return nullptr;
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
    return nullptr;
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  return params == nullptr ? nullptr : make_key("RSA", params.get());
}

bool verify_with(EVP_PKEY* key, std::string_view message, std::string_view signature) {
  const DigestContext context(EVP_MD_CTX_new());
  const bool right =
      key != nullptr && context != nullptr &&
      EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key, nullptr) == 1 &&
      EVP_DigestVerify(context.get(), data_of(signature), signature.size(), data_of(message),
                       message.size()) == 1;
  ERR_clear_error();
  return right;
}

}  // namespace

bool verify_es256(std::string_view x, std::string_view y, std::string_view message,
                  std::string_view signature) {
  ERR_clear_error();
  return verify_with(p256_key(x, y).get(), message, signature);
}

bool is_p256_point(std::string_view x, std::string_view y) {
  const bool right = p256_key(x, y) != nullptr;
  ERR_clear_error();
  return right;
}

bool verify_rs256(std::string_view n, std::string_view e, std::string_view message,
                  std::string_view signature) {
  ERR_clear_error();
  return verify_with(rsa_key(n, e).get(), message, signature);
}

bool is_rsa_key(std::string_view n, std::string_view e) {
  const bool right = rsa_key(n, e) != nullptr;
  ERR_clear_error();
  return right;
}

std::string hmac_sha1(std::string_view key, std::string_view message) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  POSTERN_CHECK(HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), data_of(message), message.size(),
                     reinterpret_cast<unsigned char*>(out.data()), &size) != nullptr);
  out.resize(size);
  return out;
}

}  // namespace postern::accounts
