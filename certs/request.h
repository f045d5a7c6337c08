// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Certificate requests (PKCS #10, RFC 2986) that come from outside. Of one only the key counts, once its signature shows
// that the asker has the private one; what names and wishes it carries is not looked at. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::certs {

inline constexpr std::size_t kRequestDer = 8U << 10U;  // bytes

// The key's SubjectPublicKeyInfo in DER. Invalid, side Client, with a sentence: not exactly one PEM block and nothing else;
// not DER, or not one request; a key or a signature that certs/RULES.md does not let pass; signed with another key.
base::Result<std::string> key_of_request(std::string_view pem);

}  // namespace postern::certs
