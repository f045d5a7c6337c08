// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/component_connection.h"

#include "gateway/http/h1_write.h"

namespace postern::enforcer {
namespace {

// Interim responses (103, 102 ...) to one request: they are passed on without credit.
constexpr int kMostInterim = 16;

}  // namespace

ComponentConnection::ComponentConnection(loop::Loop& loop, ComponentOwner& owner, Place place,
                                         base::UniqueFd socket, std::unique_ptr<tls::Session> session,
                                         const http::HeadLimits& limits)
    : ComponentConnection(loop, owner, place,
                          std::make_unique<ComponentTransport>(loop, std::move(socket), std::move(session)),
                          limits) {}

ComponentConnection::ComponentConnection(loop::Loop& loop, ComponentOwner& owner, Place place,
                                         std::unique_ptr<ComponentTransport> transport,
                                         const http::HeadLimits& limits)
    : PooledConnection(place), loop_(loop), owner_(owner), transport_(std::move(transport)), parser_(limits) {
  transport_->set_protocol(*this);
}

ComponentConnection::~ComponentConnection() = default;

bool ComponentConnection::still_rests() {
  transport_->receive();
  return !closed_;
}

void ComponentConnection::begin(ComponentUser& user, http::Method method, bool upgrade) {
  user_ = &user;
  method_ = method;
  upgrade_ = upgrade;
  parser_.reset();
  body_.reset();
  head_done_ = chunked_ = request_done_ = asked_ = received_ = paused_ = false;
  interim_ = 0;
  watch();
}

void ComponentConnection::write_head(const http::RequestLine& line, const http::Fields& fields,
                                     http::Framing body, std::span<const http::AddedField> added,
                                     bool keep_alive) {
  chunked_ = body.kind == http::BodyKind::Chunked;
  std::string out;
  // As much as it can become, so that no smaller copy is left behind on the way.
  constexpr std::size_t kPerField = 4, kOwnLines = 256;
  std::size_t bytes = 0;
  for (const http::AddedField& field : added) bytes += field.name.size() + field.value.size() + kPerField;
  if (!added.empty())
    out.reserve(bytes + line.target.size() + line.host.size() + fields.bytes() + kPerField * fields.size() +
                kOwnLines);
  http::write_request_head(out, line, fields, body, keep_alive, added);
  send(out);
  if (!added.empty()) base::wipe(out);
}

void ComponentConnection::send_body(std::string_view piece) {
  if (piece.empty()) return;
  if (chunked_) send(http::ChunkHead(piece.size()).text());
  send(piece);
  if (chunked_) send(http::kChunkEnd);
}

void ComponentConnection::send_end(const http::Fields& trailers) {
  request_done_ = true;
  if (!chunked_) return;
  http::BodyEncoder encoder({http::BodyKind::Chunked, 0});
  std::string out;
  static_cast<void>(encoder.finish(trailers, out));  // chunked never falls short
  send(out);
}

void ComponentConnection::send(std::string_view bytes) {
  if (closed_) return;
  if (!transport_->send(bytes))
    return fail(base::Refusal::GatewayError, "more is waiting for the component than its credit allows");
  owner_.touch(*this);
}

void ComponentConnection::flush() {
  if (closed_) return;
  if (!asked_ && !transport_->idle_output()) {
    // The last moment to tell what was said unasked from an answer. A connection that had rested was looked
    // at.
    if (!transport_->secure() && fresh()) transport_->receive();
    if (closed_) return;
    asked_ = true;
  }
  transport_->flush();
  if (closed_) return;
  watch();
  if (unsent() == 0 && user_ != nullptr) user_->on_component_drained();
}

void ComponentConnection::on_input() {
  const base::Buffer& in = transport_->input();
  // Bytes that nobody asked for: an answer to nothing could be taken for the answer to the next request.
  if (user_ == nullptr && (!in.empty() || transport_->ended())) return close();
  // It was said before the question was put: not its answer.
  if (!asked_ && !in.empty())
    return fail(base::Refusal::ComponentMalformed, "the component answered before it was asked");
  parse();
  if (!closed_) watch();
}

void ComponentConnection::parse() {
  while (user_ != nullptr && !closed_ && !paused_) {
    if (!(head_done_ ? parse_body() : parse_head())) break;
  }
  if (transport_->ended() && !closed_ && !paused_ && user_ != nullptr) on_end_of_stream();
}

bool ComponentConnection::parse_head() {
  if (transport_->input().empty()) return false;
  received_ = true;
  const http::HeadStep step = parser_.parse(transport_->input().view(), method_, upgrade_);
  if (step.state == http::HeadState::NeedMore) return false;
  if (step.state == http::HeadState::Refused) {
    fail(base::Refusal::ComponentMalformed, step.verdict.sentence);
    return false;
  }
  transport_->input().consume(step.consumed);
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
    const std::string piece(transport_->input().view().substr(0, room));
    transport_->input().consume(piece.size());
    if (!piece.empty()) user_->on_component_body(piece);
    return !closed_ && !piece.empty();
  }
  const http::BodyStep step = body_->feed(transport_->input().view().substr(0, room));
  if (step.state == http::BodyState::Refused) {
    fail(base::Refusal::ComponentMalformed, body_->verdict().sentence);
    return false;
  }
  if (!step.piece.empty()) user_->on_component_body(step.piece);
  if (closed_) return false;
  transport_->input().consume(step.consumed);
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
  if (keep_alive_ && request_done_ && unsent() == 0 && transport_->input().empty() &&
      !transport_->holds_input() && !transport_->ended()) {
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
  if (head_done_ && transport_->ended_well() && !upgraded_ && body_->close()) return end_of_response();
  // Some say no to a certificate only so, without an alert.
  if (!received_ && fresh() && transport_->secure() && transport_->session()->has_certificate()) {
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
  if (!closed_ && user_ != nullptr && transport_->holds_input()) transport_->take_again();
  if (!closed_) watch();
}

void ComponentConnection::fail(base::Refusal refusal, std::string_view why) {
  if (closed_) return;
  ComponentUser* user = std::exchange(user_, nullptr);
  const Loss loss = received_ ? Loss::Unknown : Loss::Unanswered;
  const std::string sentence(why);
  close();
  if (user != nullptr) user->on_component_failed(refusal, sentence, loss);
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

void ComponentConnection::close() {
  if (closed_) return;
  closed_ = true;
  transport_->close();
  owner_.retire(*this);
}

}  // namespace postern::enforcer
