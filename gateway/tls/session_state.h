// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a Session hides, for the sources of this folder that make one.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "certs/verify.h"
#include "gateway/tls/byte_bio.h"
#include "gateway/tls/remote_certificate.h"
#include "gateway/tls/session.h"
#include "gateway/tls/ssl_ptr.h"

namespace postern::tls {

class AnswerSource;  // client_context.h

struct Session::State {
  ByteStream stream;
  std::shared_ptr<void> context;  // the context's state: the SSL below uses it until it is freed
  SslPtr ssl;
  base::Side peer = base::Side::Client;
  // In context: why a signature failed; nullptr for a client session that shows no certificate.
  std::optional<base::Error>* signer_failure = nullptr;
  std::string host;  // whom a client session expects
  const certs::Verifier* verifier =
      nullptr;  // in context, as is the clock; nullptr: nobody is asked for a certificate
  const base::Clock* clock = nullptr;
  const std::vector<certs::CrlPtr>* crls = nullptr;  // in context; nullptr: there are none
  const AnswerSource* answers = nullptr;             // likewise
  certs::Revocation revocation = certs::Revocation::Soft;
  bool asks_challenge = false;                   // acme-tls/1 and nothing else is offered
  std::shared_ptr<RemoteCertificate> challenge;  // that is shown for it; nullptr: none
  std::string verdict;                           // why the peer's certificate was not accepted
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

// For SSL_CTX_set_cert_verify_callback: the judgement is certs::Verifier's alone, and the session keeps its sentence.
// A client judges again when the staple of TLS 1.2 is there (on_staple, for SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB), before
// it has sent anything but its hello.
int on_certificates(X509_STORE_CTX* context, void* unused) noexcept;
int on_staple(SSL* ssl, void* unused) noexcept;

std::vector<std::string> der_of_all(const STACK_OF(X509) * certificates);
std::string_view staple_of(SSL* ssl);  // empty: none came
// Names the host that a client wants (not an address: RFC 6066 section 3 has no form for one), and asks for a staple.
// host is read until the handshake is over.
bool ask_for(SSL* ssl, std::string& host);

}  // namespace postern::tls
