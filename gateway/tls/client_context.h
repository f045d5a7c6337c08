// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What all our TLS connections to one kind of server (the component, Mission Control) share: which roots are
// believed. Checks are those of certs/verify.h and cannot be turned off. TLS 1.2 or later, the suites of
// ServerContext.
//
// A connection to a server that was reached before resumes if the server gave a ticket (each is used once),
// while the certificate that was checked then is still valid.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "gateway/tls/session.h"

namespace postern::tls {

struct ClientSettings {
  std::string roots_pem;  // certs::read_system_roots(), or pinned
  std::string protocol;   // ALPN, such as "http/1.1"; empty: none is offered
};

class ClientContext {
 public:
  static base::Result<std::unique_ptr<ClientContext>> make(const ClientSettings& settings,
                                                           const base::Clock& clock);
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  // host: the DNS name or the IP literal (no brackets) that the server's certificate must be for. Invalid if
  // it is neither.
  base::Result<std::unique_ptr<Session>> start(std::string_view host);

 private:
  struct State;
  explicit ClientContext(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace postern::tls
