// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/strength.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "certs/certificate.h"

namespace postern::certs {
namespace {

constexpr int kShortestModulus = 2048;
constexpr int kLongestModulus = 8192;  // a check with a longer one costs milliseconds

constexpr std::array<std::string_view, 10> kAlgorithms = {
    "300d06092a864886f70d01010b0500",  // RSASSA-PKCS1-v1_5 with SHA-256, -384, -512
    "300d06092a864886f70d01010c0500", "300d06092a864886f70d01010d0500",
    // RSASSA-PSS with SHA-256, -384, -512, MGF-1 with the same, and a salt as long
    "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d060960"
    "864801"
    "65030402010500a203020120",
    "304106092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d060960"
    "864801"
    "65030402020500a203020130",
    "304106092a864886f70d01010a3034a00f300d06096086480165030402030500a11c301a06092a864886f70d010108300d060960"
    "864801"
    "65030402030500a203020140",
    "300a06082a8648ce3d040302",  // ECDSA with SHA-256, -384, -512
    "300a06082a8648ce3d040303", "300a06082a8648ce3d040304",
    "300506032b6570",  // Ed25519
};

std::optional<Fault> judge_rsa(EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  const std::string size = "has an RSA key of " + std::to_string(bits) + " bits";
  if (bits < kShortestModulus) return Fault{Rule::WeakKey, size + ", which is too short: 2048 is the least"};
  if (bits > kLongestModulus) return Fault{Rule::WeakKey, size + ": 8192 is the most"};
  if (bits % 8 != 0) return Fault{Rule::WeakKey, size + ", which is not a multiple of 8"};
  BIGNUM* read = nullptr;
  const bool there = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &read) == 1;
  const BignumPtr exponent(read);
  if (!there || BN_is_odd(exponent.get()) == 0 || BN_is_one(exponent.get()) == 1)
    return Fault{Rule::WeakKey, "has an RSA key whose exponent is not an odd number above 1"};
  return std::nullopt;
}

std::optional<Fault> judge_curve(EVP_PKEY* key) {
  int written_out = 0;
  EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &written_out);
  if (written_out != 0) return Fault{Rule::KeyKind, "has a key on a curve that is written out and not named"};
  const std::string type = key_type_of(key);
  if (type == "EC P-256" || type == "EC P-384" || type == "EC P-521") return std::nullopt;
  return Fault{Rule::KeyKind, "has a key of a kind that is not accepted: " + type};
}

}  // namespace

std::optional<Fault> judge_key(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) return judge_rsa(key);
  if (EVP_PKEY_is_a(key, "EC") == 1) return judge_curve(key);
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return std::nullopt;
  return Fault{Rule::KeyKind, "has a key of a kind that is not accepted: " + key_type_of(key)};
}

std::optional<Fault> judge_algorithm(const X509_ALGOR* algorithm) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_ALGOR(algorithm, &der);
  std::string encoded;
  if (size > 0) encoded = base::to_hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  if (std::find(kAlgorithms.begin(), kAlgorithms.end(), encoded) != kAlgorithms.end()) return std::nullopt;
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  const int nid = OBJ_obj2nid(object);
  const std::string name =
      nid == NID_undef ? std::string("an unknown algorithm") : std::string(OBJ_nid2ln(nid));
  return Fault{Rule::SignatureAlgorithm, "is signed in a way that is not accepted: " + name};
}

}  // namespace postern::certs
