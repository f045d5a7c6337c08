// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/tls/server_context.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <optional>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/crypto.h"
#include "certs/certificate.h"
#include "certs/verify.h"
#include "gateway/tls/certificate_choice.h"
#include "gateway/tls/remote_certificate.h"
#include "gateway/tls/session_state.h"
#include "gateway/tls/settings.h"
#include "gateway/tls/signer_provider.h"
#include "gateway/tls/ticket.h"

namespace postern::tls {

// Members are destroyed from the last: the SSL_CTX before what it uses. Sessions share this and keep it until
// they end.
struct ServerContext::State {
  const base::Clock* clock = nullptr;
  RemoteSigner* signer = nullptr;
  std::shared_ptr<SignerLibrary> library;
  std::vector<std::shared_ptr<RemoteCertificate>> certificates;
  std::vector<ServerCertificate> settings;  // as certificates
  CertificateChoice choice;
  TicketRing tickets;
  std::optional<certs::Verifier> clients;  // nothing: nobody is asked for a certificate
  SslContextPtr context;
};

namespace {

using base::Code;
using base::fail;
using base::Ok;

constexpr std::size_t kTickets = 2;

// acme-tls/1 alone, as a client of RFC 8737 section 3 sends it: the whole extension.
constexpr std::string_view kChallengeOnly(
    "\0\x0b\x0a"
    "acme-tls/1",
    13);
constexpr std::string_view kChallengeProtocol = kChallengeOnly.substr(3);

// Before anything else of a hello is looked at: a challenge is no resumed session.
int on_hello(SSL* ssl, int* /*alert*/, void* /*data*/) noexcept {
  const unsigned char* list = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &list, &size) == 1 &&
      std::string_view(reinterpret_cast<const char*>(list), size) == kChallengeOnly) {
    state_of(ssl)->asks_challenge = true;
    SSL_set_options(ssl, SSL_OP_NO_TICKET);
  }
  return SSL_CLIENT_HELLO_SUCCESS;
}

// The first moment at which the name is known; in TLS 1.3 the protocol is chosen before the certificate. Where no challenge
// runs on_protocols ends the handshake.
int on_server_name(SSL* ssl, int* /*alert*/, void* data) noexcept try {
  const auto& state = *static_cast<const ServerContext::State*>(data);
  Session::State& session = *state_of(ssl);
  if (!session.asks_challenge) return SSL_TLSEXT_ERR_OK;
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const base::Result<std::string> pem = state.signer->challenge_certificate(name == nullptr ? "" : name);
  if (!pem.ok() || pem->empty()) return SSL_TLSEXT_ERR_OK;
  auto certificate = RemoteCertificate::make(*pem, *state.signer, state.library);
  if (certificate.ok()) session.challenge = *std::move(certificate);
  return SSL_TLSEXT_ERR_OK;
} catch (const std::exception&) {
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int show_challenge(SSL* ssl, const RemoteCertificate& certificate) {
  SSL_certs_clear(ssl);
  SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
  SSL_set_num_tickets(ssl, 0);
  return certificate.use_in(ssl).ok() ? 1 : 0;
}

// The context has the fallback's certificates: a connection that wants others gets these instead.
int on_certificate(SSL* ssl, void* data) noexcept {
  const auto& state = *static_cast<const ServerContext::State*>(data);
  if (const auto& challenge = state_of(ssl)->challenge; challenge != nullptr)
    return show_challenge(ssl, *challenge);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const std::vector<std::size_t>& chosen = state.choice.of(name == nullptr ? "" : name);
  if (chosen == state.choice.fallback()) return 1;
  SSL_certs_clear(ssl);
  for (const std::size_t number : chosen) {
    if (!state.certificates[number]->use_in(ssl)) return 0;
  }
  return 1;
}

// Asked for only when the client wants one (RFC 6066 section 8), after the certificate was chosen.
int on_status(SSL* ssl, void* data) noexcept {
  const auto& state = *static_cast<const ServerContext::State*>(data);
  const X509* shown = SSL_get_certificate(ssl);
  for (std::size_t i = 0; i < state.certificates.size(); ++i) {
    if (state.certificates[i]->leaf() != shown) continue;
    const ServerCertificate& own = state.settings[i];
    if (own.staple.empty() || state.clock->wall() >= own.staple_until) return SSL_TLSEXT_ERR_NOACK;
    auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(own.staple.data(), own.staple.size()));
    if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
    // SSL_set_tlsext_status_ocsp_resp without its macro, which is an old-style cast; it owns the copy.
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP, static_cast<long>(own.staple.size()), copy);
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

// Where a protocol stands in the client's list; nullptr: it does not.
const unsigned char* find_protocol(std::string_view wanted, const unsigned char* offered, unsigned size) {
  for (std::size_t at = 0; at < size; at += 1U + offered[at]) {
    if (at + 1 + offered[at] > size) break;
    if (std::string_view(reinterpret_cast<const char*>(offered) + at + 1, offered[at]) == wanted)
      return offered + at + 1;
  }
  return nullptr;
}

// A client that offers nothing that is spoken here must not believe that we speak one of its protocols (RFC 7301
// section 3.2). data: not nullptr if HTTP/2 is spoken.
int on_protocols(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                 unsigned offered_size, void* data) noexcept {
  const bool challenge = state_of(ssl)->challenge != nullptr;
  const unsigned char* chosen = challenge         ? find_protocol(kChallengeProtocol, offered, offered_size)
                                : data == nullptr ? nullptr
                                                  : find_protocol("h2", offered, offered_size);
  if (chosen == nullptr) chosen = find_protocol("http/1.1", offered, offered_size);
  if (chosen == nullptr) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  *out_size = chosen[-1];
  return SSL_TLSEXT_ERR_OK;
}

// The client's certificate as for every session, and then no ticket for whoever showed one: tickets are sent
// after this.
int on_client_certificates(X509_STORE_CTX* context, void* unused) noexcept {
  const int accepted = on_certificates(context, unused);
  if (accepted == 1) {
    auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
    SSL_set_num_tickets(ssl, 0);
  }
  return accepted;
}

base::Status ask_clients(SSL_CTX* context, const certs::Verifier& verifier) {
  for (const certs::Candidate& root : verifier.anchors()) {
    if (SSL_CTX_add_client_CA(context, root.certificate.get()) != 1)
      return refused(Code::Invalid, "a root for clients cannot be used");
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, on_client_certificates, nullptr);
  return Ok{};
}

// Tickets carry this; one of another listener is not resumed even if the keys were the same.
base::Status name_listener(SSL_CTX* context, const std::string& listener) {
  const base::Sha256 id = base::sha256("postern listener " + listener);
  static_assert(sizeof(base::Sha256) <= SSL_MAX_SID_CTX_LENGTH);
  if (SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(id.data()), id.size()) ==
      1) {
    return Ok{};
  }
  return refused(Code::Invalid, "the listener cannot be named");
}

}  // namespace

base::Status ServerContext::take_certificates(State& state, const ServerSettings& settings,
                                              RemoteSigner& signer) {
  POSTERN_CHECK(!settings.certificates.empty() && settings.certificates.size() <= kCertificatesLimit);
  auto library = SignerLibrary::make();
  if (!library) return library.error();
  state.library = *std::move(library);
  for (const ServerCertificate& one : settings.certificates) {
    auto certificate = RemoteCertificate::make(one.chain_pem, signer, state.library);
    if (!certificate) return certificate.error();
    state.certificates.push_back(*std::move(certificate));
    state.settings.push_back(one);
    state.choice.add(certs::facts_of(state.certificates.back()->leaf()));
  }
  return Ok{};
}

ServerContext::ServerContext(std::shared_ptr<State> state) : state_(std::move(state)) {}
ServerContext::~ServerContext() = default;

base::Result<std::unique_ptr<ServerContext>> ServerContext::make(const ServerSettings& settings,
                                                                 RemoteSigner& signer,
                                                                 const base::Clock& clock) {
  auto state = std::make_shared<State>();
  state->clock = &clock;
  state->signer = &signer;
  if (auto taken = take_certificates(*state, settings, signer); !taken) return taken.error();
  OSSL_LIB_CTX* library = state->library->get();

  ERR_clear_error();
  state->context.reset(SSL_CTX_new_ex(library, nullptr, TLS_server_method()));
  SSL_CTX* context = state->context.get();
  if (context == nullptr) return refused(Code::Invalid, "TLS cannot be set up");
  if (auto applied = apply_settings(context); !applied) return applied.error();
  for (const std::size_t number : state->choice.fallback()) {
    if (auto used = state->certificates[number]->use_in(context); !used) return used.error();
  }
  SSL_CTX_set_cert_cb(context, on_certificate, state.get());
  if (settings.challenges) SSL_CTX_set_client_hello_cb(context, on_hello, nullptr);
  if (auto named = name_listener(context, settings.listener); !named) return named.error();
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, kTickets);
  // SSL_CTX_set_tlsext_servername_callback without its macro, which is an old-style cast.
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                        reinterpret_cast<void (*)()>(on_server_name));
  SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG, 0, state.get());
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, reinterpret_cast<void (*)()>(on_status));
  SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB_ARG, 0, state.get());
  SSL_CTX_set_alpn_select_cb(context, on_protocols, settings.http2 ? state.get() : nullptr);
  if (!use_ticket_ring(context, library, state->tickets))
    return refused(Code::Invalid, "tickets cannot be set up");
  if (!settings.client_roots_pem.empty()) {
    auto clients = certs::Verifier::make(settings.client_roots_pem);
    if (!clients) return clients.error();
    state->clients = *std::move(clients);
    if (auto asked = ask_clients(context, *state->clients); !asked) return asked.error();
  }
  return std::unique_ptr<ServerContext>(new ServerContext(std::move(state)));
}

void ServerContext::set_ticket_keys(const std::vector<certs::TicketKey>& keys) {
  POSTERN_CHECK(keys.size() <= certs::kTicketKeysLimit);
  state_->tickets.replace(keys);
}

std::unique_ptr<Session> ServerContext::start() const {
  auto session = make_state(state_->context.get(), state_, base::Side::Client);
  session->signer_failure = &state_->library->failure();
  SSL* ssl = session->ssl.get();
  session->clock = state_->clock;
  if (state_->clients) session->verifier = &*state_->clients;
  if (state_->tickets.keys.empty()) {
    SSL_set_options(ssl, SSL_OP_NO_TICKET);
    SSL_set_num_tickets(ssl, 0);
  }
  SSL_set_accept_state(ssl);
  return std::make_unique<Session>(std::move(session));
}

}  // namespace postern::tls
