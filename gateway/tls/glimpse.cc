// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/tls/glimpse.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <utility>

#include "base/bytes.h"
#include "certs/names.h"
#include "gateway/tls/session_state.h"
#include "gateway/tls/settings.h"

namespace postern::tls {

using base::Code;
using base::fail;

struct Glimpse::State {
  SslContextPtr context;
  std::unique_ptr<Session> session;
  Presented presented;
  bool proved = false;  // the server has the key of what it showed

  static int on_chain(X509_STORE_CTX* store, void* state) noexcept;
  static int on_end(SSL* ssl, void* state) noexcept;
  base::Status begin(std::string_view host);
};

int Glimpse::State::on_chain(X509_STORE_CTX* store, void* state) noexcept try {
  static_cast<State*>(state)->presented.chain = der_of_all(X509_STORE_CTX_get0_untrusted(store));
  return 1;
} catch (const std::exception&) {
  return 0;
}

// After the server's last message and before ours: the end.
int Glimpse::State::on_end(SSL* ssl, void* state) noexcept try {
  auto* self = static_cast<State*>(state);
  self->presented.staple = staple_of(ssl);
  self->proved = true;
  return 0;
} catch (const std::exception&) {
  return 0;
}

base::Status Glimpse::State::begin(std::string_view host) {
  ERR_clear_error();
  context.reset(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return refused(Code::Internal, "TLS cannot be set up");
  if (auto applied = apply_settings(context.get()); !applied) return applied;
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context.get(), on_chain, this);
  // SSL_CTX_set_tlsext_status_cb and its argument without their macros, which are old-style casts.
  SSL_CTX_callback_ctrl(context.get(), SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB,
                        reinterpret_cast<void (*)()>(on_end));
  SSL_CTX_ctrl(context.get(), SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB_ARG, 0, this);
  auto made = make_state(context.get(), nullptr, base::Side::Component);
  made->host = host;
  SSL* ssl = made->ssl.get();
  if (!ask_for(ssl, made->host)) return refused(Code::Internal, "the host cannot be named");
  SSL_set_connect_state(ssl);
  session = std::make_unique<Session>(std::move(made));
  return base::Ok{};
}

Glimpse::Glimpse(std::unique_ptr<State> state) : state_(std::move(state)) {}
Glimpse::~Glimpse() = default;

base::Result<std::unique_ptr<Glimpse>> Glimpse::make(std::string_view host) {
  if (!certs::is_host(host))
    return fail(Code::Invalid, "\"" + base::printable(host) + "\" is neither a host name nor an IP address");
  auto state = std::make_unique<State>();
  if (auto begun = state->begin(host); !begun) return begun.error();
  return std::unique_ptr<Glimpse>(new Glimpse(std::move(state)));
}

base::Result<std::optional<Presented>> Glimpse::step(std::string_view& in, base::Buffer& out) {
  const Progress progress = state_->session->handshake(in, out);
  if (state_->proved) return std::optional(state_->presented);
  if (progress == Progress::Failed) return state_->session->error();
  if (progress == Progress::Done) return fail(Code::Internal, "a handshake was not ended");
  return std::optional<Presented>();
}

}  // namespace postern::tls
