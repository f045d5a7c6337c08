// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Owning aliases for libssl's types, beside those for libcrypto's in certs/openssl_ptr.h. Sources of this
// folder only.
#pragma once

#include <openssl/ssl.h>

#include <memory>

namespace postern::tls {

struct SslFree {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;
using SslContextPtr = std::unique_ptr<SSL_CTX, SslFree>;
using SslSessionPtr = std::unique_ptr<SSL_SESSION, SslFree>;

}  // namespace postern::tls
