// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What all our TLS connections to one kind of server (the component, Mission Control) share: which roots are
// believed, and which certificate of ours is shown if the server asks for one. The server's is judged by certs/verify.h,
// which cannot be turned off, together with the OCSP response that it is asked to staple. TLS 1.2 or later, the suites
// of ServerContext.
//
// A connection to a server that was reached before resumes if the server gave a ticket (each is used once),
// while the certificate that was checked then is still valid; under Revocation::Hard none does, because what was known of it
// may be over. Tickets are the context's own: a connection never resumes
// one on which another certificate of ours was shown.
//
// Our certificate goes out after the server's was found good. In TLS 1.3 it is encrypted, in TLS 1.2 whoever listens can
// read it. Its key is elsewhere, and so a full handshake in which the server asks for it waits for the signer, as in
// remote_signer.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "certs/openssl_ptr.h"
#include "certs/verify.h"
#include "gateway/tls/remote_certificate.h"
#include "gateway/tls/session.h"

namespace postern::tls {

// What was fetched about the certificates of servers.
class AnswerSource {
 public:
  virtual ~AnswerSource() = default;
  virtual const certs::Answers* answers() const = 0;  // until the next call
  // A server has shown a chain that is good, or would be if more were known of revocations, and about which nothing was
  // fetched. Not from within a call of ours to be answered at once.
  virtual void asks(const std::vector<std::string>& chain, const std::string& host) const = 0;
};

struct ClientSettings {
  std::string roots_pem;  // certs::read_system_roots(), or pinned
  // ALPN, such as "http/1.1", or several, the one that is wanted most first: "h2,http/1.1". Empty: none is offered.
  std::string protocol;
  std::shared_ptr<RemoteCertificate> certificate = nullptr;  // of ours; nullptr: there is none to show
  // Lists of revoked certificates, sound (certs::check_crl); nullptr: there are none. One that is over is silent about whom
  // it does not name.
  std::shared_ptr<const std::vector<certs::CrlPtr>> crls = nullptr;
  certs::Revocation revocation = certs::Revocation::Soft;  // where neither they nor a staple say anything
  std::shared_ptr<const AnswerSource> answers = nullptr;   // nullptr: nobody is asked
};

class ClientContext {
 public:
  static base::Result<std::unique_ptr<ClientContext>> make(const ClientSettings& settings,
                                                           const base::Clock& clock);
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  // host: the DNS name or the IP literal (no brackets) that the server's certificate must be for. Invalid if
  // it is neither. protocol: what is offered this time, in place of the settings'; empty: those.
  base::Result<std::unique_ptr<Session>> start(std::string_view host, std::string_view protocol = {});

 private:
  struct State;
  explicit ClientContext(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace postern::tls
