// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A TLS client that is not ours: OpenSSL bare, so that it can do what ClientContext never does (TLS 1.2 only,
// old padding, client certificates, renegotiation) and so that a server is not only tested against its own
// twin.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/tls/session.h"

namespace postern::tls {

struct RawOptions {
  bool tls12 = false;
  int only_version = 0;      // TLS1_1_VERSION; 0: TLS 1.3 at most, or tls12
  bool anything = false;     // no security level: whatever the library has
  std::string schemes = {};  // OpenSSL's list: "RSA+SHA256"
  std::string suites = {};   // TLS 1.2: "ECDHE-RSA-AES128-GCM-SHA256"
  std::string suites13 = {};
  std::string groups = {};  // "P-384"
  std::string certificate_pem = {};
  std::string key_pem = {};
  std::string server_name = {};             // SNI; empty: none
  std::vector<std::string> protocols = {};  // ALPN
};

class RawClient {
 public:
  explicit RawClient(const RawOptions& options, const RawClient* resume = nullptr);
  ~RawClient();

  // Moves bytes between the two until both are done (true), or neither can go on.
  bool shake_hands(Session& server);
  // Starts a renegotiation, as TLS 1.2 allows; true if the server took part in it.
  bool renegotiate(Session& server);
  std::string exchange(Session& server, const std::string& text);  // what the server reads of it
  bool resumed() const;
  bool was_asked_for_a_certificate() const;  // and had none to show
  std::string peer_certificate() const;      // DER; after a handshake

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::tls
