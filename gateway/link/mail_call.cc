// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/mail_call.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/clock.h"

namespace postern::link {
namespace {

constexpr std::size_t kMailPiece = 16U << 10U;
constexpr int kTaken = 250;

}  // namespace

MailCall::MailCall(loop::Loop& loop, base::UniqueFd socket, std::unique_ptr<tls::Session> session, Mail mail,
                   Done done)
    : socket_(std::move(socket)),
      tls_(std::move(session)),
      protected_(!mail.starttls),
      dialogue_(std::move(mail)),
      done_(std::move(done)),
      deadline_(loop,
                [this] { fail("it did not take the mail within " + base::format_duration(kTime / 1000)); }),
      poller_(
          std::make_unique<loop::Poller>(loop, socket_.get(), [this](unsigned ready) { on_ready(ready); })) {
  deadline_.start(kTime);
  poller_->want(loop::kReadable | loop::kWritable);
}

MailCall::~MailCall() = default;

void MailCall::on_ready(unsigned ready) {
  if ((ready & loop::kReadable) != 0) receive();
  if (done_) look();
}

void MailCall::receive() {
  std::array<char, kMailPiece> piece;
  const ssize_t n = ::recv(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (n <= 0) {
    if (dialogue_.state() == SmtpDialogue::State::More)
      fail(n < 0 ? "the connection to it broke: " + std::string(::strerrordesc_np(errno))
                 : "it closed the connection before it took the mail");
    return;
  }
  const std::string_view bytes(piece.data(), static_cast<std::size_t>(n));
  if (!protected_) {
    dialogue_.feed(bytes);
    return;
  }
  if (!cipher_in_.write(bytes)) return fail("it sends more than was asked for");
  decrypt();
}

void MailCall::decrypt() {
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
  std::array<char, kMailPiece> plain;
  while (tls_->handshake_done() && dialogue_.state() == SmtpDialogue::State::More) {
    const tls::ReadResult result = tls_->read(rest, plain, cipher_out_);
    if (result.progress == tls::Progress::Failed) return fail(tls_->error().message);
    if (result.progress == tls::Progress::Closed) return fail("it closed before it took the mail");
    if (result.progress != tls::Progress::Done) break;
    dialogue_.feed({plain.data(), result.size});
  }
  cipher_in_.consume(cipher_in_.size() - rest.size());
}

// What is to be said, in records. False: it is over.
bool MailCall::encrypt() {
  if (!tls_->handshake_done()) {
    std::string_view nothing;
    if (tls_->handshake(nothing, cipher_out_) != tls::Progress::Failed) return true;
    fail(tls_->error().message);
    return false;
  }
  dialogue_.sent(tls_->write(dialogue_.out(), cipher_out_));
  if (!tls_->failed()) return true;
  fail(tls_->error().message);
  return false;
}

void MailCall::transmit() {
  if (protected_ && !encrypt()) return;
  for (;;) {
    const std::string_view bytes = protected_ ? cipher_out_.view() : dialogue_.out();
    if (bytes.empty()) return;
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    // What it said before it closed is still to be read.
    const std::size_t gone = n < 0 ? bytes.size() : static_cast<std::size_t>(n);
    if (protected_) {
      cipher_out_.consume(gone);
    } else {
      dialogue_.sent(gone);
    }
  }
}

void MailCall::look() {
  transmit();
  if (!done_) return;
  if (dialogue_.state() == SmtpDialogue::State::WantTls && dialogue_.out().empty()) {
    protected_ = true;
    dialogue_.tls_started();
    transmit();
    if (!done_) return;
  }
  if (dialogue_.state() == SmtpDialogue::State::Done) return finish(Answer{kTaken, {}});
  if (dialogue_.state() == SmtpDialogue::State::Failed) return fail(dialogue_.why());
  const bool write = protected_ ? !cipher_out_.empty() : !dialogue_.out().empty();
  poller_->want(loop::kReadable | (write ? loop::kWritable : 0U));
}

void MailCall::fail(std::string why) {
  finish(base::fail(base::Code::Unavailable, base::Side::Component, std::move(why)));
}

void MailCall::finish(base::Result<Answer> result) {
  if (!done_) return;
  deadline_.stop();
  poller_.reset();
  socket_.reset();
  const Done done = std::exchange(done_, nullptr);
  done(std::move(result));
}

}  // namespace postern::link
