// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A signed token in its compact form (RFC 7515 section 7.1): three parts of canonical base64url with dots between, of
// which the first two are JSON objects without a member twice. Pure; nothing here verifies: openid/keys.h does.
//
// Refused as well (RFC 8725): algorithms that certs/web_key.h does not know, so "none" and every HMAC; "crit", since no
// extension is known; "zip"; a "typ" that the caller did not ask for, so that no token of one kind passes for one of another.
// "jku", "jwk", "x5u" and "x5c" are not looked at: no token says where its key is.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "certs/web_key.h"

namespace postern::openid {

inline constexpr std::size_t kTokenLimit = 32U << 10U;  // bytes of a token
inline constexpr std::size_t kKidLimit = 512;
inline constexpr int kClaimsDepth = 8;

struct Jws {
  certs::WebAlgorithm algorithm{};
  std::string kid;  // empty: it names no key
  base::Json claims;
  std::string signed_part, signature;
};

// types: what "typ" may be, without "application/" and in any case of letters; it may always be missing. Invalid, side
// Client, with a sentence about the token that repeats nothing of it but the name of an algorithm.
base::Result<Jws> parse_jws(std::string_view token, std::span<const std::string_view> types);

}  // namespace postern::openid
