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
#include "gateway/terminator/wire.h"

namespace postern::terminator {
namespace {

// Output below this is no reason to hold back the answerer.
constexpr std::size_t kCreditAt = 32U << 10U;

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
};

class H1Wire final : public Wire {
 public:
  explicit H1Wire(Line& line) : line_(line), host_(line.host()), parser_(line.limits().head) {
    line_.set_deadline(line_.timeouts().keep_alive);
  }

  void on_input() override;
  void produce() override {}
  void on_transmitted(bool progress) override;
  void on_deadline() override;
  void on_answerer_gone() override;
  void close_when_idle() override;
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
  void open_exchange();
  void begin(const http::RequestHead& head);
  void refuse_head(const http::Verdict& verdict);
  void refuse(const http::Verdict& verdict, std::string_view first_line);
  void answer_alone(int status);
  void finish_exchange();

  Line& line_;
  Host& host_;
  http::RequestParser parser_;
  std::optional<H1Exchange> exchange_;
  std::uint64_t exchanges_ = 0;
  bool close_after_ = false;
};

// --- input

// Takes heads and bodies out of the input until something has to come first: more bytes, credit, or the end of the
// exchange.
void H1Wire::on_input() {
  while (exchange_ ? take_body() : take_head()) {
  }
  if (!line_.client_ended()) return;
  // What it has not read yet, tickets among it, and our own goodbye still go out.
  if (!exchange_) return line_.linger();
  // A request that was refused is answered all the same.
  if (!exchange_->request_done && !exchange_->refused) line_.give_up();
}

bool H1Wire::take_head() {
  if (line_.input().empty()) return false;
  const bool begun = parser_.begun();
  const http::HeadStep step = parser_.parse(line_.input().view());
  switch (step.state) {
    case http::HeadState::NeedMore:
      if (!begun && parser_.begun()) line_.set_deadline(line_.timeouts().head);
      return false;
    case http::HeadState::Refused:
      refuse_head(step.verdict);
      return false;
    case http::HeadState::Complete:
      break;
  }
  line_.input().consume(step.consumed);
  begin(parser_.head());
  parser_.reset();
  return exchange_.has_value();
}

void H1Wire::open_exchange() {
  exchange_.emplace();
  exchange_->id = line_.begin_exchange(0);
  ++exchanges_;
}

void H1Wire::begin(const http::RequestHead& head) {
  open_exchange();
  H1Exchange& exchange = *exchange_;
  exchange.http10 = head.version == http::Version::Http10;
  exchange.keep_alive = head.keep_alive && !exchange.http10 && !host_.draining() && !close_after_ &&
                        exchanges_ < line_.limits().exchanges_per_connection;
  exchange.request_body.emplace(head.body, http::BodySide::Request);
  line_.set_deadline(line_.timeouts().body_idle);
  switch (hand_over(host_, line_.id(), exchange, head)) {
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
  const std::string_view bytes = line_.input().view();
  const std::size_t skipped = bytes.starts_with("\r\n") ? 2 : 0;
  refuse(verdict, bytes.substr(skipped, bytes.find_first_of("\r\n", skipped) - skipped));
}

void H1Wire::refuse(const http::Verdict& verdict, std::string_view first_line) {
  exchange_->keep_alive = false;
  line_.set_deadline(line_.timeouts().body_idle);
  if (!report_refused(host_, line_.id(), *exchange_, verdict, first_line)) answer_alone(503);
  line_.input().clear();
}

// Takes one step of the request's body. False when it must wait.
bool H1Wire::take_body() {
  H1Exchange& exchange = *exchange_;
  if (exchange.request_done || exchange.refused || !exchange.request_body) return false;
  // With no credit left, only what frames the body may pass; a piece of content must wait.
  if (exchange.request_credit == 0) return false;
  const std::size_t most = std::min(ipc::kBodyPiece, exchange.request_credit);
  const http::BodyStep step = exchange.request_body->feed(line_.input().view().substr(0, most));
  if (!step.piece.empty()) {
    exchange.request_bytes += step.piece.size();
    if (exchange.request_bytes > line_.limits().request_body) {
      refuse(http::refused(base::Refusal::BodyTooLarge, "the body is above the limit"), {});
      return false;
    }
    pass_body(host_, exchange, step.piece);
    line_.set_deadline(line_.timeouts().body_idle);
  }
  if (step.state == http::BodyState::Refused) {
    refuse(exchange.request_body->verdict(), {});
    return false;
  }
  line_.input().consume(step.consumed);
  if (step.state != http::BodyState::Done) return step.consumed > 0;
  pass_end(host_, exchange, exchange.request_body->trailers());
  return false;
}

// --- frames from whoever answers

void H1Wire::on_response_head(std::uint32_t /*stream*/, const ipc::ResponseHead& head) {
  if (!exchange_ || exchange_->response_started) return;
  H1Exchange& exchange = *exchange_;
  exchange.response_started = true;
  http::Fields fields;
  if (!read_fields(head.fields, fields) || head.status < 200 || head.status > 599) return line_.reset();
  const http::Framing framing = framing_for(head, exchange.http10);
  // An answer before the end of the request: the rest of the request is not wanted, and what follows it
  // cannot be found.
  if (head.close || !exchange.request_done || framing.kind == http::BodyKind::UntilClose)
    exchange.keep_alive = false;
  http::write_response_head(line_.output(), {head.status, {}, exchange.method == http::Method::Head}, fields,
                            framing, exchange.keep_alive);
  exchange.response_body.emplace(has_body(exchange.method, head.status) ? framing : http::Framing{});
  line_.touch();
}

void H1Wire::on_informational(std::uint32_t /*stream*/, const ipc::ResponseHead& head) {
  if (!exchange_ || exchange_->response_started || exchange_->http10) return;
  http::Fields fields;
  if (!read_fields(head.fields, fields) || head.status < 100 || head.status > 199 || head.status == 101)
    return line_.reset();
  http::write_response_head(line_.output(), {head.status, {}, false}, fields, {}, true);
  line_.touch();
}

void H1Wire::on_response_body(std::uint32_t /*stream*/, std::string_view piece) {
  if (!exchange_ || !exchange_->response_body || exchange_->response_ended) return;
  exchange_->response_bytes += piece.size();
  exchange_->response_uncredited += piece.size();
  if (exchange_->response_uncredited > ipc::kInitialCredit ||
      !exchange_->response_body->write(piece, line_.output()))
    return line_.reset();
  line_.touch();
}

void H1Wire::on_response_end(std::uint32_t /*stream*/, const std::vector<ipc::WireField>& trailers) {
  if (!exchange_ || !exchange_->response_body || exchange_->response_ended) return;
  exchange_->response_ended = true;
  http::Fields fields;
  if (!read_fields(trailers, fields) || !exchange_->response_body->finish(fields, line_.output()))
    return line_.reset();
  line_.touch();
}

void H1Wire::on_request_credit(std::uint32_t /*stream*/, std::uint32_t bytes) {
  if (!exchange_) return;
  exchange_->request_credit += bytes;
  if (exchange_->request_credit > ipc::kInitialCredit) return line_.reset();
  line_.take_again();
}

void H1Wire::on_cut(std::uint32_t /*stream*/) {
  if (exchange_) line_.reset();
}

void H1Wire::on_answerer_gone() {
  if (!exchange_ || exchange_->orphaned) return;  // nothing runs there, or it was answered without it
  if (exchange_->response_started || !line_.output().empty()) return line_.reset();
  answer_alone(502);
}

void H1Wire::answer_alone(int status) {
  H1Exchange& exchange = *exchange_;
  orphan(host_, exchange);
  exchange.keep_alive = false;
  http::write_response_head(line_.output(), {status, {}, false}, own_answer_fields(),
                            {http::BodyKind::Sized, kOwnAnswer.size()}, false);
  if (exchange.method != http::Method::Head) line_.output() += kOwnAnswer;
  line_.touch();
}

// --- output, and the end

void H1Wire::on_transmitted(bool progress) {
  if (!exchange_) return;
  H1Exchange& exchange = *exchange_;
  // Progress: a client that reads slowly is not one that does not read.
  if (progress && exchange.response_started) line_.set_deadline(line_.timeouts().body_idle);
  const std::size_t encrypted = line_.unsent() - line_.output().size();
  if (exchange.response_ended && line_.unsent() == 0) {
    finish_exchange();
  } else if (exchange.response_uncredited > 0 && encrypted < kCreditAt) {
    give_credit(host_, exchange, exchange.response_uncredited);
  }
}

// The response is in the kernel's hands. Then the next request, which may be in the buffer already.
void H1Wire::finish_exchange() {
  report_done(host_, *exchange_, line_.now(), line_.unsent(), true);
  const bool again =
      exchange_->keep_alive && exchange_->request_done && !close_after_ && !line_.client_ended();
  exchange_.reset();
  if (!again) return line_.linger();
  line_.set_deadline(line_.timeouts().keep_alive);
  line_.take_again();
}

void H1Wire::close_when_idle() {
  close_after_ = true;
  if (!exchange_) return line_.linger();
  if (!exchange_->response_started) exchange_->keep_alive = false;
}

void H1Wire::on_over(Over how) {
  if (!exchange_) return;
  if (how == Over::ByClient) report_gone(host_, *exchange_);
  report_done(host_, *exchange_, line_.now(), line_.unsent(), false);
  exchange_.reset();
}

void H1Wire::on_deadline() {
  if (!exchange_) {
    if (!parser_.begun()) return line_.linger();
    return refuse_head(http::refused(base::Refusal::RequestTimeout, "the head did not arrive in time"));
  }
  // Without credit it is not the client that is late: whoever answers keeps the time.
  if (!exchange_->request_done && !exchange_->response_started && !exchange_->refused &&
      exchange_->request_credit > 0) {
    return refuse(http::refused(base::Refusal::RequestTimeout, "the body did not arrive in time"), {});
  }
  // A client that does not take our bytes; while the component is silent, the answerer keeps the time.
  if (line_.unsent() > line_.output().size()) return line_.give_up();
  line_.set_deadline(line_.timeouts().body_idle);
}

}  // namespace

std::unique_ptr<Wire> make_h1_wire(Line& line) { return std::make_unique<H1Wire>(line); }

}  // namespace postern::terminator
