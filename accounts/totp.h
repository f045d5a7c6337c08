// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Codes of an authenticator app (RFC 6238: HMAC-SHA-1, 30 seconds, six digits: what every app can do) and the recovery
// codes that stand in for them. Pure; time is given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace postern::accounts {

inline constexpr base::Micros kTotpStep = 30 * base::kWallSecond;
inline constexpr std::int64_t kTotpDrift = 1;  // steps that a clock may be off, either way
inline constexpr int kTotpDigits = 6;

std::int64_t totp_step(base::Micros now);
std::string totp_code(std::string_view secret, std::int64_t step);
// The step that the code belongs to, if it is within the drift and later than last, which was used already.
std::optional<std::int64_t> match_totp(std::string_view secret, std::string_view code, base::Micros now,
                                       std::int64_t last);

std::string to_base32(
    std::string_view bytes);  // RFC 4648 section 6, without padding: how an app wants its secret
// otpauth://totp/ISSUER:NAME?secret=..&issuer=.., which apps read from a QR code.
std::string otpauth_link(std::string_view issuer, std::string_view name, std::string_view secret);

inline constexpr std::size_t kRecoveryCodes = 10;
std::string make_recovery_code();  // "abcd-EFGH-2345-jkmn": 93 bits, so a fast hash of it keeps it secret
// What is stored of it, in hexadecimal. Hyphens and blanks are the reader's aid and not part of it.
std::string recovery_hash(std::string_view code);
bool looks_like_recovery_code(std::string_view code);  // rather than a code of an app

}  // namespace postern::accounts
