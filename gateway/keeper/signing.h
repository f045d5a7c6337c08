// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a TLS key may sign, and signing it. The form of what is to be signed is the keeper's only defence
// against an asker that was taken over, so it is checked to the byte: see key_ring.h for what that is worth.
#pragma once

#include <openssl/types.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "certs/keeper_protocol.h"

namespace postern::keeper {

enum class Form {
  Neither,
  Tls12,  // RFC 8422 section 5.4: client random, server random, ECParameters (a named curve), the point
  Tls13,  // RFC 8446 section 4.4.3: 64 spaces, the server's context string, a zero, the transcript hash
};
Form form_of(std::string_view to_be_signed);

// Denied if the key, the scheme and the form do not belong together.
base::Result<std::string> sign(EVP_PKEY* key, certs::Scheme scheme, std::string_view to_be_signed);

// Denied if Postern serves no TLS with such a key.
base::Status check_key(EVP_PKEY* key);

}  // namespace postern::keeper
