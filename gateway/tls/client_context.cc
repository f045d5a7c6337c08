// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/tls/client_context.h"

#include <openssl/err.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/bytes.h"
#include "certs/certificate.h"
#include "certs/verify.h"
#include "gateway/tls/session_state.h"
#include "gateway/tls/settings.h"

namespace postern::tls {

struct ClientContext::State {
  struct Ticket {
    SslSessionPtr session;
    base::Micros until = 0;  // the end of the certificate that was checked when it was given
  };
  State(certs::Verifier trusted, const base::Clock& now) : verifier(std::move(trusted)), clock(&now) {}
  certs::Verifier verifier;
  const base::Clock* clock;
  std::shared_ptr<RemoteCertificate> certificate;
  std::shared_ptr<const std::vector<certs::CrlPtr>> crls;
  std::shared_ptr<const AnswerSource> answers;
  certs::Revocation revocation = certs::Revocation::Soft;
  std::map<std::string, Ticket, std::less<>> tickets;  // by host
  SslContextPtr context;

  void remember(const Session::State& session, SslSessionPtr ticket);
  void resume(const Session::State& session);
};

namespace {

using base::Code;
using base::fail;

// Hosts whose tickets are kept: the nodes of a component. One more than this makes the first in order be
// forgotten.
constexpr std::size_t kHostsLimit = 64;

// As RFC 7301 section 3.1 has the list; empty if a name in it cannot be.
std::string protocol_list(std::string_view protocols) {
  std::string list;
  while (!protocols.empty()) {
    const std::string_view name = protocols.substr(0, protocols.find(','));
    if (name.empty() || name.size() > 255) return {};
    list.append(1, static_cast<char>(name.size())).append(name);
    protocols.remove_prefix(std::min(name.size() + 1, protocols.size()));
  }
  return list;
}

// set: SSL_CTX_set_alpn_protos or SSL_set_alpn_protos, for which, unlike for the rest of libssl, 0 is success.
template <typename Set, typename Of>
bool offer_protocols(Set set, Of* of, std::string_view protocols) {
  if (protocols.empty()) return true;
  const std::string list = protocol_list(protocols);
  return !list.empty() && set(of, reinterpret_cast<const unsigned char*>(list.data()),
                              static_cast<unsigned>(list.size())) == 0;
}

// What the signing provider can do, so that nothing else is chosen from what a server offers.
long limit_schemes(SSL_CTX* context) {
  std::string schemes =
      "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
      "RSA+SHA256:RSA+SHA384:RSA+SHA512";
  return SSL_CTX_ctrl(context, SSL_CTRL_SET_CLIENT_SIGALGS_LIST, 0, schemes.data());
}

base::Status show_certificate(SSL_CTX* context, const RemoteCertificate& certificate) {
  if (auto used = certificate.use_in(context); !used) return used;
  if (limit_schemes(context) == 1) return base::Ok{};
  return refused(Code::Internal, "the signature schemes cannot be set");
}

}  // namespace

void ClientContext::State::remember(const Session::State& session, SslSessionPtr ticket) {
  X509* leaf = SSL_SESSION_get0_peer(ticket.get());
  if (leaf == nullptr || revocation == certs::Revocation::Hard) return;
  tickets[session.host] = Ticket{std::move(ticket), certs::not_after_of(leaf)};
  if (tickets.size() > kHostsLimit) tickets.erase(tickets.begin());
}

void ClientContext::State::resume(const Session::State& session) {
  const auto found = tickets.find(session.host);
  if (found == tickets.end()) return;
  const Ticket ticket = std::move(found->second);
  tickets.erase(found);
  if (ticket.until > clock->wall()) SSL_set_session(session.ssl.get(), ticket.session.get());
}

ClientContext::ClientContext(std::shared_ptr<State> state) : state_(std::move(state)) {}
ClientContext::~ClientContext() = default;

base::Result<std::unique_ptr<ClientContext>> ClientContext::make(const ClientSettings& settings,
                                                                 const base::Clock& clock) {
  auto verifier = certs::Verifier::make(settings.roots_pem);
  if (!verifier) return verifier.error();
  auto state = std::make_shared<State>(*std::move(verifier), clock);
  ERR_clear_error();
  state->certificate = settings.certificate;
  state->crls = settings.crls;
  state->answers = settings.answers;
  state->revocation = settings.revocation;
  OSSL_LIB_CTX* library = state->certificate ? state->certificate->library() : nullptr;
  state->context.reset(SSL_CTX_new_ex(library, nullptr, TLS_client_method()));
  SSL_CTX* context = state->context.get();
  if (context == nullptr) return refused(Code::Internal, "TLS cannot be set up");
  if (auto applied = apply_settings(context); !applied) return applied.error();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, on_certificates, nullptr);
  // SSL_CTX_set_tlsext_status_cb without its macro, which is an old-style cast.
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, reinterpret_cast<void (*)()>(on_staple));
  if (state->certificate) {
    if (auto shown = show_certificate(context, *state->certificate); !shown) return shown.error();
  }
  if (!offer_protocols(SSL_CTX_set_alpn_protos, context, settings.protocol))
    return refused(Code::Internal, "the protocol cannot be offered");
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  // OpenSSL hands over a reference with the answer 1.
  SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) noexcept -> int {
    const Session::State* at = state_of(ssl);
    static_cast<State*>(at->context.get())->remember(*at, SslSessionPtr(session));
    return 1;
  });
  return std::unique_ptr<ClientContext>(new ClientContext(std::move(state)));
}

base::Result<std::unique_ptr<Session>> ClientContext::start(std::string_view host,
                                                            std::string_view protocol) {
  if (!certs::is_host(host))
    return fail(Code::Invalid, "\"" + base::printable(host) + "\" is neither a host name nor an IP address");
  auto session = make_state(state_->context.get(), state_, base::Side::Component);
  session->verifier = &state_->verifier;
  session->clock = state_->clock;
  session->crls = state_->crls.get();
  session->answers = state_->answers.get();
  session->revocation = state_->revocation;
  session->host = host;
  if (state_->certificate) session->signer_failure = &state_->certificate->failure();
  SSL* ssl = session->ssl.get();
  ERR_clear_error();
  if (!ask_for(ssl, session->host)) return refused(Code::Internal, "the host cannot be named");
  if (!offer_protocols(SSL_set_alpn_protos, ssl, protocol))
    return refused(Code::Internal, "the protocol cannot be offered");
  SSL_set_connect_state(ssl);
  state_->resume(*session);
  return std::make_unique<Session>(std::move(session));
}

}  // namespace postern::tls
