// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an authenticator and an authenticator app compute, from OpenSSL. All inputs may be a stranger's: what is not
// of the right form is false, never a failure of ours. Blocks for less than a millisecond.
#pragma once

#include <string>
#include <string_view>

namespace postern::accounts {

// ECDSA over P-256 with SHA-256. x, y: 32 bytes each, of a point on the curve. signature: DER, as WebAuthn has it.
bool verify_es256(std::string_view x, std::string_view y, std::string_view message,
                  std::string_view signature);
bool is_p256_point(std::string_view x, std::string_view y);

// RSASSA-PKCS1-v1_5 with SHA-256; what TPMs of older Windows machines have. n and e: big-endian.
inline constexpr int kSmallestRsa = 2048, kLargestRsa = 8192;  // bits
bool verify_rs256(std::string_view n, std::string_view e, std::string_view message,
                  std::string_view signature);
bool is_rsa_key(std::string_view n, std::string_view e);

std::string hmac_sha1(std::string_view key, std::string_view message);  // 20 bytes

}  // namespace postern::accounts
