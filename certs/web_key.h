// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Public keys as JSON Web Keys name them (RFC 7518 section 6, RFC 8037 section 2), and the signatures that are believed
// under them. All input may be a stranger's. What a key may verify follows from the key: an RSA key verifies RS256 and
// PS256, a curve its own algorithm, and nothing verifies by a shared secret, so no token can choose how it is judged.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "certs/openssl_ptr.h"

namespace postern::certs {

enum class WebAlgorithm : std::uint8_t { Rs256, Ps256, Es256, Es384, EdDsa };
std::string_view to_text(WebAlgorithm algorithm);  // "RS256"
// By its registered name, exactly. Nothing for all others: "none" and HMACs are not known here.
std::optional<WebAlgorithm> web_algorithm_from_name(std::string_view name);

class WebKey {
 public:
  static constexpr int kSmallestRsa = 2048, kLargestRsa = 8192;  // bits

  // Big-endian numbers and coordinates, as base64url decodes them. Invalid, side Client, with a clause about the key.
  static base::Result<WebKey> rsa(std::string_view modulus, std::string_view exponent);
  static base::Result<WebKey> p256(std::string_view x, std::string_view y);  // 32 bytes each
  static base::Result<WebKey> p384(std::string_view x, std::string_view y);  // 48 bytes each
  static base::Result<WebKey> ed25519(std::string_view x);                   // 32 bytes

  bool fits(WebAlgorithm algorithm) const;
  // signature: as a JWS has it; of ECDSA both numbers, each as long as the curve's (RFC 7518 section 3.4).
  bool verify(WebAlgorithm algorithm, std::string_view message, std::string_view signature) const;

 private:
  enum class Kind : std::uint8_t { Rsa, P256, P384, Ed25519 };
  WebKey(Kind kind, KeyPtr key) : kind_(kind), key_(std::move(key)) {}
  static base::Result<WebKey> point(Kind kind, std::string_view x, std::string_view y);

  Kind kind_;
  KeyPtr key_;
};

}  // namespace postern::certs
