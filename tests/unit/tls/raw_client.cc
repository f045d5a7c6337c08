// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/tls/raw_client.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/buffer.h"
#include "base/check.h"
#include "certs/certificate.h"
#include "gateway/tls/ssl_ptr.h"

namespace postern::tls {

struct RawClient::State {
  SslContextPtr context;
  SslPtr ssl;
  SslSessionPtr ticket;
  BIO* in = nullptr;   // what the server sent; owned by ssl
  BIO* out = nullptr;  // what the server shall receive; owned by ssl
  base::Buffer to_server{1U << 20U};
  bool asked = false;

  void collect() {
    char bytes[4096];
    for (int n = 0; (n = BIO_read(out, bytes, sizeof bytes)) > 0;) {
      POSTERN_CHECK(to_server.write({bytes, static_cast<std::size_t>(n)}));
    }
  }
  void deliver(base::Buffer& from_server) {
    if (from_server.empty()) return;
    POSTERN_CHECK(BIO_write(in, from_server.view().data(), static_cast<int>(from_server.size())) > 0);
    from_server.clear();
  }
};

namespace {

void use_certificate(SSL_CTX* context, const RawOptions& options) {
  if (options.certificate_pem.empty()) return;
  auto chain = certs::parse_pem(options.certificate_pem);
  const certs::BioPtr key_text(
      BIO_new_mem_buf(options.key_pem.data(), static_cast<int>(options.key_pem.size())));
  const certs::KeyPtr key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  POSTERN_CHECK(chain.ok() && SSL_CTX_use_certificate(context, chain->front().get()) == 1);
  for (std::size_t i = 1; i < chain->size(); ++i) SSL_CTX_add1_chain_cert(context, (*chain)[i].get());
  POSTERN_CHECK(SSL_CTX_use_PrivateKey(context, key.get()) == 1);
}

}  // namespace

RawClient::RawClient(const RawOptions& options, const RawClient* resume) : state_(std::make_unique<State>()) {
  state_->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = state_->context.get();
  SSL_CTX_set_max_proto_version(context, options.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  if (options.anything) SSL_CTX_set_security_level(context, 0);
  if (options.only_version != 0) {
    POSTERN_CHECK(SSL_CTX_set_min_proto_version(context, options.only_version) == 1 &&
                  SSL_CTX_set_max_proto_version(context, options.only_version) == 1);
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  if (!options.suites.empty()) POSTERN_CHECK(SSL_CTX_set_cipher_list(context, options.suites.c_str()) == 1);
  if (!options.suites13.empty())
    POSTERN_CHECK(SSL_CTX_set_ciphersuites(context, options.suites13.c_str()) == 1);
  if (!options.schemes.empty())
    POSTERN_CHECK(SSL_CTX_set1_sigalgs_list(context, options.schemes.c_str()) == 1);
  if (!options.groups.empty()) POSTERN_CHECK(SSL_CTX_set1_groups_list(context, options.groups.c_str()) == 1);
  use_certificate(context, options);
  SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) noexcept -> int {
    static_cast<State*>(SSL_get_ex_data(ssl, 0))->ticket.reset(session);
    return 1;
  });
  SSL_CTX_set_client_cert_cb(context, [](SSL* ssl, X509**, EVP_PKEY**) noexcept -> int {
    static_cast<State*>(SSL_get_ex_data(ssl, 0))->asked = true;
    return 0;
  });
  state_->ssl.reset(SSL_new(context));
  SSL* ssl = state_->ssl.get();
  SSL_set_ex_data(ssl, 0, state_.get());
  state_->in = BIO_new(BIO_s_mem());
  state_->out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl, state_->in, state_->out);
  if (resume != nullptr && resume->state_->ticket != nullptr)
    SSL_set_session(ssl, resume->state_->ticket.get());
  // SSL_set_tlsext_host_name without its macro, which casts const away.
  std::string name = options.server_name;
  if (!name.empty())
    POSTERN_CHECK(SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1);
  std::string protocols;
  for (const std::string& one : options.protocols) protocols += static_cast<char>(one.size()) + one;
  POSTERN_CHECK(SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(protocols.data()),
                                    static_cast<unsigned>(protocols.size())) == 0);
  SSL_set_connect_state(ssl);
}

RawClient::~RawClient() = default;

bool RawClient::shake_hands(Session& server) {
  base::Buffer from_server(1U << 20U);
  for (int i = 0; i < 20; ++i) {
    ERR_clear_error();
    const int client = SSL_do_handshake(state_->ssl.get());
    state_->collect();
    std::string_view view = state_->to_server.view();
    const Progress progress = server.handshake(view, from_server);
    state_->to_server.clear();
    state_->deliver(from_server);
    if (progress == Progress::Failed) return false;
    if (client == 1 && progress == Progress::Done) {
      char none[1];
      SSL_read(state_->ssl.get(), none, sizeof none);  // takes the tickets
      return true;
    }
  }
  return false;
}

std::string RawClient::exchange(Session& server, const std::string& text) {
  ERR_clear_error();
  SSL_write(state_->ssl.get(), text.data(), static_cast<int>(text.size()));
  state_->collect();
  base::Buffer from_server(1U << 16U);
  std::string_view view = state_->to_server.view();
  char plain[4096];
  const ReadResult result = server.read(view, plain, from_server);
  state_->to_server.clear();
  state_->deliver(from_server);
  return {plain, result.size};
}

bool RawClient::renegotiate(Session& server) {
  ERR_clear_error();
  SSL_renegotiate(state_->ssl.get());
  SSL_do_handshake(state_->ssl.get());
  state_->collect();
  base::Buffer from_server(1U << 16U);
  std::string_view view = state_->to_server.view();
  char plain[16];
  server.read(view, plain, from_server);
  state_->to_server.clear();
  state_->deliver(from_server);
  const int result = SSL_do_handshake(state_->ssl.get());
  // A server that takes part asks for more; one that refuses sends no_renegotiation, on which OpenSSL's
  // client gives up.
  return result == 1 || SSL_get_error(state_->ssl.get(), result) == SSL_ERROR_WANT_READ;
}

std::string RawClient::peer_certificate() const {
  return certs::to_der(SSL_get0_peer_certificate(state_->ssl.get()));
}

bool RawClient::was_asked_for_a_certificate() const { return state_->asked; }

bool RawClient::resumed() const { return SSL_session_reused(state_->ssl.get()) == 1; }

}  // namespace postern::tls
