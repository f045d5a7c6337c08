// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/answer/control_connection.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "gateway/answer/control_socket.h"
#include "gateway/http/h1_write.h"

namespace postern::answer {
namespace {

constexpr std::size_t kInLimit = 64U << 10U;  // a head with all its fields, or a piece of a body
constexpr std::size_t kOutLimit = 256U << 10U;
constexpr std::size_t kPiece = 32U << 10U;  // of a body, taken at a time
constexpr std::size_t kFraming = 64;        // room that a piece needs for its chunk

}  // namespace

ControlConnection::ControlConnection(loop::Loop& loop, base::UniqueFd socket, Identity identity,
                                     Answerer& answerer, std::function<void()> gone)
    : socket_(std::move(socket)),
      identity_(std::move(identity)),
      answerer_(answerer),
      gone_(std::move(gone)),
      in_(kInLimit),
      out_(kOutLimit),
      parser_(http::HeadLimits{}),
      woken_(std::make_shared<bool>(false)),
      poller_(loop, socket_.get(), [this](unsigned ready) { on_ready(ready); }),
      patience_(loop, [this] { over(); }),
      hook_(loop.at_turn_end(loop::Stage::Record, [this] {
        if (!std::exchange(*woken_, false) || phase_ == Phase::Over) return false;
        if (phase_ == Phase::Sending) transmit();
        if (phase_ == Phase::Head) advance();
        if (phase_ != Phase::Over) watch();
        return true;
      })) {
  watch();
}

ControlConnection::~ControlConnection() = default;

void ControlConnection::on_ready(unsigned ready) {
  if (phase_ == Phase::Over) return;
  if ((ready & loop::kReadable) != 0) receive();
  if (phase_ == Phase::Sending) transmit();
  if (phase_ != Phase::Over) watch();
}

void ControlConnection::receive() {
  while (in_.room() > 0) {
    const std::size_t wanted = std::min<std::size_t>(in_.room(), kPiece);
    const ssize_t n = ::recv(socket_.get(), in_.reserve(wanted), wanted, MSG_DONTWAIT);
    if (n > 0) {
      in_.commit(static_cast<std::size_t>(n));
      advance();
      if (phase_ == Phase::Over) return;
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    return over();  // the end, or an error: nobody waits for an answer any more
  }
}

void ControlConnection::advance() {
  bool moved = true;
  while (moved) {
    moved = phase_ == Phase::Head ? take_head() : phase_ == Phase::Body ? take_body() : false;
  }
}

bool ControlConnection::take_head() {
  if (in_.empty()) return false;
  http::HeadStep step = parser_.parse(in_.view());
  if (step.state == http::HeadState::NeedMore) return false;
  call_ = std::make_shared<Call>();
  call_->identity = identity_;
  call_->local = true;
  call_->client = "uid " + identity_.name.substr(identity_.name.find('-') + 1);
  if (step.state == http::HeadState::Refused) {
    refuse(step.verdict.refusal, step.verdict.sentence);
    return false;
  }
  http::RequestHead& head = parser_.head();
  keep_alive_ = head.keep_alive;
  http10_ = head.version == http::Version::Http10;
  call_->method = head.method;
  const http::Verdict verdict = http::canonicalise(head.target, {}, call_->target);
  call_->fields = head.fields;
  const http::Framing framing = head.body;
  const bool expects_continue = head.expect_continue;
  in_.consume(step.consumed);
  parser_.reset();
  if (!verdict.ok()) {
    refuse(verdict.refusal, verdict.sentence);
    return false;
  }
  if (framing.kind == http::BodyKind::WebSocket) {
    refuse(base::Refusal::UpgradeNotSupported, "there is no WebSocket here");
    return false;
  }
  if (framing.kind == http::BodyKind::Sized && framing.size > kRequestBodyLimit) {
    refuse(base::Refusal::BodyTooLarge, "a request has at most 1 MiB here");
    return false;
  }
  if (expects_continue && !out_.write(http::kContinue)) return false;
  decoder_ = std::make_unique<http::BodyDecoder>(framing, http::BodySide::Request);
  phase_ = Phase::Body;
  return true;
}

bool ControlConnection::take_body() {
  const http::BodyStep step = decoder_->feed(in_.view());
  call_->body += step.piece;
  in_.consume(step.consumed);
  if (step.state == http::BodyState::Refused) {
    refuse(decoder_->verdict().refusal, decoder_->verdict().sentence);
    return false;
  }
  if (call_->body.size() > kRequestBodyLimit) {
    refuse(base::Refusal::BodyTooLarge, "a request has at most 1 MiB here");
    return false;
  }
  if (step.state == http::BodyState::Done) {
    dispatch();
    return phase_ == Phase::Head;
  }
  return step.consumed > 0;
}

void ControlConnection::dispatch() {
  phase_ = Phase::Waiting;
  // The answer may come after this connection is gone: then its token is no longer ours.
  answerer_.answer(call_, [this, weak = std::weak_ptr<bool>(woken_),
                           call = std::weak_ptr<Call>(call_)](Response response) {
    if (weak.expired() || phase_ != Phase::Waiting || call.lock() != call_) return;
    respond(std::move(response));
    if (phase_ != Phase::Over) watch();
  });
}

void ControlConnection::refuse(base::Refusal refusal, std::string_view why) {
  keep_alive_ = false;
  respond(answerer_.refuse(*call_, refusal, why));
}

void ControlConnection::respond(Response response) {
  phase_ = Phase::Sending;
  auto wake = [woken = std::weak_ptr<bool>(woken_)] {
    if (const auto flag = woken.lock()) *flag = true;
  };
  outgoing_ = std::make_unique<Outgoing>(std::move(response), std::move(wake));
  const Response& head = outgoing_->head();
  keep_alive_ = keep_alive_ && !head.close;
  http::Framing framing{http::BodyKind::Sized, head.bytes().size()};
  if (outgoing_->streamed()) framing = {http10_ ? http::BodyKind::UntilClose : http::BodyKind::Chunked, 0};
  if (head.status == 204 || head.status == 304) framing = {};
  http::Fields fields;
  if (!head.content_type.empty()) fields.put("content-type", head.content_type);
  for (const auto& [name, value] : head.fields) fields.put(name, value);
  std::string text;
  const bool to_head = call_->method == http::Method::Head;
  http::write_response_head(text, {head.status, {}, to_head}, fields, framing, keep_alive_);
  encoder_ = std::make_unique<http::BodyEncoder>(framing);
  if (to_head) outgoing_ = std::make_unique<Outgoing>(Response{}, [] {});
  if (!out_.write(text)) return over();
  transmit();
}

// Takes pieces of the body until the buffer is full or there is nothing more now.
void ControlConnection::fill() {
  std::string framed;
  while (outgoing_ != nullptr && out_.room() > kPiece + kFraming) {
    const std::string_view piece = outgoing_->next(kPiece);
    if (outgoing_->failed()) return over();
    if (piece.empty()) break;
    framed.clear();
    if (!encoder_->write(piece, framed) || !out_.write(framed)) return over();
    outgoing_->consume(piece.size());
  }
  if (outgoing_ == nullptr || !outgoing_->done()) return;
  framed.clear();
  const bool bodiless = call_->method == http::Method::Head;
  if (!bodiless && (!encoder_->finish({}, framed) || !out_.write(framed))) return over();
  outgoing_.reset();
}

void ControlConnection::transmit() {
  for (;;) {
    fill();
    if (phase_ == Phase::Over) return;
    if (out_.empty()) break;
    const ssize_t n = ::send(socket_.get(), out_.view().data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return watch();
    if (n < 0) return over();
    out_.consume(static_cast<std::size_t>(n));
  }
  if (outgoing_ == nullptr) return finish_response();
  watch();
}

void ControlConnection::finish_response() {
  if (!keep_alive_) return over();
  phase_ = Phase::Head;
  call_.reset();
  encoder_.reset();
  decoder_.reset();
  *woken_ = true;  // the next request may be lying there: looked at from the hook, so that a row of them does
                   // not nest
}

void ControlConnection::watch() {
  unsigned events = in_.room() > 0 ? loop::kReadable : 0;
  if (!out_.empty()) events |= loop::kWritable;
  poller_.want(events);
  const bool on_us = phase_ == Phase::Waiting || (phase_ == Phase::Sending && out_.empty());
  if (on_us) {
    patience_.stop();
  } else {
    patience_.start(ControlSocket::kPatience);
  }
}

void ControlConnection::over() {
  if (std::exchange(phase_, Phase::Over) == Phase::Over) return;
  poller_.want(0);
  patience_.stop();
  outgoing_.reset();
  gone_();
}

}  // namespace postern::answer
