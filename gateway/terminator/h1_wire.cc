// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1: one exchange after the other. Requests that a client pipelines wait in the input until the exchange before
// them has ended: two never run at once, so an answer cannot go to the wrong request.
#include <algorithm>
#include <optional>

#include "gateway/http/h1_body.h"
#include "gateway/http/h1_request.h"
#include "gateway/http/h1_write.h"
#include "gateway/http/ws_handshake.h"
#include "gateway/terminator/frame_relay.h"
#include "gateway/terminator/wire.h"

namespace postern::terminator {
namespace {

// Output below this is no reason to hold back the answerer.
constexpr std::size_t kCreditAt = 32U << 10U;
constexpr std::size_t kLargePiece = 8U << 10U;

// How a response's body goes over this connection. HEAD, 204 and 304 have none, whatever their head says.
http::Framing framing_for(const ipc::ResponseHead& head, bool http10) {
  if (head.body == ipc::BodyKind::Sized) return {http::BodyKind::Sized, head.length};
  if (head.body == ipc::BodyKind::None) return {};
  return {http10 ? http::BodyKind::UntilClose : http::BodyKind::Chunked, 0};
}

struct H1Exchange : Exchange {
  std::optional<http::BodyDecoder> request_body;
  std::optional<http::BodyEncoder> response_body;
  bool http10 = false;
  bool keep_alive = true;
  std::string websocket_key;         // of a request for a WebSocket
  std::optional<FrameRelay> frames;  // from 101 on
};

class H1Wire final : public Wire {
 public:
  explicit H1Wire(WireHost& connection)
      : connection_(connection), host_(connection.host()), parser_(connection.limits().head) {
    connection_.set_deadline(connection_.timeouts().keep_alive);
  }

  void on_input() override;
  void produce() override;
  void on_transmitted(bool progress) override;
  void on_deadline() override;
  void on_answerer_gone() override;
  std::uint32_t close_when_idle() override;
  void on_over(Over how) override;
  void on_response_head(std::uint32_t stream, const ipc::ResponseHead& head) override;
  void on_informational(std::uint32_t stream, const ipc::ResponseHead& head) override;
  void on_response_body(std::uint32_t stream, std::string_view piece) override;
  void on_response_end(std::uint32_t stream, const std::vector<ipc::WireField>& trailers) override;
  void on_request_credit(std::uint32_t stream, std::uint32_t bytes) override;
  void on_cut(std::uint32_t stream) override;

 private:
  bool take_head();
  bool take_body();
  bool take_frames();
  bool waits_for_credit() const;
  void open_websocket(http::Fields& fields);
  void close_websocket();
  void open_exchange();
  void begin(const http::RequestHead& head);
  void refuse_head(const http::Verdict& verdict);
  void refuse(const http::Verdict& verdict, std::string_view first_line);
  void answer_alone(int status);
  void finish_exchange();

  WireHost& connection_;
  Host& host_;
  http::RequestParser parser_;
  std::optional<H1Exchange> exchange_;
  std::uint64_t exchanges_ = 0;
  bool close_after_ = false;
  std::string frames_out_;  // whole frames: only what was not begun can be thrown away
};

// --- input

// Takes heads and bodies out of the input until something has to come first: more bytes, credit, or the end of the
// exchange.
void H1Wire::on_input() {
  while (!exchange_ ? take_head() : exchange_->websocket_key.empty() ? take_body() : take_frames()) {
  }
  if (!connection_.client_ended()) return;
  // What it has not read yet, tickets among it, and our own goodbye still go out.
  if (!exchange_) return connection_.linger();
  // A request that was refused is answered all the same, and so is a Close.
  const bool closed = exchange_->frames && exchange_->frames->client_closed();
  if (!exchange_->request_done && !exchange_->refused && !closed && !waits_for_credit())
    connection_.give_up();
}

// Of what the client has sent something is still here, and may be the rest.
bool H1Wire::waits_for_credit() const {
  const std::size_t here = connection_.input().size();
  if (exchange_->websocket_key.empty()) return here > exchange_->request_credit;
  return exchange_->frames && here > 0 && !FrameRelay::may_take(*exchange_);
}

bool H1Wire::take_head() {
  if (connection_.input().empty()) return false;
  const bool begun = parser_.begun();
  const http::HeadStep step = parser_.parse(connection_.input().view());
  switch (step.state) {
    case http::HeadState::NeedMore:
      if (!begun && parser_.begun()) connection_.set_deadline(connection_.timeouts().head);
      return false;
    case http::HeadState::Refused:
      refuse_head(step.verdict);
      return false;
    case http::HeadState::Complete:
      break;
  }
  connection_.input().consume(step.consumed);
  begin(parser_.head());
  parser_.reset();
  return exchange_.has_value();
}

void H1Wire::open_exchange() {
  exchange_.emplace();
  exchange_->id = connection_.begin_exchange(0);
  ++exchanges_;
}

void H1Wire::begin(const http::RequestHead& head) {
  open_exchange();
  H1Exchange& exchange = *exchange_;
  exchange.http10 = head.version == http::Version::Http10;
  exchange.keep_alive = head.keep_alive && !exchange.http10 && !host_.draining() && !close_after_ &&
                        exchanges_ < connection_.limits().exchanges_per_connection;
  exchange.request_body.emplace(head.body, http::BodySide::Request);
  if (head.body.kind == http::BodyKind::WebSocket)
    exchange.websocket_key = head.fields.find(http::FieldId::SecWebSocketKey).value_or("");
  connection_.set_deadline(connection_.timeouts().body_idle);
  switch (hand_over(host_, connection_.id(), exchange, head)) {
    case HandOver::Sent:
      return;
    case HandOver::TooLarge:
      return refuse(http::refused(base::Refusal::HeadTooLarge, "the head is too large to be handed over"),
                    {});
    case HandOver::NobodyThere:
      return answer_alone(503);
  }
}

// Not valid HTTP. Whoever answers writes the event and the refusal; behind it the connection closes, because
// where the next request begins is unknown.
void H1Wire::refuse_head(const http::Verdict& verdict) {
  open_exchange();
  const std::string_view bytes = connection_.input().view();
  const std::size_t skipped = bytes.starts_with("\r\n") ? 2 : 0;
  refuse(verdict, bytes.substr(skipped, bytes.find_first_of("\r\n", skipped) - skipped));
}

void H1Wire::refuse(const http::Verdict& verdict, std::string_view first_line) {
  exchange_->keep_alive = false;
  connection_.set_deadline(connection_.timeouts().body_idle);
  if (!report_refused(host_, connection_.id(), *exchange_, verdict, first_line)) answer_alone(503);
  connection_.input().clear();
}

// Takes one step of the request's body. False when it must wait.
bool H1Wire::take_body() {
  H1Exchange& exchange = *exchange_;
  if (exchange.request_done || exchange.refused || !exchange.request_body) return false;
  // With no credit left, only what frames the body may pass; a piece of content must wait.
  if (exchange.request_credit == 0) return false;
  const std::size_t most = std::min(ipc::kBodyPiece, exchange.request_credit);
  const http::BodyStep step = exchange.request_body->feed(connection_.input().view().substr(0, most));
  if (!step.piece.empty()) {
    exchange.request_bytes += step.piece.size();
    if (exchange.request_bytes > connection_.limits().request_body) {
      refuse(http::refused(base::Refusal::BodyTooLarge, "the body is above the limit"), {});
      return false;
    }
    pass_body(host_, exchange, step.piece);
    connection_.set_deadline(connection_.timeouts().body_idle);
  }
  if (step.state == http::BodyState::Refused) {
    refuse(exchange.request_body->verdict(), {});
    return false;
  }
  connection_.input().consume(step.consumed);
  if (step.state != http::BodyState::Done) return step.consumed > 0;
  pass_end(host_, exchange, exchange.request_body->trailers());
  return false;
}

// Nothing before 101: whatever a client sends behind its request is kept from whoever answers until then, and is never
// read as another request.
bool H1Wire::take_frames() {
  H1Exchange& exchange = *exchange_;
  if (!exchange.frames || exchange.refused) return false;
  http::Verdict refused;
  const std::size_t taken = exchange.frames->take(host_, exchange, connection_.input().view(), refused);
  connection_.input().consume(taken);
  if (taken > 0) connection_.set_deadline(connection_.timeouts().body_idle);
  if (!refused.ok()) {
    if (!report_refused(host_, connection_.id(), exchange, refused, {})) connection_.reset();
    if (exchange_) connection_.input().clear();
  }
  return false;
}

// --- frames from whoever answers

void H1Wire::open_websocket(http::Fields& fields) {
  H1Exchange& exchange = *exchange_;
  fields.set("sec-websocket-accept", http::websocket_accept(exchange.websocket_key));
  http::write_response_head(connection_.output(), {101, {}, false}, fields, {http::BodyKind::WebSocket, 0},
                            true);
  exchange.response_body.emplace(http::Framing{});
  exchange.frames.emplace();
  connection_.touch();
  if (close_after_) exchange.frames->goodbye(FrameRelay::Why::Leaving, frames_out_);
  connection_.take_again();
}

void H1Wire::on_response_head(std::uint32_t /*stream*/, const ipc::ResponseHead& head) {
  if (!exchange_ || exchange_->response_started) return;
  H1Exchange& exchange = *exchange_;
  exchange.response_started = true;
  http::Fields fields;
  const bool websocket = head.body == ipc::BodyKind::Frames;
  if (!read_fields(head.fields, fields)) return connection_.reset();
  if (websocket && head.status == 101 && !exchange.websocket_key.empty()) return open_websocket(fields);
  if (websocket || head.status < 200 || head.status > 599) return connection_.reset();
  const http::Framing framing = framing_for(head, exchange.http10);
  // An answer before the end of the request: the rest of the request is not wanted, and what follows it
  // cannot be found.
  if (head.close || !exchange.request_done || framing.kind == http::BodyKind::UntilClose)
    exchange.keep_alive = false;
  http::write_response_head(connection_.output(), {head.status, {}, exchange.method == http::Method::Head},
                            fields, framing, exchange.keep_alive);
  exchange.response_body.emplace(has_body(exchange.method, head.status) ? framing : http::Framing{});
  connection_.touch();
}

void H1Wire::on_informational(std::uint32_t /*stream*/, const ipc::ResponseHead& head) {
  if (!exchange_ || exchange_->response_started || exchange_->http10) return;
  http::Fields fields;
  if (!read_fields(head.fields, fields) || head.status < 100 || head.status > 199 || head.status == 101)
    return connection_.reset();
  http::write_response_head(connection_.output(), {head.status, {}, false}, fields, {}, true);
  connection_.touch();
}

void H1Wire::on_response_body(std::uint32_t /*stream*/, std::string_view piece) {
  if (!exchange_ || !exchange_->response_body || exchange_->response_ended) return;
  exchange_->response_uncredited += piece.size();
  if (exchange_->frames) {
    const std::size_t before = frames_out_.size();
    if (exchange_->response_uncredited > ipc::kInitialCredit || !exchange_->frames->give(piece, frames_out_))
      return connection_.reset();
    exchange_->response_bytes += frames_out_.size() - before;
    return connection_.touch();
  }
  exchange_->response_bytes += piece.size();
  // What follows a large piece is as large: the output grows once.
  std::string& output = connection_.output();
  if (piece.size() > kLargePiece && output.capacity() < output.size() + piece.size())
    output.reserve(output.size() + 2 * piece.size());
  if (exchange_->response_uncredited > ipc::kInitialCredit ||
      !exchange_->response_body->write(piece, connection_.output()))
    return connection_.reset();
  connection_.touch();
}

void H1Wire::on_response_end(std::uint32_t /*stream*/, const std::vector<ipc::WireField>& trailers) {
  if (!exchange_ || !exchange_->response_body || exchange_->response_ended) return;
  exchange_->response_ended = true;
  http::Fields fields;
  if (!read_fields(trailers, fields) || !exchange_->response_body->finish(fields, connection_.output()))
    return connection_.reset();
  connection_.touch();
}

void H1Wire::on_request_credit(std::uint32_t /*stream*/, std::uint32_t bytes) {
  if (!exchange_) return;
  exchange_->request_credit += bytes;
  if (exchange_->request_credit > ipc::kInitialCredit) return connection_.reset();
  connection_.take_again();
}

void H1Wire::on_cut(std::uint32_t /*stream*/) {
  if (!exchange_) return;
  // A frame that has begun cannot be taken back, nor ended: only if all of them have left does a Close fit behind.
  const bool whole = connection_.output().empty() && connection_.encrypted() <= connection_.departed();
  if (exchange_->frames && whole) return close_websocket();
  connection_.reset();
}

void H1Wire::close_websocket() {
  const std::size_t thrown_away = frames_out_.size();
  exchange_->frames->discard();
  exchange_->frames->goodbye(FrameRelay::Why::Cut, connection_.output());
  report_done(host_, *exchange_, connection_.silent_since(), thrown_away, false);
  exchange_.reset();
  frames_out_.clear();
  connection_.linger();
}

void H1Wire::on_answerer_gone() {
  if (!exchange_ || exchange_->orphaned) return;  // nothing runs there, or it was answered without it
  if (exchange_->response_started || !connection_.output().empty()) return connection_.reset();
  answer_alone(502);
}

void H1Wire::answer_alone(int status) {
  H1Exchange& exchange = *exchange_;
  orphan(host_, exchange);
  exchange.keep_alive = false;
  http::write_response_head(connection_.output(), {status, {}, false}, own_answer_fields(),
                            {http::BodyKind::Sized, kOwnAnswer.size()}, false);
  if (exchange.method != http::Method::Head) connection_.output() += kOwnAnswer;
  connection_.touch();
}

// --- output, and the end

void H1Wire::produce() {
  if (frames_out_.empty()) return;
  if (exchange_ && exchange_->frames) exchange_->frames->departed(frames_out_.size());
  connection_.output() += frames_out_;
  frames_out_.clear();
}

void H1Wire::on_transmitted(bool progress) {
  if (!exchange_) return;
  H1Exchange& exchange = *exchange_;
  // Progress: a client that reads slowly is not one that does not read.
  if (progress && exchange.response_started) connection_.set_deadline(connection_.timeouts().body_idle);
  const std::size_t encrypted = connection_.unsent() - connection_.output().size();
  if (exchange.response_ended && connection_.unsent() == 0) {
    finish_exchange();
  } else if (exchange.response_uncredited > 0 && encrypted < kCreditAt) {
    give_credit(host_, exchange, exchange.response_uncredited);
  }
}

// The response is in the kernel's hands. Then the next request, which may be in the buffer already.
void H1Wire::finish_exchange() {
  report_done(host_, *exchange_, connection_.now(), connection_.unsent(), true);
  const bool behind = !connection_.client_ended() || !connection_.input().empty();
  const bool again = exchange_->keep_alive && exchange_->request_done && !close_after_ && behind;
  exchange_.reset();
  if (!again) return connection_.linger();
  connection_.set_deadline(connection_.timeouts().keep_alive);
  connection_.take_again();
}

std::uint32_t H1Wire::close_when_idle() {
  close_after_ = true;
  if (!exchange_) {
    connection_.linger();
    return 0;
  }
  const std::uint32_t websockets = exchange_->frames ? 1 : 0;
  if (exchange_->frames) {
    exchange_->frames->goodbye(FrameRelay::Why::Leaving, frames_out_);
    connection_.touch();
  }
  if (!exchange_->response_started) exchange_->keep_alive = false;
  return websockets;
}

void H1Wire::on_over(Over how) {
  if (!exchange_) return;
  if (how == Over::ByClient) report_gone(host_, *exchange_);
  report_done(host_, *exchange_, connection_.silent_since(), connection_.unsent(), false);
  exchange_.reset();
}

void H1Wire::on_deadline() {
  if (!exchange_) {
    if (!parser_.begun()) return connection_.linger();
    return refuse_head(http::refused(base::Refusal::RequestTimeout, "the head did not arrive in time"));
  }
  // Without credit it is not the client that is late: whoever answers keeps the time.
  if (!exchange_->request_done && !exchange_->response_started && !exchange_->refused &&
      exchange_->request_credit > 0 && exchange_->websocket_key.empty()) {
    return refuse(http::refused(base::Refusal::RequestTimeout, "the body did not arrive in time"), {});
  }
  // A client that does not take our bytes; while the component is silent, the answerer keeps the time.
  if (connection_.unsent() > connection_.output().size()) return connection_.give_up();
  connection_.set_deadline(connection_.timeouts().body_idle);
}

}  // namespace

std::unique_ptr<Wire> make_h1_wire(WireHost& connection) { return std::make_unique<H1Wire>(connection); }

}  // namespace postern::terminator
