// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A TLS server that is not ours: OpenSSL bare, so that it can do what ServerContext never does (TLS 1.2 only, insist on a
// client's certificate, staple) and so that a client is not only tested against its own twin. One context, one connection after
// the other.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "certs/issue.h"
#include "gateway/tls/glimpse.h"
#include "gateway/tls/session.h"

namespace postern::tls {

struct RawServerOptions {
  bool tls12 = false;
  std::string schemes;       // of clients, OpenSSL's list; empty: its own
  std::string client_roots;  // PEM; a client of these roots is insisted on; empty: none is asked for
  base::Micros now = 0;
  std::string staple = {};  // an OCSP response in DER; empty: none
};

class RawServer {
 public:
  RawServer(const certs::Credentials& leaf, const RawServerOptions& options);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  // A new connection: moves bytes between the two until both are done, and then what the server says last. False: one of
  // them failed, or neither can go on.
  bool shake_hands(Session& client);
  // Of the last connection. Subject: the client's certificate's, "CN=viewer"; empty: it showed none.
  std::string subject() const;
  bool resumed() const;

  // The same with who only looks.
  base::Result<Presented> show(Glimpse& glimpse);
  bool finished() const;  // the server's handshake

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::tls
