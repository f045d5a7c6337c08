// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/library.h"

#include <openssl/crypto.h>

namespace postern::certs {

// A configuration that is missing or has faults is OpenSSL's own affair: it goes on with its defaults.
void load_openssl() { OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, nullptr); }

}  // namespace postern::certs
