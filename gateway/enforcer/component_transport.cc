// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/component_transport.h"

#include <sys/socket.h>

#include <cerrno>

namespace postern::enforcer {
namespace {

constexpr std::size_t kPlainPiece = 16U << 10U;
constexpr std::string_view kTooMuch = "more of the response arrived than was asked for";

}  // namespace

ComponentTransport::ComponentTransport(loop::Loop& loop, base::UniqueFd socket,
                                       std::unique_ptr<tls::Session> session)
    : socket_(std::move(socket)),
      tls_(std::move(session)),
      in_(kInLimit, kKept),
      out_(kOutLimit, kKept),
      cipher_in_(kInLimit, kKept),
      cipher_out_(kOutLimit + (64U << 10U), kKept),
      poller_(
          std::make_unique<loop::Poller>(loop, socket_.get(), [this](unsigned ready) { on_ready(ready); })) {
  poller_->want(loop::kReadable);
}

bool ComponentTransport::ended_well() const {
  return ended_ && !ended_badly_ && (!tls_ || tls_->on_end().ok());
}

void ComponentTransport::on_ready(unsigned ready) {
  if (closed()) return;
  if ((ready & loop::kWritable) != 0) {
    blocked_ = false;
    protocol_->on_output();
  }
  if ((ready & loop::kReadable) != 0 && !closed()) receive();
}

void ComponentTransport::receive() {
  const std::span<char> scratch = protocol_->scratch();
  const ssize_t n = ::recv(socket_.get(), scratch.data(), scratch.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (n <= 0) {
    ended_ = true;
    ended_badly_ = n < 0;
    return protocol_->on_input();
  }
  const std::string_view bytes(scratch.data(), static_cast<std::size_t>(n));
  if (tls_) {
    if (!decrypt(bytes)) return;
  } else if (!in_.write(bytes)) {
    return protocol_->on_broken(base::Refusal::GatewayError, kTooMuch);
  }
  protocol_->on_input();
}

void ComponentTransport::take_again() {
  if (tls_ && decrypt({})) protocol_->on_input();
}

// Feeds TLS; plaintext goes to in_. False if the connection is gone.
bool ComponentTransport::decrypt(std::string_view cipher) {
  if (!cipher_in_.write(cipher)) {
    protocol_->on_broken(base::Refusal::GatewayError, kTooMuch);
    return false;
  }
  std::string_view rest = cipher_in_.view();
  if (!tls_->handshake_done()) {
    const tls::Progress progress = tls_->handshake(rest, cipher_out_);
    protocol_->touch();  // its answer, and then what waits
    if (progress == tls::Progress::Failed) {
      break_tls(base::Refusal::ComponentCertificate);
      return false;
    }
    if (progress == tls::Progress::Closed) {
      protocol_->on_broken(base::Refusal::ComponentCertificate,
                           "the component closed during the TLS handshake");
      return false;
    }
  }
  while (tls_->handshake_done() && in_.room() >= kPlainPiece) {
    char* into = in_.reserve(kPlainPiece);
    const tls::ReadResult result = tls_->read(rest, {into, kPlainPiece}, cipher_out_);
    if (result.progress == tls::Progress::Failed) {
      break_tls(base::Refusal::ComponentMalformed);
      return false;
    }
    if (result.progress == tls::Progress::Closed) ended_ = true;
    if (result.progress != tls::Progress::Done) break;
    in_.commit(result.size);
  }
  cipher_in_.consume(cipher_in_.size() - rest.size());
  if (!cipher_out_.empty()) protocol_->touch();
  return true;
}

// Whose fault it is that TLS failed: ours (the keeper did not sign), our certificate's, or the component's.
void ComponentTransport::break_tls(base::Refusal otherwise) {
  const base::Error& error = tls_->error();
  if (error.side == base::Side::Us) otherwise = base::Refusal::GatewayError;
  if (tls_->certificate_refused()) otherwise = base::Refusal::ComponentCredential;
  protocol_->on_broken(otherwise, error.message);
}

void ComponentTransport::flush() {
  if (closed()) return;
  if (tls_) {
    if (!tls_->handshake_done()) {
      std::string_view nothing;
      if (tls_->handshake(nothing, cipher_out_) == tls::Progress::Failed)
        return break_tls(base::Refusal::ComponentCertificate);
    }
    if (tls_->handshake_done()) out_.consume(tls_->write(out_.view(), cipher_out_));
  }
  base::Buffer& buffer = tls_ ? cipher_out_ : out_;
  blocked_ = false;
  while (!buffer.empty()) {
    const std::string_view bytes = buffer.view();
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      blocked_ = true;
      break;
    }
    // A component that answers early may have closed its reading side: what it answered is still to be read.
    if (n < 0) {
      buffer.clear();
      break;
    }
    buffer.consume(static_cast<std::size_t>(n));
  }
}

void ComponentTransport::watch(bool input) {
  if (closed()) return;
  const bool read = !ended_ && input && in_.room() >= kPlainPiece && cipher_in_.room() > kPlainPiece;
  poller_->want((read ? loop::kReadable : 0) | (blocked_ ? loop::kWritable : 0));
}

}  // namespace postern::enforcer
