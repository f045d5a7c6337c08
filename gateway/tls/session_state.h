// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a Session hides, for the sources of this folder that make one.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>

#include "gateway/tls/byte_bio.h"
#include "gateway/tls/session.h"
#include "gateway/tls/signer_provider.h"
#include "gateway/tls/ssl_ptr.h"

namespace postern::tls {

struct Session::State {
  ByteStream stream;
  std::shared_ptr<void> context;  // the context's state: the SSL below uses it until it is freed
  SslPtr ssl;
  base::Side peer = base::Side::Client;
  SignerKey* signer_key = nullptr;  // in context; nullptr for a client session that shows no certificate
  std::string host;                 // whom a client session expects
  std::string verdict;              // why the peer's certificate was not accepted
  std::optional<base::Error> error;
  int alert = -1;
  bool alert_received = false;
  bool done = false;  // the handshake; OpenSSL's own answer changes with a failure
  bool peer_closed = false;
};

// nullptr while the SSL is being made.
Session::State* state_of(const SSL* ssl);

// An SSL of the context that reads and writes through the state's stream.
std::unique_ptr<Session::State> make_state(SSL_CTX* ssl_context, std::shared_ptr<void> context,
                                           base::Side peer);

// For SSL_set_verify: keeps the reason in words, and asks what OpenSSL does not (certs::identity_of).
int on_verify(int good, X509_STORE_CTX* context) noexcept;

}  // namespace postern::tls
