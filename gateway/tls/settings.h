// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What every TLS connection of ours has in common, whichever end we are. Sources of this folder only.
#pragma once

#include <openssl/ssl.h>

#include <string_view>

#include "base/result.h"

namespace postern::tls {

// Versions, suites, groups, limits; and the callbacks that let a Session explain a failure.
base::Status apply_settings(SSL_CTX* context);

// What OpenSSL refused, with its reason.
base::Error refused(base::Code code, std::string_view what);

}  // namespace postern::tls
