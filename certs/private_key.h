// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Private keys as files have them: unencrypted PEM. The sentences name the file and say what to do; none of
// them repeats anything of a key. Whoever calls this has read the key, and wipes it afterwards.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "certs/openssl_ptr.h"

namespace postern::certs {

inline constexpr std::size_t kKeyFileLimit = 64U << 10U;  // bytes of a key file

// path: for messages. Invalid if there is no key in it or it needs a password; Limit beyond kKeyFileLimit.
base::Result<KeyPtr> read_private_key(std::string_view pem, const std::string& path);

// A new key of EC P-256 (PKCS#8, PEM). The caller wipes it.
base::Result<std::string> make_private_key();

// Denied if Postern does no TLS with such a key, whichever end it is.
base::Status check_tls_key(EVP_PKEY* key);

// Invalid if the key is not that of the leaf in certificate_pem.
base::Status check_pair(EVP_PKEY* key, const std::string& path, std::string_view certificate_pem);

}  // namespace postern::certs
