// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Requests for a certificate (PKCS #10, RFC 2986): what proves to an issuer that the asker has the key. The subject is empty: a
// common name counts nowhere.
#pragma once

#include <openssl/types.h>

#include <span>
#include <string>

#include "base/result.h"

namespace postern::certs {

// In DER, signed with the key, which is of P-256. dns_names: those that are asked for, as subjectAltName; none: the issuer knows
// what the certificate will say.
base::Result<std::string> make_request(EVP_PKEY* key, std::span<const std::string> dns_names);
std::string request_to_pem(std::string_view der);

}  // namespace postern::certs
