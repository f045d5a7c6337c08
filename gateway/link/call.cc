// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/call.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "gateway/http/h1_write.h"

namespace postern::link {
namespace {

constexpr std::size_t kPiece = 16U << 10U;

std::string request_of(const Question& question) {
  http::Fields fields;
  const bool has_body = question.method == http::Method::Post;
  if (has_body) fields.put("content-type", question.content_type);
  fields.put("user-agent", "postern");
  if (!question.authorization.empty()) fields.put("authorization", question.authorization);
  if (!question.webhook_id.empty()) {
    fields.put("webhook-id", question.webhook_id);
    fields.put("webhook-timestamp", question.webhook_timestamp);
    fields.put("webhook-signature", question.webhook_signature);
  }
  std::string out;
  const http::Framing framing = has_body ? http::Framing{http::BodyKind::Sized, question.body.size()}
                                         : http::Framing{http::BodyKind::None, 0};
  http::write_request_head(out, {question.method, question.target, question.host}, fields, framing, false);
  out += question.body;
  return out;
}

}  // namespace

Call::Call(loop::Loop& loop, base::UniqueFd socket, std::unique_ptr<tls::Session> session,
           const Question& question, Limits limits, Done done)
    : socket_(std::move(socket)),
      tls_(std::move(session)),
      request_(request_of(question)),
      reader_(question.method, limits.body),
      done_(std::move(done)),
      deadline_(
          loop,
          [this, limits] { fail("it did not answer within " + base::format_duration(limits.time / 1000)); }),
      poller_(
          std::make_unique<loop::Poller>(loop, socket_.get(), [this](unsigned ready) { on_ready(ready); })) {
  deadline_.start(limits.time);
  poller_->want(loop::kReadable | loop::kWritable);
}

Call::~Call() = default;

void Call::on_ready(unsigned ready) {
  if ((ready & loop::kReadable) != 0) receive();
  if (done_ && (ready & loop::kWritable) != 0) transmit();
  if (done_) look();
}

// What is to be written, in records. False: it is over.
bool Call::encrypt() {
  if (!tls_->handshake_done()) {
    std::string_view nothing;
    if (tls_->handshake(nothing, cipher_out_) == tls::Progress::Failed) {
      fail(tls_->error().message);
      return false;
    }
  }
  if (tls_->handshake_done()) sent_ += tls_->write(std::string_view(request_).substr(sent_), cipher_out_);
  return true;
}

void Call::transmit() {
  if (tls_ && !encrypt()) return;
  for (;;) {
    const std::string_view bytes = tls_ ? cipher_out_.view() : std::string_view(request_).substr(sent_);
    if (bytes.empty()) return;
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    // A server that answers early may have closed its reading side: what it answered is still to be read.
    const std::size_t gone = n < 0 ? bytes.size() : static_cast<std::size_t>(n);
    if (tls_) {
      cipher_out_.consume(gone);
    } else {
      sent_ += gone;
    }
  }
}

void Call::receive() {
  std::array<char, kPiece> piece;
  const ssize_t n = ::recv(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (n <= 0) return on_end(n < 0);
  take({piece.data(), static_cast<std::size_t>(n)});
}

void Call::take(std::string_view bytes) {
  if (tls_) return decrypt(bytes);
  reader_.feed(bytes);
}

void Call::decrypt(std::string_view bytes) {
  if (!cipher_in_.write(bytes)) return fail("it sends more than was asked for");
  std::string_view rest = cipher_in_.view();
  if (!tls_->handshake_done()) {
    const tls::Progress progress = tls_->handshake(rest, cipher_out_);
    if (progress == tls::Progress::Failed) {
      transmit();  // the alert
      if (done_) fail(tls_->error().message);
      return;
    }
    if (progress == tls::Progress::Closed) return fail("it closed during the TLS handshake");
  }
  std::array<char, kPiece> plain;
  while (tls_->handshake_done() && reader_.state() == AnswerReader::State::More) {
    const tls::ReadResult result = tls_->read(rest, plain, cipher_out_);
    if (result.progress == tls::Progress::Failed) return fail(tls_->error().message);
    if (result.progress == tls::Progress::Closed) {
      reader_.end(true);
      break;
    }
    if (result.progress != tls::Progress::Done) break;
    reader_.feed({plain.data(), result.size});
  }
  cipher_in_.consume(cipher_in_.size() - rest.size());
}

void Call::on_end(bool broken) {
  if (broken && reader_.state() == AnswerReader::State::More)
    return fail("the connection to it broke: " + std::string(::strerrordesc_np(errno)));
  reader_.end(!tls_ || tls_->on_end().ok());
}

// Whether the answer is there, and what is waited for.
void Call::look() {
  if (reader_.state() == AnswerReader::State::Done) return finish(reader_.answer());
  if (reader_.state() == AnswerReader::State::Failed) return fail(reader_.why());
  if (tls_ && tls_->handshake_done() && sent_ < request_.size()) transmit();
  if (!done_) return;
  const bool write = tls_ ? !cipher_out_.empty() : sent_ < request_.size();
  poller_->want(loop::kReadable | (write ? loop::kWritable : 0U));
}

void Call::fail(std::string why) {
  finish(base::fail(base::Code::Unavailable, base::Side::Component, std::move(why)));
}

void Call::finish(base::Result<Answer> result) {
  if (!done_) return;
  deadline_.stop();
  poller_.reset();
  socket_.reset();
  const Done done = std::exchange(done_, nullptr);
  done(std::move(result));
}

}  // namespace postern::link
