// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/tls/raw_server.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/buffer.h"
#include "base/check.h"
#include "certs/certificate.h"
#include "gateway/tls/ssl_ptr.h"

namespace postern::tls {

struct RawServer::State {
  base::Micros now = 0;
  std::string staple;
  SslContextPtr context;
  SslPtr ssl;
  BIO* in = nullptr;   // owned by ssl
  BIO* out = nullptr;  // owned by ssl
  base::Buffer to_server{1U << 20U}, to_client{1U << 20U};

  void accept() {
    ssl.reset(SSL_new(context.get()));
    X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl.get()), now / base::kWallSecond);
    in = BIO_new(BIO_s_mem());
    out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), in, out);
    SSL_set_accept_state(ssl.get());
    to_server.clear();
    to_client.clear();
  }
  // One step of the handshake with all that has come: OpenSSL's answer.
  int step() {
    if (!to_server.empty()) {
      POSTERN_CHECK(BIO_write(in, to_server.view().data(), static_cast<int>(to_server.size())) > 0);
      to_server.clear();
    }
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl.get());
    char bytes[4096];
    for (int n = 0; (n = BIO_read(out, bytes, sizeof bytes)) > 0;)
      POSTERN_CHECK(to_client.write({bytes, static_cast<std::size_t>(n)}));
    return result;
  }
};

namespace {

int staple_it(SSL* ssl, void* text) {
  const auto& staple = *static_cast<const std::string*>(text);
  if (staple.empty()) return SSL_TLSEXT_ERR_NOACK;
  void* copy = OPENSSL_memdup(staple.data(), staple.size());  // the SSL's from here on
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP, static_cast<long>(staple.size()), copy);
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

RawServer::RawServer(const certs::Credentials& leaf, const RawServerOptions& options)
    : state_(std::make_unique<State>()) {
  state_->now = options.now;
  state_->context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = state_->context.get();
  SSL_CTX_set_max_proto_version(context, options.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  const auto chain = certs::parse_pem(leaf.certificate_pem);
  const certs::BioPtr text(BIO_new_mem_buf(leaf.key_pem.data(), static_cast<int>(leaf.key_pem.size())));
  const certs::KeyPtr key(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
  POSTERN_CHECK(chain.ok() && SSL_CTX_use_certificate(context, chain->front().get()) == 1 &&
                SSL_CTX_use_PrivateKey(context, key.get()) == 1);
  state_->staple = options.staple;
  // SSL_CTX_set_tlsext_status_cb and its argument without their macros, which are old-style casts.
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, reinterpret_cast<void (*)()>(staple_it));
  SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB_ARG, 0, &state_->staple);
  for (std::size_t i = 1; i < chain->size(); ++i)
    POSTERN_CHECK(SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) == 1);
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>("raw"), 3);
  if (!options.schemes.empty())
    POSTERN_CHECK(SSL_CTX_set1_client_sigalgs_list(context, options.schemes.c_str()) == 1);
  if (options.client_roots.empty()) return;
  const auto roots = certs::parse_pem(options.client_roots);
  POSTERN_CHECK(roots.ok());
  for (const certs::CertificatePtr& root : *roots)
    POSTERN_CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get()) == 1);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

RawServer::~RawServer() = default;

bool RawServer::shake_hands(Session& client) {
  state_->accept();
  for (int i = 0; i < 20; ++i) {
    std::string_view view = state_->to_client.view();
    const Progress progress = client.handshake(view, state_->to_server);
    state_->to_client.consume(state_->to_client.size() - view.size());
    const int result = state_->step();
    if (progress == Progress::Failed) return false;
    if (progress != Progress::Done) continue;
    // Its tickets, or its alert.
    char plain[16];
    view = state_->to_client.view();
    const bool sound = client.read(view, plain, state_->to_server).progress == Progress::WantMore;
    return sound && result == 1;
  }
  return false;
}

base::Result<Presented> RawServer::show(Glimpse& glimpse) {
  state_->accept();
  for (int i = 0; i < 20; ++i) {
    std::string_view view = state_->to_client.view();
    auto seen = glimpse.step(view, state_->to_server);
    state_->to_client.consume(state_->to_client.size() - view.size());
    state_->step();
    if (!seen) return seen.error();
    if (*seen) return **std::move(seen);
  }
  return base::fail(base::Code::Internal, "neither can go on");
}

bool RawServer::finished() const { return SSL_is_init_finished(state_->ssl.get()) == 1; }

std::string RawServer::subject() const {
  X509* leaf = SSL_get0_peer_certificate(state_->ssl.get());
  return leaf == nullptr ? std::string() : certs::facts_of(leaf).subject;
}

bool RawServer::resumed() const { return SSL_session_reused(state_->ssl.get()) == 1; }

}  // namespace postern::tls
