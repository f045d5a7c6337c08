// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/component_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace postern::enforcer {
namespace {

constexpr std::size_t kPlainPiece = 16U << 10U;
// Interim responses (103, 102 ...) to one request: they are passed on without credit.
constexpr int kMostInterim = 16;

}  // namespace

ComponentConnection::ComponentConnection(loop::Loop& loop, ComponentOwner& owner, Place place,
                                         base::UniqueFd socket, std::unique_ptr<tls::Session> session,
                                         const http::HeadLimits& limits)
    : loop_(loop),
      owner_(owner),
      place_(place),
      socket_(std::move(socket)),
      tls_(std::move(session)),
      parser_(limits),
      in_(kInLimit, kKept),
      out_(kOutLimit, kKept),
      cipher_in_(kInLimit, kKept),
      cipher_out_(kOutLimit + (64U << 10U), kKept),
      poller_(
          std::make_unique<loop::Poller>(loop, socket_.get(), [this](unsigned ready) { on_ready(ready); })) {
  poller_->want(loop::kReadable);
}

ComponentConnection::~ComponentConnection() = default;

bool ComponentConnection::still_rests() {
  receive();
  return !closed_;
}

void ComponentConnection::begin(ComponentUser& user, http::Method method, bool upgrade) {
  user_ = &user;
  method_ = method;
  upgrade_ = upgrade;
  parser_.reset();
  body_.reset();
  head_done_ = request_done_ = asked_ = received_ = paused_ = false;
  interim_ = 0;
  update_interest();
}

void ComponentConnection::send(std::string_view bytes) {
  if (closed_) return;
  if (!out_.write(bytes))
    return fail(base::Refusal::GatewayError, "more is waiting for the component than its credit allows");
  owner_.touch(*this);
}

void ComponentConnection::flush() {
  if (closed_) return;
  if (!asked_ && !out_.empty()) {
    // The last moment to tell what was said unasked from an answer. A connection that had rested was looked
    // at.
    if (!tls_ && fresh()) receive();
    if (closed_) return;
    asked_ = true;
  }
  if (tls_) {
    if (!tls_->handshake_done()) {
      std::string_view nothing;
      if (tls_->handshake(nothing, cipher_out_) == tls::Progress::Failed)
        return fail_tls(base::Refusal::ComponentCertificate);
    }
    if (tls_->handshake_done()) out_.consume(tls_->write(out_.view(), cipher_out_));
  }
  base::Buffer& buffer = tls_ ? cipher_out_ : out_;
  while (!buffer.empty()) {
    const std::string_view bytes = buffer.view();
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    // A component that answers early may have closed its reading side: what it answered is still to be read.
    if (n < 0) {
      buffer.clear();
      break;
    }
    buffer.consume(static_cast<std::size_t>(n));
  }
  update_interest();
  if (unsent() == 0 && user_ != nullptr) user_->on_component_drained();
}

void ComponentConnection::on_ready(unsigned ready) {
  if (closed_) return;
  if ((ready & loop::kWritable) != 0) flush();
  if ((ready & loop::kReadable) != 0 && !closed_) receive();
}

void ComponentConnection::receive() {
  const std::span<char> scratch = owner_.scratch();
  const ssize_t n = ::recv(socket_.get(), scratch.data(), scratch.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (n <= 0) {
    stream_ended_ = true;
    stream_broken_ = n < 0;
    return on_end_of_stream();
  }
  // Bytes that nobody asked for: an answer to nothing could be taken for the answer to the next request.
  if (user_ == nullptr && !tls_) return close();
  take({scratch.data(), static_cast<std::size_t>(n)});
}

void ComponentConnection::take(std::string_view bytes) {
  if (tls_) {
    if (!decrypt(bytes)) return;
  } else if (!in_.write(bytes)) {
    return fail(base::Refusal::GatewayError, "more of the response arrived than was asked for");
  }
  if (user_ == nullptr && (!in_.empty() || stream_ended_)) return close();
  // It was said before the question was put: not its answer.
  if (!asked_ && !in_.empty())
    return fail(base::Refusal::ComponentMalformed, "the component answered before it was asked");
  parse();
  if (!closed_) update_interest();
}

// Feeds TLS; plaintext goes to in_. False if the connection is gone.
bool ComponentConnection::decrypt(std::string_view cipher) {
  if (!cipher_in_.write(cipher)) {
    fail(base::Refusal::GatewayError, "more of the response arrived than was asked for");
    return false;
  }
  std::string_view rest = cipher_in_.view();
  if (!tls_->handshake_done()) {
    const tls::Progress progress = tls_->handshake(rest, cipher_out_);
    owner_.touch(*this);  // its answer, and then what waits
    if (progress == tls::Progress::Failed) {
      fail_tls(base::Refusal::ComponentCertificate);
      return false;
    }
    if (progress == tls::Progress::Closed) {
      fail(base::Refusal::ComponentCertificate, "the component closed during the TLS handshake");
      return false;
    }
  }
  while (tls_->handshake_done() && in_.room() >= kPlainPiece) {
    char* into = in_.reserve(kPlainPiece);
    const tls::ReadResult result = tls_->read(rest, {into, kPlainPiece}, cipher_out_);
    if (result.progress == tls::Progress::Failed) {
      fail_tls(base::Refusal::ComponentMalformed);
      return false;
    }
    if (result.progress == tls::Progress::Closed) stream_ended_ = true;
    if (result.progress != tls::Progress::Done) break;
    in_.commit(result.size);
  }
  cipher_in_.consume(cipher_in_.size() - rest.size());
  if (!cipher_out_.empty()) owner_.touch(*this);
  return true;
}

void ComponentConnection::parse() {
  while (user_ != nullptr && !closed_ && !paused_) {
    if (!(head_done_ ? parse_body() : parse_head())) break;
  }
  if (stream_ended_ && !closed_ && !paused_ && user_ != nullptr) on_end_of_stream();
}

bool ComponentConnection::parse_head() {
  if (in_.empty()) return false;
  received_ = true;
  const http::HeadStep step = parser_.parse(in_.view(), method_, upgrade_);
  if (step.state == http::HeadState::NeedMore) return false;
  if (step.state == http::HeadState::Refused) {
    fail(base::Refusal::ComponentMalformed, step.verdict.sentence);
    return false;
  }
  in_.consume(step.consumed);
  const http::ResponseHead& head = parser_.head();
  if (head.interim()) {
    if (++interim_ > kMostInterim) {
      fail(base::Refusal::ComponentMalformed, "the component sends interim responses without end");
      return false;
    }
    user_->on_component_head(head);
    parser_.reset();
    return true;
  }
  head_done_ = true;
  keep_alive_ = head.keep_alive;
  upgraded_ = head.body.kind == http::BodyKind::WebSocket;
  body_.emplace(head.body, http::BodySide::Response);
  user_->on_component_head(head);
  return true;
}

bool ComponentConnection::parse_body() {
  // A step may need this much at once, and its piece must not be more than there is room for.
  const std::size_t room = user_->component_room();
  if (room < http::BodyDecoder::kMaxTrailerBytes) {
    paused_ = true;
    return false;
  }
  if (upgraded_) {
    const std::string piece(in_.view().substr(0, room));
    in_.consume(piece.size());
    if (!piece.empty()) user_->on_component_body(piece);
    return !closed_ && !piece.empty();
  }
  const http::BodyStep step = body_->feed(in_.view().substr(0, room));
  if (step.state == http::BodyState::Refused) {
    fail(base::Refusal::ComponentMalformed, body_->verdict().sentence);
    return false;
  }
  if (!step.piece.empty()) user_->on_component_body(step.piece);
  if (closed_) return false;
  in_.consume(step.consumed);
  if (step.state == http::BodyState::Done) {
    end_of_response();
    return false;
  }
  return step.consumed > 0;
}

void ComponentConnection::end_of_response() {
  ComponentUser* user = std::exchange(user_, nullptr);
  const http::Fields trailers = body_->trailers();
  ++exchanges_;
  // Used again only if both sides said all they had to say, and not a byte more.
  if (keep_alive_ && request_done_ && unsent() == 0 && in_.empty() && cipher_in_.empty() && !stream_ended_) {
    rested_since_ = loop_.now();
    owner_.rest(*this);
  } else {
    close();
  }
  user->on_component_end(trailers);
}

void ComponentConnection::on_end_of_stream() {
  if (user_ == nullptr) return close();
  if (paused_) return;  // what is held is given out first
  const bool trustworthy = !stream_broken_ && (!tls_ || tls_->on_end().ok());
  if (head_done_ && trustworthy && !upgraded_ && body_->close()) return end_of_response();
  // Some say no to a certificate only so, without an alert.
  if (!received_ && fresh() && tls_ && tls_->has_certificate()) {
    return fail(
        base::Refusal::ComponentClosed,
        "the component closed the connection without an answer; perhaps it does not accept the client "
        "certificate that it was shown");
  }
  if (!received_)
    return fail(base::Refusal::ComponentClosed, "the component closed the connection without an answer");
  fail(base::Refusal::ComponentClosed,
       head_done_ ? "the component closed the connection within the response's body"
                  : "the component closed the connection within the response's head");
}

void ComponentConnection::resume() {
  if (closed_ || !paused_) return;
  paused_ = false;
  parse();
  if (!closed_ && tls_ && user_ != nullptr && !cipher_in_.empty()) take({});
  if (!closed_) update_interest();
}

void ComponentConnection::fail(base::Refusal refusal, std::string_view why) {
  if (closed_) return;
  ComponentUser* user = std::exchange(user_, nullptr);
  const bool untouched = !received_;
  const std::string sentence(why);
  close();
  if (user != nullptr) user->on_component_failed(refusal, sentence, untouched);
}

// Whose fault it is that TLS failed: ours (the keeper did not sign), our certificate's, or the component's.
void ComponentConnection::fail_tls(base::Refusal otherwise) {
  const base::Error& error = tls_->error();
  if (error.side == base::Side::Us) otherwise = base::Refusal::GatewayError;
  if (tls_->certificate_refused()) otherwise = base::Refusal::ComponentCredential;
  fail(otherwise, error.message);
}

void ComponentConnection::abandon() {
  user_ = nullptr;
  close();
}

void ComponentConnection::say_goodbye(std::string_view bytes) {
  user_ = nullptr;
  if (!closed_) send(bytes);
  flush();
  close();
}

// The socket is closed after this turn's hooks, by the destructor: a thousand of them take milliseconds, and where a
// permission was taken away the terminator must not wait for that.
void ComponentConnection::close() {
  if (closed_) return;
  closed_ = true;
  owner_.retire(*this);
}

void ComponentConnection::update_interest() {
  const bool read =
      !stream_ended_ && !paused_ && in_.room() >= kPlainPiece && cipher_in_.room() > kPlainPiece;
  const bool write = tls_ ? !cipher_out_.empty() : !out_.empty();
  poller_->want((read ? loop::kReadable : 0) | (write ? loop::kWritable : 0));
}

void send_head(ComponentConnection& connection, const http::RequestLine& line, const http::Fields& fields,
               http::Framing body, const Shown& shown, bool keep_alive) {
  std::array<http::AddedField, 2> added;
  std::size_t count = 0, bytes = 0;
  if (shown.credential != nullptr && !shown.credential->is_certificate())
    added[count++] = {shown.credential->field, shown.credential->value.view()};
  if (!shown.cookies.empty()) added[count++] = {"cookie", shown.cookies};
  std::string out;
  // As much as it can become, so that no smaller copy is left behind on the way.
  constexpr std::size_t kPerField = 4, kOwnLines = 256;
  for (const http::AddedField& field : added) bytes += field.name.size() + field.value.size() + kPerField;
  if (count > 0)
    out.reserve(bytes + line.target.size() + line.host.size() + fields.bytes() + kPerField * fields.size() +
                kOwnLines);
  http::write_request_head(out, line, fields, body, keep_alive, std::span(added).first(count));
  connection.send(out);
  if (count > 0) base::wipe(out);
}

}  // namespace postern::enforcer
