// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// HTTP/2: as many exchanges at a time as there are streams.
//
// Of what whoever answers sends, little is made ready ahead of the kernel (kAhead): the rest waits in its stream, within
// the stream's credit, so a client that reads one stream slowly holds up no other, and a cut finds nearly everything
// still here. A cut stream is reset alone if all its bytes have left the machine; otherwise the connection is, since
// nobody can take one stream's bytes out of what is encrypted.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/http/h2_session.h"
#include "gateway/terminator/frame_relay.h"
#include "gateway/terminator/wire.h"

namespace postern::terminator {
namespace {

constexpr std::size_t kAhead = 64U << 10U;       // bytes made ready beyond what the kernel took
constexpr std::size_t kCreditStep = 16U << 10U;  // credit below this waits until the stream has run dry

http::Http2Limits session_limits(const Limits& limits) {
  http::Http2Limits out;
  out.head = limits.head;
  out.streams = ipc::kMostConcurrent;
  out.window = ipc::kInitialCredit;
  return out;
}

struct H2Exchange : Exchange {
  H2Exchange(loop::Deadlines& deadlines, std::function<void(H2Exchange&)> late)
      : on_late(std::move(late)), deadline(deadlines, [this] { on_late(*this); }) {}
  void begin_again();
  std::uint32_t stream = 0;
  bool sized = false;
  std::uint64_t left = 0;  // of a sized response
  std::size_t framed = 0;  // of response_uncredited
  bool moved = false;      // something was framed that has no mark yet
  bool finished = false;   // all of it was framed
  bool cut = false;
  bool websocket = false;            // was asked for
  bool ended = false;                // and its client has ended the stream
  std::optional<FrameRelay> frames;  // from the answer on
  std::string input;                 // of a WebSocket, not yet handed over; at most the stream's window
  std::uint64_t mark = 0;            // where its last byte is, counted like WireHost::encrypted()
  std::function<void(H2Exchange&)> on_late;
  loop::Deadline deadline;
};

void H2Exchange::begin_again() {
  static_cast<Exchange&>(*this) = {};
  deadline.clear();
  stream = 0;
  sized = moved = finished = cut = websocket = ended = false;
  frames.reset();
  input.clear();
  left = mark = 0;
  framed = 0;
}

class H2Wire final : public Wire, private http::Http2Session::Listener {
 public:
  H2Wire(WireHost& connection, loop::Deadlines& deadlines)
      : connection_(connection),
        host_(connection.host()),
        deadlines_(deadlines),
        session_(session_limits(connection.limits()), *this) {
    wait();
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
  enum class Waits { Nothing, Head, Idle, Busy };

  // http::Http2Session::Listener
  void on_request(std::uint32_t stream, const http::RequestHead& head) override;
  void on_refused(std::uint32_t stream, http::Verdict verdict, std::string_view first_line) override;
  void on_body(std::uint32_t stream, std::string_view piece) override;
  void on_end(std::uint32_t stream, const http::Fields& trailers) override;
  void on_gone(std::uint32_t stream) override;
  void on_framed(std::uint32_t stream, std::size_t bytes, bool ended) override;

  H2Exchange* find(std::uint32_t stream) const;
  bool has_room() const;
  H2Exchange& open(std::uint32_t stream);
  void close(H2Exchange& exchange);
  void take_frames(H2Exchange& exchange);
  void end_frames(H2Exchange& exchange);
  void open_websocket(H2Exchange& exchange, http::Fields&& fields);
  void say_goodbye(H2Exchange& exchange);
  void give_frame(H2Exchange& exchange, std::string_view wire);
  bool close_websocket(H2Exchange& exchange);
  void refuse(H2Exchange& exchange, const http::Verdict& verdict, std::string_view first_line);
  void answer_alone(H2Exchange& exchange, int status);
  void leave(H2Exchange& exchange, http::Http2Session::Reset why);
  void abandon(H2Exchange& exchange);
  void settle(H2Exchange& exchange);
  void report_fault(const http::Verdict& verdict);
  void on_exchange_deadline(H2Exchange& exchange);
  void wait();

  WireHost& connection_;
  Host& host_;
  loop::Deadlines& deadlines_;
  http::Http2Session session_;
  std::vector<std::unique_ptr<H2Exchange>> open_, spare_;
  std::vector<H2Exchange*> moved_;
  std::uint64_t exchanges_ = 0;
  Waits waits_ = Waits::Nothing;
  bool more_ = false;     // it was kAhead that ended produce()
  bool leaving_ = false;  // a WebSocket is told so as soon as it is open
};

// --- exchanges

H2Exchange* H2Wire::find(std::uint32_t stream) const {
  for (const auto& exchange : open_)
    if (exchange->stream == stream) return exchange.get();
  return nullptr;
}

// For nghttp2 a stream is over once its answer has become frames, and another may begin; for whoever answers it is when the
// kernel has the answer. A client that reads nothing must not get past what whoever answers takes for a breach of ours.
bool H2Wire::has_room() const {
  return open_.size() < ipc::kMostConcurrent && (open_.empty() || host_.may_multiplex());
}

H2Exchange& H2Wire::open(std::uint32_t stream) {
  if (spare_.empty()) {
    spare_.push_back(
        std::make_unique<H2Exchange>(deadlines_, [this](H2Exchange& late) { on_exchange_deadline(late); }));
  }
  open_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  H2Exchange& exchange = *open_.back();
  exchange.stream = stream;
  exchange.id = connection_.begin_exchange(stream);
  exchange.deadline.set(connection_.timeouts().body_idle);
  if (++exchanges_ >= connection_.limits().exchanges_per_connection) session_.shut_down();
  return exchange;
}

// Its last word was said.
void H2Wire::close(H2Exchange& exchange) {
  std::erase(moved_, &exchange);
  const auto it =
      std::find_if(open_.begin(), open_.end(), [&](const auto& e) { return e.get() == &exchange; });
  exchange.begin_again();
  spare_.push_back(std::move(*it));
  std::swap(*it, open_.back());
  open_.pop_back();
}

void H2Wire::on_request(std::uint32_t stream, const http::RequestHead& head) {
  if (!has_room()) return session_.reset(stream, http::Http2Session::Reset::Refused);
  H2Exchange& exchange = open(stream);
  exchange.websocket = head.body.kind == http::BodyKind::WebSocket;
  switch (hand_over(host_, connection_.id(), exchange, head)) {
    case HandOver::Sent:
      return;
    case HandOver::TooLarge:
      return refuse(exchange,
                    http::refused(base::Refusal::HeadTooLarge, "the head is too large to be handed over"),
                    {});
    case HandOver::NobodyThere:
      return answer_alone(exchange, 503);
  }
}

void H2Wire::on_refused(std::uint32_t stream, http::Verdict verdict, std::string_view first_line) {
  H2Exchange* exchange = find(stream);
  if (exchange == nullptr) {
    // Its exchange is over: of a WebSocket that was cut, which still has its Close to say.
    if (first_line.empty()) return;
    if (!has_room()) return session_.reset(stream, http::Http2Session::Reset::Refused);
    return refuse(open(stream), verdict, first_line);
  }
  // Once. It was by us, for its size or its time; or we have answered it, because whoever answers is gone.
  if (exchange->refused) return;
  // It was complete for whoever answers: there is no request left that could be refused.
  if (exchange->request_done) return leave(*exchange, http::Http2Session::Reset::Malformed);
  refuse(*exchange, verdict, first_line);
}

void H2Wire::refuse(H2Exchange& exchange, const http::Verdict& verdict, std::string_view first_line) {
  if (!report_refused(host_, connection_.id(), exchange, verdict, first_line)) answer_alone(exchange, 503);
}

void H2Wire::on_body(std::uint32_t stream, std::string_view piece) {
  H2Exchange* exchange = find(stream);
  if (exchange == nullptr || exchange->refused) return;
  if (exchange->websocket) {
    exchange->input += piece;
    return take_frames(*exchange);
  }
  exchange->request_bytes += piece.size();
  if (exchange->request_bytes > connection_.limits().request_body)
    return refuse(*exchange, http::refused(base::Refusal::BodyTooLarge, "the body is above the limit"), {});
  pass_body(host_, *exchange, piece);  // within the credit: that is the stream's window
  exchange->deadline.set(connection_.timeouts().body_idle);
}

void H2Wire::on_end(std::uint32_t stream, const http::Fields& trailers) {
  H2Exchange* exchange = find(stream);
  if (exchange == nullptr || exchange->refused) return;
  if (!exchange->websocket) return pass_end(host_, *exchange, trailers);
  exchange->ended = true;
  end_frames(*exchange);
}

// Like the end of a connection: in order behind a Close alone, which may still wait here for credit.
void H2Wire::end_frames(H2Exchange& exchange) {
  const bool waits = exchange.frames && !exchange.input.empty() && !FrameRelay::may_take(exchange);
  if (waits || (exchange.frames && exchange.frames->client_closed())) return;
  leave(exchange, http::Http2Session::Reset::Cancel);
}

// What comes before the answer waits in the stream's window.
void H2Wire::take_frames(H2Exchange& exchange) {
  if (!exchange.frames || exchange.refused) return;
  http::Verdict refused;
  const std::size_t taken = exchange.frames->take(host_, exchange, exchange.input, refused);
  exchange.input.erase(0, taken);
  if (taken > 0) {
    session_.consumed(exchange.stream, taken);
    exchange.deadline.set(connection_.timeouts().body_idle);
    connection_.touch();
  }
  if (refused.ok() && exchange.ended) return end_frames(exchange);
  if (refused.ok()) return;
  exchange.input.clear();
  if (!report_refused(host_, connection_.id(), exchange, refused, {}))
    leave(exchange, http::Http2Session::Reset::Internal);
}

void H2Wire::on_gone(std::uint32_t stream) {
  if (H2Exchange* exchange = find(stream); exchange != nullptr) abandon(*exchange);
}

// The stream is over, and its client knows or will know.
void H2Wire::abandon(H2Exchange& exchange) {
  report_gone(host_, exchange);
  report_done(host_, exchange, connection_.silent_since(), connection_.unsent(), false);
  close(exchange);
}

void H2Wire::leave(H2Exchange& exchange, http::Http2Session::Reset why) {
  session_.reset(exchange.stream, why);
  abandon(exchange);
  connection_.touch();
}

void H2Wire::answer_alone(H2Exchange& exchange, int status) {
  orphan(host_, exchange);
  http::Fields fields = own_answer_fields();
  const bool bodiless = exchange.method == http::Method::Head;
  session_.respond(exchange.stream, status, std::move(fields), bodiless);
  session_.body(exchange.stream, kOwnAnswer);
  session_.end(exchange.stream, {});
  connection_.touch();
}

// --- input

void H2Wire::on_input() {
  session_.take(connection_.input().view(), connection_.now());
  connection_.input().consume(connection_.input().size());
  if (connection_.client_ended()) {
    if (!open_.empty()) return connection_.give_up();  // in HTTP/2 nobody says goodbye and reads on
    session_.shut_down_now();
  }
  wait();
}

// The connection's own deadline: a head that has begun, rest, or a client that does not take our bytes.
void H2Wire::wait() {
  const Waits now = session_.in_head() ? Waits::Head : open_.empty() ? Waits::Idle : Waits::Busy;
  if (std::exchange(waits_, now) == now) return;
  const Timeouts& timeouts = connection_.timeouts();
  connection_.set_deadline(now == Waits::Head   ? timeouts.head
                           : now == Waits::Idle ? timeouts.keep_alive
                                                : timeouts.body_idle);
}

void H2Wire::on_deadline() {
  if (waits_ == Waits::Busy && connection_.unsent() > 0) return connection_.give_up();
  if (waits_ == Waits::Busy) return connection_.set_deadline(connection_.timeouts().body_idle);
  if (waits_ == Waits::Head) {
    report_fault(http::refused(base::Refusal::RequestTimeout, "the head did not arrive in time"));
    session_.shut_down_now();
    session_.produce(connection_.output(), 0);
    return connection_.linger();
  }
  session_.shut_down_now();
  connection_.touch();
}

void H2Wire::on_exchange_deadline(H2Exchange& exchange) {
  if (connection_.held()) return exchange.deadline.set(connection_.timeouts().body_idle);
  // Without credit it is not the client that is late: whoever answers keeps the time.
  if (!exchange.request_done && !exchange.response_started && !exchange.refused &&
      exchange.request_credit > 0 && !exchange.websocket) {
    refuse(exchange, http::refused(base::Refusal::RequestTimeout, "the body did not arrive in time"), {});
    return exchange.deadline.set(connection_.timeouts().body_idle);
  }
  // A client that does not open the stream's window.
  if (session_.pending(exchange.stream) > 0) return leave(exchange, http::Http2Session::Reset::Cancel);
  exchange.deadline.set(connection_.timeouts().body_idle);
}

// --- frames from whoever answers

void H2Wire::on_response_head(std::uint32_t stream, const ipc::ResponseHead& head) {
  H2Exchange* exchange = find(stream);
  if (exchange == nullptr || exchange->response_started) return;
  exchange->response_started = true;
  http::Fields fields;
  const bool websocket = head.body == ipc::BodyKind::Frames;
  if (!read_fields(head.fields, fields)) return connection_.reset();
  if (websocket && head.status == 101 && exchange->websocket)
    return open_websocket(*exchange, std::move(fields));
  if (websocket || head.status < 200 || head.status > 599) return connection_.reset();
  fields.remove(http::FieldId::ContentLength);
  fields.remove(http::FieldId::Host);
  const bool bodiless = head.body == ipc::BodyKind::None || !has_body(exchange->method, head.status);
  const bool empty = head.body == ipc::BodyKind::None && has_body(exchange->method, head.status);
  exchange->sized = head.body == ipc::BodyKind::Sized && !bodiless;
  exchange->left = head.length;
  if (empty || (head.body == ipc::BodyKind::Sized && head.status != 204))
    fields.put("content-length", std::to_string(empty ? 0 : head.length));
  session_.respond(stream, head.status, std::move(fields), bodiless);
  if (head.close) session_.shut_down();
  connection_.touch();
}

// RFC 8441 section 5: 200, without what belongs to the handshake of HTTP/1.1.
void H2Wire::open_websocket(H2Exchange& exchange, http::Fields&& fields) {
  const std::uint32_t stream = exchange.stream;
  session_.respond(stream, 200, std::move(fields), false);
  exchange.frames.emplace();
  if (leaving_) say_goodbye(exchange);
  connection_.touch();
  take_frames(exchange);
}

void H2Wire::say_goodbye(H2Exchange& exchange) {
  std::string close;
  exchange.frames->goodbye(FrameRelay::Why::Leaving, close);
  session_.body(exchange.stream, close);
}

void H2Wire::give_frame(H2Exchange& exchange, std::string_view wire) {
  exchange.response_uncredited += wire.size();
  std::string out;
  if (exchange.response_uncredited > ipc::kInitialCredit || !exchange.frames->give(wire, out))
    return leave(exchange, http::Http2Session::Reset::Internal);
  exchange.response_bytes += out.size();
  if (out.empty()) return give_credit(host_, exchange, wire.size());  // we have said goodbye
  session_.body(exchange.stream, out);
  connection_.touch();
}

void H2Wire::on_informational(std::uint32_t stream, const ipc::ResponseHead& head) {
  const H2Exchange* exchange = find(stream);
  if (exchange == nullptr || exchange->response_started) return;
  http::Fields fields;
  if (!read_fields(head.fields, fields) || head.status < 100 || head.status > 199 || head.status == 101)
    return connection_.reset();
  session_.interim(stream, head.status, fields);
  connection_.touch();
}

void H2Wire::on_response_body(std::uint32_t stream, std::string_view piece) {
  H2Exchange* exchange = find(stream);
  if (exchange == nullptr || !exchange->response_started || exchange->response_ended) return;
  if (exchange->frames) return give_frame(*exchange, piece);
  exchange->response_bytes += piece.size();
  exchange->response_uncredited += piece.size();
  if (exchange->response_uncredited > ipc::kInitialCredit ||
      (exchange->sized && piece.size() > exchange->left))
    return leave(*exchange, http::Http2Session::Reset::Internal);
  exchange->left -= exchange->sized ? piece.size() : 0;
  session_.body(stream, piece);
  connection_.touch();
}

void H2Wire::on_response_end(std::uint32_t stream, const std::vector<ipc::WireField>& trailers) {
  H2Exchange* exchange = find(stream);
  if (exchange == nullptr || !exchange->response_started || exchange->response_ended) return;
  exchange->response_ended = true;
  http::Fields fields;
  if (!read_fields(trailers, fields) || (exchange->sized && exchange->left > 0))
    return leave(*exchange, http::Http2Session::Reset::Internal);
  session_.end(stream, fields);
  connection_.touch();
}

void H2Wire::on_request_credit(std::uint32_t stream, std::uint32_t bytes) {
  H2Exchange* exchange = find(stream);
  if (exchange == nullptr) return;
  exchange->request_credit += bytes;
  if (exchange->request_credit > ipc::kInitialCredit) return connection_.reset();
  if (exchange->websocket) return take_frames(*exchange);
  session_.consumed(stream, bytes);
  exchange->deadline.set(connection_.timeouts().body_idle);
  connection_.touch();
}

// Not one byte of it may leave after this.
void H2Wire::on_cut(std::uint32_t stream) {
  H2Exchange* exchange = find(stream);
  if (exchange == nullptr) return;
  exchange->cut = true;
  if (exchange->moved || exchange->mark > connection_.departed()) return connection_.reset();
  if (!close_websocket(*exchange)) session_.reset(stream, http::Http2Session::Reset::Cancel);
  report_done(host_, *exchange, connection_.silent_since(), 0, false);
  close(*exchange);
  connection_.touch();
}

// Behind a frame that is whole, a Close; what waits behind that frame is thrown away.
bool H2Wire::close_websocket(H2Exchange& exchange) {
  if (!exchange.frames || !exchange.frames->between_frames()) return false;
  exchange.response_bytes -=
      std::min<std::uint64_t>(exchange.response_bytes, session_.pending(exchange.stream));
  exchange.frames->discard();
  session_.discard(exchange.stream);
  std::string close;
  exchange.frames->goodbye(FrameRelay::Why::Cut, close);
  session_.body(exchange.stream, close);
  session_.end(exchange.stream, {});
  return true;
}

void H2Wire::on_answerer_gone() {
  const auto running = [&] {
    std::vector<std::uint32_t> streams;
    for (const auto& exchange : open_)
      if (!exchange->orphaned) streams.push_back(exchange->stream);
    return streams;
  }();
  for (const std::uint32_t stream : running) {
    H2Exchange& exchange = *find(stream);
    if (!exchange.response_started) {
      answer_alone(exchange, 502);
      continue;
    }
    orphan(host_, exchange);
    leave(exchange, http::Http2Session::Reset::Internal);
  }
}

// --- output

void H2Wire::on_framed(std::uint32_t stream, std::size_t bytes, bool ended) {
  H2Exchange* exchange = find(stream);
  if (exchange == nullptr) return;
  exchange->framed += exchange->frames ? exchange->frames->departed(bytes) : bytes;
  exchange->finished = exchange->finished || ended;
  if (!std::exchange(exchange->moved, true)) moved_.push_back(exchange);
}

void H2Wire::produce() {
  const std::size_t encrypted = connection_.unsent() - connection_.output().size();
  const std::size_t most = kAhead - std::min(kAhead, encrypted);
  session_.produce(connection_.output(), most);
  // Also where there was no room at all: the kernel may take everything at once now, and then nobody calls again.
  more_ = connection_.output().size() >= most;
  if (!session_.done()) return;
  if (const http::Verdict& fault = session_.fault(); !fault.ok()) {
    report_fault(fault);
  } else if (!open_.empty()) {
    return;  // what they still have to say goes out first
  }
  connection_.linger();
}

void H2Wire::on_transmitted(bool progress) {
  if (connection_.output().empty()) {
    for (H2Exchange* exchange : moved_) settle(*exchange);
    moved_.clear();
  }
  for (std::size_t i = open_.size(); i-- > 0;) {
    H2Exchange& exchange = *open_[i];
    if (!exchange.finished || !exchange.response_ended || exchange.moved ||
        exchange.mark > connection_.sent())
      continue;
    report_done(host_, exchange, connection_.now(), 0, true);
    close(exchange);
  }
  wait();
  if (progress && waits_ == Waits::Busy) connection_.set_deadline(connection_.timeouts().body_idle);
  if ((more_ && connection_.unsent() < kAhead) || (open_.empty() && session_.done())) connection_.touch();
}

// What was framed of it is encrypted now.
void H2Wire::settle(H2Exchange& exchange) {
  exchange.moved = false;
  exchange.mark = connection_.encrypted();
  exchange.deadline.set(connection_.timeouts().body_idle);
  if (exchange.response_ended || exchange.orphaned) return;
  if (exchange.framed < kCreditStep && session_.pending(exchange.stream) > 0) return;
  if (const std::size_t bytes = std::exchange(exchange.framed, 0); bytes > 0)
    give_credit(host_, exchange, bytes);
}

// --- the end

std::uint32_t H2Wire::close_when_idle() {
  std::uint32_t websockets = 0;
  leaving_ = true;
  session_.shut_down();
  for (const auto& exchange : open_) {
    if (!exchange->frames) continue;
    ++websockets;
    say_goodbye(*exchange);
  }
  connection_.touch();
  return websockets;
}

// It becomes an event like a request that is not valid, though it may belong to no stream. The exchange is over with
// the report: there is nothing that the answer could be sent on.
void H2Wire::report_fault(const http::Verdict& verdict) {
  on_over(Over::ByClient);
  Exchange exchange;
  exchange.id = connection_.begin_exchange(0);
  report_refused(host_, connection_.id(), exchange, verdict, "HTTP/2");
  report_gone(host_, exchange);
  report_done(host_, exchange, connection_.now(), 0, false);
}

void H2Wire::on_over(Over how) {
  while (!open_.empty()) {
    H2Exchange& exchange = *open_.back();
    // One that was cut is known to be over.
    if (how == Over::ByClient || !exchange.cut) report_gone(host_, exchange);
    report_done(host_, exchange, connection_.silent_since(), connection_.unsent(), false);
    close(exchange);
  }
}

}  // namespace

std::unique_ptr<Wire> make_h2_wire(WireHost& connection, loop::Deadlines& deadlines) {
  return std::make_unique<H2Wire>(connection, deadlines);
}

}  // namespace postern::terminator
