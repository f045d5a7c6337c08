// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A sign-in by an identity provider, from the click until the browser comes back: bound to that browser by a cookie, and kept
// nowhere else. Pure.
//
//   cookie    = base64url(16 random bytes) "." seconds of the wall clock "." base64url(return_to)
//   state     = keyed_hash(key, "postern-openid-state" LF cookie)      likewise nonce and verifier; all in base64url
//   challenge = base64url(SHA-256(verifier))                           (RFC 7636, S256)
//
// The state that comes back proves that we made the cookie, and the cookie that this is the browser that began: whoever has
// another's link has no cookie to it, whoever has a cookie cannot choose what was asked of the provider. The verifier leaves
// for the token endpoint alone. The key is one that all enforcers share, and another one at the
// console; with a new one what was begun is void.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace postern::openid {

inline constexpr base::Micros kFlowTime = 600 * base::kWallSecond;  // for the person at the provider
inline constexpr std::size_t kFlowCookieLimit = 3072;

struct Flow {
  std::string cookie, return_to;
  std::string state, nonce, verifier, challenge;
  base::Micros began = 0;  // to the second
};

// return_to: how to go on afterwards, in the caller's words; nobody else can write it.
Flow begin_flow(std::string_view key, base::Micros now, std::string_view return_to);
// Of the cookie and the state that came back. Nothing: they do not belong together, or it took too long.
std::optional<Flow> resume_flow(std::string_view key, base::Micros now, std::string_view cookie,
                                std::string_view state);

}  // namespace postern::openid
