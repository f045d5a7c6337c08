// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/tls/settings.h"

#include <openssl/err.h>

#include <string>

#include "certs/openssl_ptr.h"
#include "certs/post_quantum.h"
#include "gateway/tls/session_state.h"

namespace postern::tls {
namespace {

// Mozilla's intermediate list (version 5.7) without its DHE suite: forward secrecy and authenticated
// encryption, all of them.
constexpr const char* kTls12Suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kTls13Suites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr const char* kGroupsWithPostQuantum = "X25519MLKEM768:X25519:P-256:P-384";
// 112 bits for what the handshake itself is made of; certificates are judged by certs/strength.h.
constexpr int kSecurityLevel = 2;
// Bytes of certificates that a peer may send before it is known.
constexpr long kPeerChainBytes = 64L << 10;

void on_info(const SSL* ssl, int where, int value) noexcept {
  constexpr int kFatal = 2;
  if ((where & SSL_CB_ALERT) == 0 || (value >> 8) != kFatal) return;
  Session::State* state = state_of(ssl);
  if (state == nullptr) return;
  state->alert = value & 0xff;
  state->alert_received = (where & SSL_CB_READ) != 0;
}

// SSL_CTX_set1_groups_list without its macro, which casts const away.
long set_groups(SSL_CTX* context) {
  std::string groups(certs::has_post_quantum_agreement() ? kGroupsWithPostQuantum : kGroups);
  return SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, groups.data());
}

}  // namespace

base::Error refused(base::Code code, std::string_view what) {
  return base::fail(code, std::string(what) + ": " + certs::openssl_reason());
}

base::Status apply_settings(SSL_CTX* context) {
  // A server's order decides, so that nobody who changes a client's list changes what is agreed; but a client that
  // puts ChaCha20 first has no hardware for AES.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // An idle connection holds no record buffers; a write that is repeated may come from elsewhere in memory; a
  // chain is what the configuration says and nothing that a store adds to it.
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_security_level(context, kSecurityLevel);
  SSL_CTX_set_max_cert_list(context, kPeerChainBytes);
  SSL_CTX_set_info_callback(context, on_info);
  if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
      SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
      SSL_CTX_set_cipher_list(context, kTls12Suites) == 1 &&
      SSL_CTX_set_ciphersuites(context, kTls13Suites) == 1 && set_groups(context) == 1) {
    return base::Ok{};
  }
  return base::fail(base::Code::Internal,
                    "the TLS settings could not be applied: " + certs::openssl_reason());
}

}  // namespace postern::tls
