// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which keys and signature algorithms are strong enough: those of the CA/Browser Forum's baseline requirements
// (6.1.5, 6.1.6, 7.1.3.2), and Ed25519, which that document does not know and private authorities use.
#pragma once

#include <openssl/types.h>

#include <optional>

#include "certs/rules.h"

namespace postern::certs {

std::optional<Fault> judge_key(EVP_PKEY* key);
// Byte for byte one of the encodings that the requirements print: parameters cannot be anything else then.
std::optional<Fault> judge_algorithm(const X509_ALGOR* algorithm);

}  // namespace postern::certs
