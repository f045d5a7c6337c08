// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What all TLS connections of one listener share. Settings are Mozilla's "intermediate" without what it keeps
// for old clients: TLS 1.2 and 1.3, forward-secret AEAD suites only (so the key never decrypts, it only
// signs), X25519MLKEM768 where OpenSSL has it (certs/post_quantum.h), X25519, P-256 and P-384, our order of preference
// except that a client's ChaCha20 goes first if it puts that first, no compression, no renegotiation, no early data.
//
// Resumption is by tickets sealed with keys that come from outside (the keeper), so that every terminator of
// a listener resumes what another began. A connection with a client certificate gets no ticket: each such
// connection proves anew that it holds the key, and is judged anew. Two tickets per full handshake: a browser
// spends one per connection (RFC 8446 appendix C.4) and opens some at once; a resumed connection brings one.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "certs/keeper_protocol.h"
#include "gateway/tls/remote_signer.h"
#include "gateway/tls/session.h"

namespace postern::tls {

inline constexpr std::size_t kCertificatesLimit = 32;  // of one listener

struct ServerCertificate {
  std::string chain_pem;  // the leaf, then its intermediates
  // The OCSP response that is shown with it to clients that ask for one; empty: there is none. Judged by whoever gives it.
  std::string staple = {};
  base::Micros staple_until = 0;  // from then on it is not shown
};

struct ServerSettings {
  std::string listener;  // tickets of one listener are worth nothing at another
  // At least one, kCertificatesLimit at most; certificate_choice.h says who is shown which.
  std::vector<ServerCertificate> certificates;
  std::string client_roots_pem;  // not empty: ask for a client certificate of these roots; none is fine, a
                                 // bad one is refused
  bool http2 = false;            // spoken beside HTTP/1.1, and preferred
  // Whoever offers acme-tls/1 and nothing else is shown the certificate of a running challenge, where there is one
  // (RemoteSigner::challenge_certificate), and is not asked for theirs; Session::answers_challenge() is true then.
  bool challenges = false;
};

class ServerContext {
 public:
  // signer and clock outlive every session. Invalid (side Us) says what is wrong with a certificate.
  static base::Result<std::unique_ptr<ServerContext>> make(const ServerSettings& settings,
                                                           RemoteSigner& signer, const base::Clock& clock);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  // The current key first; those behind it still open tickets, which are then renewed. Empty: no tickets are
  // given or taken, as before the first call. At most certs::kTicketKeysLimit.
  void set_ticket_keys(const std::vector<certs::TicketKey>& keys);

  std::unique_ptr<Session> start() const;

  struct State;  // server_context.cc

 private:
  static base::Status take_certificates(State& state, const ServerSettings& settings, RemoteSigner& signer);
  explicit ServerContext(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace postern::tls
