// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "accounts/totp.h"

#include <algorithm>

#include "accounts/algorithms.h"
#include "base/crypto.h"

namespace postern::accounts {
namespace {

constexpr std::size_t kRecoveryCharacters = 16;

std::string characters_of(std::string_view code) {
  std::string out;
  for (const char c : code) {
    if (c != '-' && c != ' ') out.push_back(c);
  }
  return out;
}

// RFC 3986 section 2.3.
std::string encode_component(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || c == '-' || c == '.' || c == '_' || c == '~') {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kDigits[byte >> 4U]);
    out.push_back(kDigits[byte & 15U]);
  }
  return out;
}

}  // namespace

std::int64_t totp_step(base::Micros now) { return now / kTotpStep; }

std::string totp_code(std::string_view secret, std::int64_t step) {
  std::string counter(8, '\0');
  for (std::size_t i = 0; i < 8; ++i)
    counter[7 - i] = static_cast<char>(static_cast<std::uint64_t>(step) >> (8 * i));
  const std::string digest = hmac_sha1(secret, counter);
  const std::size_t offset = static_cast<unsigned char>(digest.back()) & 15U;  // RFC 4226 section 5.3
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8U | static_cast<unsigned char>(digest[offset + i]);
  value = (value & 0x7FFF'FFFFU) % 1'000'000;
  std::string code = std::to_string(value);
  return std::string(kTotpDigits - code.size(), '0') + code;
}

std::optional<std::int64_t> match_totp(std::string_view secret, std::string_view code, base::Micros now,
                                       std::int64_t last) {
  const std::string given = characters_of(code);
  std::optional<std::int64_t> found;
  for (std::int64_t step = totp_step(now) - kTotpDrift; step <= totp_step(now) + kTotpDrift; ++step) {
    if (base::equals_constant_time(totp_code(secret, step), given) && step > last) found = step;
  }
  return found;
}

std::string to_base32(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : bytes) {
    held = held << 8U | static_cast<unsigned char>(c);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out.push_back(kAlphabet[(held >> bits) & 31U]);
    }
  }
  if (bits > 0) out.push_back(kAlphabet[(held << (5 - bits)) & 31U]);
  return out;
}

std::string otpauth_link(std::string_view issuer, std::string_view name, std::string_view secret) {
  const std::string who = encode_component(issuer);
  return "otpauth://totp/" + who + ":" + encode_component(name) + "?secret=" + to_base32(secret) +
         "&issuer=" + who;
}

std::string make_recovery_code() { return base::random_password(kRecoveryCharacters); }

std::string recovery_hash(std::string_view code) { return base::sha256_hex(characters_of(code)); }

bool looks_like_recovery_code(std::string_view code) {
  return characters_of(code).size() == kRecoveryCharacters;
}

}  // namespace postern::accounts
