// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/tls/ticket.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <array>
#include <cstring>

namespace postern::tls {
namespace {

// What OpenSSL's callback may answer.
constexpr int kFailed = -1;
constexpr int kNoTicket = 0;  // sealing: send an empty one. opening: not ours, do a full handshake
constexpr int kGood = 1;
constexpr int kRenew = 2;  // opened, and a new one should be sealed

TicketRing& ring_of(SSL* ssl) {
  return *static_cast<TicketRing*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0));
}

bool set_mac_key(EVP_MAC_CTX* mac, certs::TicketKey& key) {
  char digest[] = "SHA256";
  const std::array parameters = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
}

int seal(TicketRing& ring, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  if (ring.keys.empty()) return kNoTicket;
  certs::TicketKey& key = ring.keys.front();
  std::memcpy(name, key.name.data(), key.name.size());
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(ring.cipher.get())) != 1) return kFailed;
  if (EVP_EncryptInit_ex2(cipher, ring.cipher.get(), key.cipher.data(), iv, nullptr) != 1) return kFailed;
  return set_mac_key(mac, key) ? kGood : kFailed;
}

// In TLS 1.3 a ticket is used once (RFC 8446 appendix C.4), so that each resumption brings a new one.
int open(SSL* ssl, const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
         EVP_MAC_CTX* mac) {
  TicketRing& ring = ring_of(ssl);
  for (certs::TicketKey& key : ring.keys) {
    if (std::memcmp(name, key.name.data(), key.name.size()) != 0) continue;
    if (EVP_DecryptInit_ex2(cipher, ring.cipher.get(), key.cipher.data(), iv, nullptr) != 1) return kFailed;
    if (!set_mac_key(mac, key)) return kFailed;
    return &key == &ring.keys.front() && SSL_version(ssl) < TLS1_3_VERSION ? kGood : kRenew;
  }
  return kNoTicket;
}

int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
              int sealing) noexcept {
  if (sealing == 0) return open(ssl, name, iv, cipher, mac);
  // Whoever showed a certificate shows it again on each connection; TLS 1.3 does not even come here
  // (server_context.cc).
  if (SSL_get0_peer_certificate(ssl) != nullptr) return kNoTicket;
  return seal(ring_of(ssl), name, iv, cipher, mac);
}

void wipe(std::vector<certs::TicketKey>& keys) {
  for (certs::TicketKey& key : keys) OPENSSL_cleanse(&key, sizeof key);
  keys.clear();
}

}  // namespace

TicketRing::~TicketRing() { wipe(keys); }

void TicketRing::replace(const std::vector<certs::TicketKey>& fresh) {
  wipe(keys);
  keys = fresh;
}

bool use_ticket_ring(SSL_CTX* context, OSSL_LIB_CTX* library, TicketRing& ring) {
  ring.cipher.reset(EVP_CIPHER_fetch(library, "AES-256-CBC", nullptr));
  return ring.cipher != nullptr && SSL_CTX_set_ex_data(context, 0, &ring) == 1 &&
         SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket) == 1;
}

}  // namespace postern::tls
