// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/tls/session.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "certs/certificate.h"
#include "certs/verify.h"
#include "gateway/tls/client_context.h"
#include "gateway/tls/session_state.h"

namespace postern::tls {
namespace {

using base::Code;
using base::fail;
using base::Side;

const char* peer_name(const Session::State& state) {
  return state.peer == Side::Client ? "the client" : "the component";
}

// Alerts about the certificate that the peer was shown, or was not (RFC 8446 section 6.2).
bool is_about_certificate(int alert) {
  constexpr std::array kAlerts = {SSL3_AD_BAD_CERTIFICATE,     SSL3_AD_UNSUPPORTED_CERTIFICATE,
                                  SSL3_AD_CERTIFICATE_REVOKED, SSL3_AD_CERTIFICATE_EXPIRED,
                                  SSL3_AD_CERTIFICATE_UNKNOWN, TLS1_AD_UNKNOWN_CA,
                                  TLS1_AD_ACCESS_DENIED,       TLS13_AD_CERTIFICATE_REQUIRED};
  return std::find(kAlerts.begin(), kAlerts.end(), alert) != kAlerts.end();
}

bool refused_our_certificate(const Session::State& state) {
  return state.peer == Side::Component && state.alert_received && is_about_certificate(state.alert);
}

std::string alert_text(const Session::State& state) {
  const std::string alert = SSL_alert_desc_string_long(state.alert);
  if (!refused_our_certificate(state))
    return std::string(peer_name(state)) + " ended the TLS connection: " + alert;
  return state.signer_failure != nullptr
             ? "the component refused the client certificate that it was shown: " + alert
             : "the component wants a client certificate, and none is configured for it";
}

base::Error explain(const Session::State& state) {
  if (!state.done && state.signer_failure != nullptr && *state.signer_failure) return **state.signer_failure;
  const std::string reason = certs::openssl_reason();
  if (!state.verdict.empty()) return fail(Code::Denied, state.peer, state.verdict);
  if (state.alert_received) return fail(Code::Closed, state.peer, alert_text(state));
  return fail(Code::Invalid, state.peer,
              std::string(peer_name(state)) +
                  (state.done ? "'s TLS record is not acceptable: " : "'s TLS handshake failed: ") + reason);
}

// Lends in and out to the SSL for one call.
class Loan {
 public:
  Loan(Session::State& state, std::string_view* in, base::Buffer& out) : state_(state) {
    state_.stream = {in, &out};
    ERR_clear_error();
  }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  ~Loan() { state_.stream = {}; }

 private:
  Session::State& state_;
};

Progress progress_of(Session::State& state, int result) {
  switch (SSL_get_error(state.ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Progress::WantMore;
    case SSL_ERROR_WANT_WRITE:
      return Progress::WantRoom;
    case SSL_ERROR_ZERO_RETURN:
      state.peer_closed = true;
      return Progress::Closed;
    default:
      state.error = explain(state);
      return Progress::Failed;
  }
}

// The peer's chain, its own certificate first.
std::optional<certs::Failure> judge(const Session::State& state, const STACK_OF(X509) * sent,
                                    bool staple_follows) {
  certs::Question question;
  question.purpose = state.peer == Side::Client ? certs::Purpose::Client : certs::Purpose::Server;
  question.host = state.host;
  question.now = state.clock->wall();
  question.revocation = state.revocation;
  question.old_crls_are_silent = true;
  certs::Evidence evidence;
  evidence.crls = state.crls;
  evidence.staple_follows = staple_follows;
  if (state.answers != nullptr) evidence.answers = state.answers->answers();
  if (state.peer == Side::Component && !staple_follows) evidence.staple = staple_of(state.ssl.get());
  const std::vector<std::string> chain = der_of_all(sent);
  certs::Verdict verdict = state.verifier->judge(chain, question, evidence);
  if (state.answers != nullptr && verdict.asks && !staple_follows) state.answers->asks(chain, state.host);
  return std::move(verdict.failure);
}

// OpenSSL makes the alert of it.
int error_of(certs::Rule rule) {
  switch (rule) {
    case certs::Rule::Expired:
    case certs::Rule::NotYetValid:
      return X509_V_ERR_CERT_HAS_EXPIRED;
    case certs::Rule::UnknownIssuer:
    case certs::Rule::SelfSigned:
      return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    case certs::Rule::Revoked:
      return X509_V_ERR_CERT_REVOKED;
    case certs::Rule::Purpose:
      return X509_V_ERR_INVALID_PURPOSE;
    default:
      return X509_V_ERR_CERT_REJECTED;
  }
}

std::string_view text_or_empty(const char* text) { return text == nullptr ? std::string_view() : text; }

// As much of plain as should become the next record; 0: wait until some of out was sent.
std::size_t next_record(std::size_t plain, const base::Buffer& out) {
  const std::size_t wanted = std::min(plain, kRecordLimit);
  if (out.room() >= wanted + kRecordOverhead) return wanted;
  if (!out.empty() || out.room() <= kRecordOverhead) return 0;
  return out.room() - kRecordOverhead;
}

}  // namespace

std::vector<std::string> der_of_all(const STACK_OF(X509) * certificates) {
  std::vector<std::string> chain;
  const int size = std::max(0, sk_X509_num(certificates));  // -1 of none
  chain.reserve(static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) chain.push_back(certs::to_der(sk_X509_value(certificates, i)));
  return chain;
}

std::string_view staple_of(SSL* ssl) {
  // SSL_get_tlsext_status_ocsp_resp without its macro, which is an old-style cast.
  unsigned char* response = nullptr;
  const long size = SSL_ctrl(ssl, SSL_CTRL_GET_TLSEXT_STATUS_REQ_OCSP_RESP, 0, static_cast<void*>(&response));
  if (response == nullptr || size <= 0) return {};
  return {reinterpret_cast<const char*>(response), static_cast<std::size_t>(size)};
}

bool ask_for(SSL* ssl, std::string& host) {
  // SSL_set_tlsext_host_name and SSL_set_tlsext_status_type without their macros, which are old-style casts.
  const bool named = certs::is_ip_literal(host) ||
                     SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data()) == 1;
  return named && SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_STATUS_REQ_TYPE, TLSEXT_STATUSTYPE_ocsp, nullptr) == 1;
}

Session::State* state_of(const SSL* ssl) { return static_cast<Session::State*>(SSL_get_ex_data(ssl, 0)); }

std::unique_ptr<Session::State> make_state(SSL_CTX* ssl_context, std::shared_ptr<void> context, Side peer) {
  auto state = std::make_unique<Session::State>();
  state->context = std::move(context);
  state->peer = peer;
  state->ssl.reset(SSL_new(ssl_context));
  certs::BioPtr bio = make_byte_bio(state->stream);
  // SSL_new fails for want of memory only, and then the process is lost anyway.
  POSTERN_CHECK(state->ssl != nullptr && bio != nullptr &&
                SSL_set_ex_data(state->ssl.get(), 0, state.get()) == 1);
  BIO* both = bio.release();
  SSL_set_bio(state->ssl.get(), both, both);  // takes the one reference when both are the same
  return state;
}

int on_certificates(X509_STORE_CTX* context, void* /*unused*/) noexcept try {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Session::State& state = *state_of(ssl);
  const bool staple_follows = state.peer == Side::Component && SSL_version(ssl) == TLS1_2_VERSION;
  const auto failure = judge(state, X509_STORE_CTX_get0_untrusted(context), staple_follows);
  if (!failure) return 1;
  state.verdict = failure->sentence;
  X509_STORE_CTX_set_error(context, error_of(failure->rule));
  return 0;
} catch (const std::exception&) {
  return 0;  // out of memory; nothing may be thrown through OpenSSL
}

int on_staple(SSL* ssl, void* /*unused*/) noexcept try {
  Session::State& state = *state_of(ssl);
  if (SSL_session_reused(ssl) == 1 || SSL_version(ssl) != TLS1_2_VERSION) return 1;
  const auto failure = judge(state, SSL_get_peer_cert_chain(ssl), false);
  if (!failure) return 1;
  state.verdict = failure->sentence;
  return 0;
} catch (const std::exception&) {
  return 0;
}

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}

// OpenSSL forgets the ticket of a connection that ends without close_notify, a rule of SSL 3 that RFC 5246
// section 7.2.1 dropped. Only a failure should have that effect.
Session::~Session() {
  if (!failed()) SSL_set_shutdown(state_->ssl.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

Progress Session::handshake(std::string_view& in, base::Buffer& out) {
  if (failed()) return Progress::Failed;
  if (state_->signer_failure != nullptr) state_->signer_failure->reset();
  const Loan loan(*state_, &in, out);
  const int result = SSL_do_handshake(state_->ssl.get());
  if (result != 1) return progress_of(*state_, result);
  state_->done = true;
  return Progress::Done;
}

ReadResult Session::read(std::string_view& in, std::span<char> plain, base::Buffer& out) {
  POSTERN_CHECK(!plain.empty() && handshake_done());
  if (failed()) return {Progress::Failed, 0};
  const Loan loan(*state_, &in, out);
  std::size_t size = 0;
  const int result = SSL_read_ex(state_->ssl.get(), plain.data(), plain.size(), &size);
  return result == 1 ? ReadResult{Progress::Done, size} : ReadResult{progress_of(*state_, result), 0};
}

bool Session::holds_input() const { return SSL_has_pending(state_->ssl.get()) == 1; }

std::size_t Session::write(std::string_view plain, base::Buffer& out) {
  POSTERN_CHECK(handshake_done());
  if (failed()) return 0;
  const Loan loan(*state_, nullptr, out);
  std::size_t taken = 0;
  while (taken < plain.size()) {
    const std::size_t piece = next_record(plain.size() - taken, out);
    if (piece == 0) break;
    std::size_t written = 0;
    const int result = SSL_write_ex(state_->ssl.get(), plain.data() + taken, piece, &written);
    if (result != 1) {
      progress_of(*state_, result);
      break;
    }
    taken += written;
  }
  return taken;
}

void Session::close(base::Buffer& out) {
  if (failed() || !handshake_done()) return;
  const Loan loan(*state_, nullptr, out);
  SSL_shutdown(state_->ssl.get());
  ERR_clear_error();
}

base::Status Session::on_end() const {
  if (state_->error) return *state_->error;
  if (!handshake_done()) {
    return fail(Code::Closed, state_->peer,
                std::string(peer_name(*state_)) + " went away during the TLS handshake");
  }
  if (state_->peer_closed) return base::Ok{};
  return fail(Code::Closed, state_->peer,
              std::string(peer_name(*state_)) + "'s connection was cut: it ended without TLS saying so");
}

bool Session::handshake_done() const { return state_->done; }
bool Session::failed() const { return state_->error.has_value(); }
const base::Error& Session::error() const {
  POSTERN_CHECK(failed());
  return *state_->error;
}
int Session::alert() const { return state_->alert; }
bool Session::certificate_refused() const { return failed() && refused_our_certificate(*state_); }
bool Session::has_certificate() const { return state_->signer_failure != nullptr; }

std::string_view Session::version() const { return text_or_empty(SSL_get_version(state_->ssl.get())); }
std::string_view Session::cipher() const { return text_or_empty(SSL_get_cipher_name(state_->ssl.get())); }
std::string_view Session::group() const {
  // SSL_get_negotiated_group without its macro, which is an old-style cast.
  const long group = SSL_ctrl(state_->ssl.get(), SSL_CTRL_GET_NEGOTIATED_GROUP, 0, nullptr);
  return text_or_empty(SSL_group_to_name(state_->ssl.get(), static_cast<int>(group)));
}
bool Session::resumed() const { return SSL_session_reused(state_->ssl.get()) == 1; }
std::string_view Session::server_name() const {
  return text_or_empty(SSL_get_servername(state_->ssl.get(), TLSEXT_NAMETYPE_host_name));
}

std::string_view Session::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(state_->ssl.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool Session::answers_challenge() const { return state_->challenge != nullptr; }

std::vector<std::string> Session::peer_chain() const {
  std::vector<std::string> chain;
  X509* leaf = SSL_get0_peer_certificate(state_->ssl.get());
  if (leaf == nullptr) return chain;
  chain.push_back(certs::to_der(leaf));
  const STACK_OF(X509)* sent = SSL_get_peer_cert_chain(state_->ssl.get());
  // OpenSSL has the leaf in this list at a client, and not at a server.
  for (int i = state_->peer == Side::Client ? 0 : 1; i < sk_X509_num(sent); ++i) {
    chain.push_back(certs::to_der(sk_X509_value(sent, i)));
  }
  return chain;
}

}  // namespace postern::tls
