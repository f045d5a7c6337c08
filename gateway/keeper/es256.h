// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Signatures of JSON Web Tokens and of ACME by keys of type EC P-256 (RFC 7518 section 3.4). Pure.
#pragma once

#include <openssl/types.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::keeper {

// {"crv","kty","x","y"} in the order that the thumbprint has (RFC 7638 section 3).
base::Result<std::string> jwk_of(EVP_PKEY* key);
base::Result<std::string> es256(EVP_PKEY* key, std::string_view text);  // r and s, not DER

}  // namespace postern::keeper
