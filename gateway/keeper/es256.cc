// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/es256.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <array>
#include <memory>

#include "base/bytes.h"
#include "certs/certificate.h"
#include "certs/openssl_ptr.h"

namespace postern::keeper {
namespace {

constexpr std::size_t kPart = 32;  // bytes of a coordinate, and of each half of a signature

struct Es256Free {
  void operator()(ECDSA_SIG* signature) const noexcept { ECDSA_SIG_free(signature); }
};

base::Error es256_failed(const char* what) {
  return base::fail(base::Code::Internal, std::string(what) + ": " + certs::openssl_reason());
}

}  // namespace

base::Result<std::string> jwk_of(EVP_PKEY* key) {
  std::array<unsigned char, 2 * kPart + 1> point{};
  std::size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size) != 1 ||
      size != point.size() || point[0] != 4)
    return es256_failed("the key has no point");
  const std::string_view bytes(reinterpret_cast<const char*>(point.data()) + 1, 2 * kPart);
  return R"({"crv":"P-256","kty":"EC","x":")" + base::to_base64url(bytes.substr(0, kPart)) + R"(","y":")" +
         base::to_base64url(bytes.substr(kPart)) + "\"}";
}

base::Result<std::string> es256(EVP_PKEY* key, std::string_view text) {
  ERR_clear_error();
  const certs::DigestContextPtr context(EVP_MD_CTX_new());
  std::array<unsigned char, 128> der{};
  std::size_t size = der.size();
  if (context == nullptr ||
      EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key, nullptr) != 1 ||
      EVP_DigestSign(context.get(), der.data(), &size, reinterpret_cast<const unsigned char*>(text.data()),
                     text.size()) != 1)
    return es256_failed("the request could not be signed");
  const unsigned char* at = der.data();
  const std::unique_ptr<ECDSA_SIG, Es256Free> parts(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  std::array<unsigned char, 2 * kPart> out{};
  if (parts == nullptr || BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), out.data(), kPart) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), out.data() + kPart, kPart) < 0)
    return es256_failed("the request could not be signed");
  return std::string(reinterpret_cast<const char*>(out.data()), out.size());
}

}  // namespace postern::keeper
