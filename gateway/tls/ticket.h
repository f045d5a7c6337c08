// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Seals and opens session tickets (RFC 5077 section 4, RFC 8446 section 4.6.1) with keys that several
// processes share.
#pragma once

#include <openssl/ssl.h>

#include <vector>

#include "certs/keeper_protocol.h"
#include "certs/openssl_ptr.h"

namespace postern::tls {

struct TicketRing {
  certs::CipherPtr cipher;             // AES-256-CBC of the context's library
  std::vector<certs::TicketKey> keys;  // current first
  TicketRing() = default;
  TicketRing(const TicketRing&) = delete;
  TicketRing& operator=(const TicketRing&) = delete;
  ~TicketRing();
  void replace(const std::vector<certs::TicketKey>& fresh);  // the old ones are wiped
};

// ring outlives the context and its sessions.
bool use_ticket_ring(SSL_CTX* context, OSSL_LIB_CTX* library, TicketRing& ring);

}  // namespace postern::tls
