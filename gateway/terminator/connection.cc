// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/terminator/connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "gateway/http/h1_write.h"

namespace postern::terminator {
namespace {

// The credit of a response body, its heads, and TLS's own bytes: TLS never finds the buffer full.
constexpr std::size_t kCipherOutLimit = 2 * ipc::kInitialCredit + (256U << 10U);
constexpr std::size_t kCipherInLimit = 256U << 10U;
// Output below this is no reason to hold back the answerer.
constexpr std::size_t kCreditAt = 32U << 10U;
constexpr std::size_t kExcerpt = 512;
// A connection without a running exchange keeps at most this much of its output string.
constexpr std::size_t kKeepOutput = 4096;

ipc::BodyKind to_wire(http::BodyKind kind) {
  switch (kind) {
    case http::BodyKind::None:
      return ipc::BodyKind::None;
    case http::BodyKind::Sized:
      return ipc::BodyKind::Sized;
    case http::BodyKind::Chunked:
    case http::BodyKind::UntilClose:
      break;
  }
  return ipc::BodyKind::Streamed;
}

// How a response's body goes over this connection. HEAD, 204 and 304 have none, whatever their head says.
http::Framing framing_for(const ipc::ResponseHead& head, bool http10) {
  if (head.body == ipc::BodyKind::Sized) return {http::BodyKind::Sized, head.length};
  if (head.body == ipc::BodyKind::None) return {};
  return {http10 ? http::BodyKind::UntilClose : http::BodyKind::Chunked, 0};
}

bool has_body(http::Method method, std::uint16_t status) {
  return method != http::Method::Head && status != 204 && status != 304;
}

bool fill(http::Fields& fields, const std::vector<ipc::WireField>& wire) {
  return std::all_of(wire.begin(), wire.end(),
                     [&](const ipc::WireField& f) { return fields.add(f.name, f.value); });
}

}  // namespace

Connection::Connection(Host& host, loop::Loop& loop, loop::Deadlines& deadlines, const Limits& limits,
                       const Timeouts& timeouts, base::UniqueFd socket, std::unique_ptr<tls::Session> session,
                       std::uint64_t id, std::string client)
    : host_(host),
      loop_(loop),
      limits_(limits),
      timeouts_(timeouts),
      socket_(std::move(socket)),
      tls_(std::move(session)),
      id_(id),
      client_(std::move(client)),
      parser_(limits.head),
      plain_in_(std::max(kPlainLimit, limits.head.head + tls::kRecordLimit)),
      cipher_in_(kCipherInLimit, 0),
      cipher_out_(kCipherOutLimit, 0),
      poller_(
          std::make_unique<loop::Poller>(loop, socket_.get(), [this](unsigned ready) { on_ready(ready); })),
      deadline_(deadlines, [this] { on_deadline(); }) {
  poller_->want(loop::kReadable);
  deadline_.set(timeouts_.handshake);
}

Connection::~Connection() = default;

// --- input

void Connection::on_ready(unsigned ready) {
  if ((ready & loop::kWritable) != 0 && phase_ != Phase::Over && encrypt()) transmit();
  if ((ready & loop::kReadable) != 0 && phase_ != Phase::Over) receive();
}

void Connection::receive() {
  const std::span<char> scratch = host_.scratch();
  const ssize_t n = ::recv(socket_.get(), scratch.data(), scratch.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (n <= 0) {
    client_gone();
    return;
  }
  take_cipher({scratch.data(), static_cast<std::size_t>(n)});
}

void Connection::take_cipher(std::string_view in) {
  if (phase_ == Phase::Lingering) {
    lingered_ += in.size();
    if (lingered_ > kLingerBytes) over();
    return;
  }
  // Older bytes first. They are few: cipher_in_ is used only while the plaintext buffer is full.
  if (!cipher_in_.empty()) {
    if (!cipher_in_.write(in)) return reset();
    std::string_view rest = cipher_in_.view();
    take(rest);
    cipher_in_.consume(cipher_in_.size() - std::min(rest.size(), cipher_in_.size()));
  } else {
    take(in);
    if (!cipher_in_.write(in)) return reset();
  }
  if (phase_ == Phase::Over) return;
  host_.touch(*this);
  update_interest();
}

// Decrypts and parses in turns while both get on; what is left stays in in.
void Connection::take(std::string_view& in) {
  if (!take_handshake(in)) return;
  for (bool again = true; again && phase_ != Phase::Over && phase_ != Phase::Lingering;) {
    if (!decrypt(in)) return;
    const std::size_t before = plain_in_.size();
    const bool was_full = plain_in_.room() == 0;
    advance();
    again = was_full && plain_in_.size() < before;
  }
}

// True once the handshake is done; what follows it stays in in.
bool Connection::take_handshake(std::string_view& in) {
  if (phase_ != Phase::Handshake) return true;
  switch (tls_->handshake(in, cipher_out_)) {
    case tls::Progress::Done:
      phase_ = Phase::Idle;
      deadline_.set(timeouts_.keep_alive);
      return true;
    case tls::Progress::Failed:
    case tls::Progress::Closed:
      // The alert goes out before the connection ends.
      in = {};
      start_linger();
      return false;
    default:
      return false;
  }
}

// Decrypts while there is room; false if the connection is over.
bool Connection::decrypt(std::string_view& in) {
  while (plain_in_.room() > 0) {
    const std::size_t piece = std::min(plain_in_.room(), tls::kRecordLimit);
    char* into = plain_in_.reserve(piece);
    const tls::ReadResult result = tls_->read(in, {into, piece}, cipher_out_);
    switch (result.progress) {
      case tls::Progress::Done:
        plain_in_.commit(result.size);
        break;
      case tls::Progress::Closed:
        client_ended_ = true;
        in = {};
        return true;
      case tls::Progress::Failed:
        in = {};
        client_gone();
        return false;
      default:
        return true;
    }
  }
  return true;
}

// Takes heads and bodies out of the plaintext until something has to come first: more bytes, credit, or the
// end of the exchange.
void Connection::advance() {
  bool moved = true;
  while (moved && (phase_ == Phase::Idle || phase_ == Phase::Exchange)) {
    moved = phase_ == Phase::Idle ? take_head() : take_body();
  }
  // What it has not read yet, tickets among it, and our own goodbye still go out.
  if (client_ended_ && phase_ == Phase::Idle) return start_linger();
  // A request that was refused is answered all the same.
  if (client_ended_ && phase_ == Phase::Exchange && !exchange_->request_done && !exchange_->refused)
    client_gone();
}

bool Connection::take_head() {
  if (plain_in_.empty()) return false;
  const bool begun = parser_.begun();
  const http::HeadStep step = parser_.parse(plain_in_.view());
  switch (step.state) {
    case http::HeadState::NeedMore:
      if (!begun && parser_.begun()) deadline_.set(timeouts_.head);
      return false;
    case http::HeadState::Refused:
      refuse_head(step.verdict);
      return false;
    case http::HeadState::Complete:
      break;
  }
  plain_in_.consume(step.consumed);
  begin(parser_.head());
  parser_.reset();
  return phase_ == Phase::Exchange;
}

void Connection::open_exchange() {
  phase_ = Phase::Exchange;
  exchange_.emplace();
  exchange_->id = host_.begin_exchange(*this);
  ++exchanges_;
  announce();
}

void Connection::begin(const http::RequestHead& head) {
  open_exchange();
  Exchange& exchange = *exchange_;
  exchange.method = head.method;
  exchange.http10 = head.version == http::Version::Http10;
  exchange.keep_alive = head.keep_alive && !exchange.http10 && !host_.draining() && !close_after_ &&
                        exchanges_ < limits_.exchanges_per_connection;
  exchange.request_body.emplace(head.body, http::BodySide::Request);
  exchange.request_done = head.body.kind == http::BodyKind::None;
  ipc::RequestHead wire;
  wire.connection = id_;
  wire.minor = exchange.http10 ? 0 : 1;
  wire.expects_continue = head.expect_continue;
  wire.body = to_wire(head.body.kind);
  wire.length = head.body.size;
  wire.method = http::to_text(head.method);
  wire.target = head.target;
  wire.fields.reserve(head.fields.size());
  head.fields.for_each([&](const http::Field& f) { wire.fields.push_back({f.name, f.value}); });
  base::BinaryWriter out;
  ipc::encode(wire, out);
  if (out.bytes().size() > ipc::kLargestFrame)
    return refuse(http::refused(base::Refusal::HeadTooLarge, "the head is too large to be handed over"));
  deadline_.set(timeouts_.body_idle);
  if (!host_.send(ipc::ExchangeFrame::RequestHead, exchange.id, out.bytes())) answer_alone(503);
}

void Connection::announce() {
  if (announced_) return;
  ipc::ConnectionOpened opened;
  const std::string tls = std::string(tls_->version()) + " " + std::string(tls_->cipher());
  const std::vector<std::string> chain = tls_->peer_chain();
  opened.client = client_;
  opened.tls = tls;
  opened.resumed = tls_->resumed();
  // A client may send any number of certificates behind its own. What is left out was not needed, or leaves a
  // chain that is not believed.
  std::size_t bytes = 0;
  for (const std::string& certificate : chain) {
    bytes += certificate.size();
    if (bytes > ipc::kCertificateBytes || opened.certificates.size() == ipc::kMostCertificates) break;
    opened.certificates.push_back(certificate);
  }
  base::BinaryWriter out;
  ipc::encode(opened, out);
  announced_ = host_.send(ipc::ExchangeFrame::ConnectionOpened, id_, out.bytes());
}

// Not valid HTTP. Whoever answers writes the event and the refusal; behind it the connection closes, because
// where the next request begins is unknown. Of the head only its first line is told: what follows may hold
// credentials, and must not reach the log.
void Connection::refuse_head(http::Verdict verdict) {
  open_exchange();
  const std::string_view bytes = plain_in_.view().substr(0, kExcerpt);
  const std::size_t skipped = bytes.starts_with("\r\n") ? 2 : 0;
  send_refusal(verdict, bytes.substr(skipped, bytes.find_first_of("\r\n", skipped) - skipped));
}

// The same for a request whose head was handed over already.
void Connection::refuse(http::Verdict verdict) { send_refusal(verdict, {}); }

void Connection::send_refusal(http::Verdict verdict, std::string_view first_line) {
  exchange_->keep_alive = false;
  exchange_->refused = true;
  ipc::RequestRefused wire;
  wire.connection = id_;
  wire.refusal = verdict.refusal;
  wire.why = verdict.sentence;
  wire.excerpt = first_line;
  base::BinaryWriter out;
  ipc::encode(wire, out);
  deadline_.set(timeouts_.body_idle);
  if (!host_.send(ipc::ExchangeFrame::RequestRefused, exchange_->id, out.bytes())) answer_alone(503);
  plain_in_.clear();
}

// Takes one step of the request's body. False when it must wait.
bool Connection::take_body() {
  Exchange& exchange = *exchange_;
  if (exchange.request_done || exchange.refused || !exchange.request_body) return false;
  // With no credit left, only what frames the body may pass; a piece of content must wait.
  if (exchange.request_credit == 0) return false;
  const std::size_t most = std::min(ipc::kBodyPiece, exchange.request_credit);
  const http::BodyStep step = exchange.request_body->feed(plain_in_.view().substr(0, most));
  if (!step.piece.empty()) {
    exchange.request_bytes += step.piece.size();
    exchange.request_credit -= step.piece.size();
    if (exchange.request_bytes > limits_.request_body) {
      refuse(http::refused(base::Refusal::BodyTooLarge, "the body is above the limit"));
      return false;
    }
    host_.send(ipc::ExchangeFrame::RequestBody, exchange.id, step.piece);
    deadline_.set(timeouts_.body_idle);
  }
  if (step.state == http::BodyState::Refused) {
    refuse(exchange.request_body->verdict());
    return false;
  }
  plain_in_.consume(step.consumed);
  if (step.state != http::BodyState::Done) return step.consumed > 0;
  exchange.request_done = true;
  std::vector<ipc::WireField> trailers;
  exchange.request_body->trailers().for_each([&](const http::Field& f) {
    trailers.push_back({f.name, f.value});
  });
  base::BinaryWriter out;
  ipc::encode_trailers(trailers, out);
  host_.send(ipc::ExchangeFrame::RequestEnd, exchange.id, out.bytes());
  return false;
}

// --- frames from whoever answers

void Connection::on_response_head(const ipc::ResponseHead& head) {
  if (!exchange_ || exchange_->response_started) return;
  Exchange& exchange = *exchange_;
  exchange.response_started = true;
  http::Fields fields;
  if (!fill(fields, head.fields) || head.status < 200 || head.status > 599) return reset();
  const http::Framing framing = framing_for(head, exchange.http10);
  // An answer before the end of the request: the rest of the request is not wanted, and what follows it
  // cannot be found.
  if (head.close || !exchange.request_done || framing.kind == http::BodyKind::UntilClose)
    exchange.keep_alive = false;
  http::write_response_head(plain_out_, {head.status, {}, exchange.method == http::Method::Head}, fields,
                            framing, exchange.keep_alive);
  exchange.response_body.emplace(has_body(exchange.method, head.status) ? framing : http::Framing{});
  host_.touch(*this);
}

void Connection::on_informational(const ipc::ResponseHead& head) {
  if (!exchange_ || exchange_->response_started || exchange_->http10) return;
  http::Fields fields;
  if (!fill(fields, head.fields) || head.status < 100 || head.status > 199 || head.status == 101)
    return reset();
  http::write_response_head(plain_out_, {head.status, {}, false}, fields, {}, true);
  host_.touch(*this);
}

void Connection::on_response_body(std::string_view piece) {
  if (!exchange_ || !exchange_->response_body || exchange_->response_ended) return;
  exchange_->response_bytes += piece.size();
  exchange_->response_uncredited += piece.size();
  if (exchange_->response_uncredited > ipc::kInitialCredit ||
      !exchange_->response_body->write(piece, plain_out_))
    return reset();
  host_.touch(*this);
}

void Connection::on_response_end(const std::vector<ipc::WireField>& trailers) {
  if (!exchange_ || !exchange_->response_body || exchange_->response_ended) return;
  exchange_->response_ended = true;
  http::Fields fields;
  if (!fill(fields, trailers) || !exchange_->response_body->finish(fields, plain_out_)) return reset();
  host_.touch(*this);
}

void Connection::on_request_credit(std::uint32_t bytes) {
  if (!exchange_) return;
  exchange_->request_credit += bytes;
  if (exchange_->request_credit > ipc::kInitialCredit) return reset();
  take_cipher({});  // what waited in our buffers, now that there is credit
}

void Connection::on_cut() {
  if (!exchange_) return;
  reset();
}

void Connection::on_answerer_gone() {
  announced_ = false;
  if (!exchange_ || exchange_->orphaned) return;  // nothing runs there, or it was answered without it
  if (exchange_->response_started || !plain_out_.empty()) return reset();
  answer_alone(502);
}

// The one answer that a terminator makes itself: whoever answers is not there. No event can be written for it
// here; the supervisor records that the role ended.
void Connection::answer_alone(int status) {
  static constexpr std::string_view kProblem =
      R"({"type":"about:blank","title":"The gateway failed","code":"gateway_error","detail":"A part of the gateway is being restarted. Try again."})";
  Exchange& exchange = *exchange_;
  host_.end_exchange(exchange.id);
  exchange.orphaned = exchange.refused = true;
  exchange.keep_alive = false;
  exchange.response_started = exchange.response_ended = true;
  http::Fields fields;
  fields.put("content-type", "application/problem+json");
  fields.put("cache-control", "no-store");
  fields.put("retry-after", "1");
  http::write_response_head(plain_out_, {status, {}, false}, fields, {http::BodyKind::Sized, kProblem.size()},
                            false);
  if (exchange.method != http::Method::Head) plain_out_ += kProblem;
  host_.touch(*this);
}

// --- output

void Connection::flush() {
  touched_ = false;
  if (phase_ != Phase::Over && encrypt()) transmit();
}

// As much of the output as has room; the rest follows when the kernel took some. False if the connection is
// over.
bool Connection::encrypt() {
  if (plain_out_.empty()) return true;
  plain_out_.erase(0, tls_->write(plain_out_, cipher_out_));
  if (tls_->failed()) {
    reset();
    return false;
  }
  if (plain_out_.empty() && plain_out_.capacity() > kKeepOutput) plain_out_.shrink_to_fit();
  return true;
}

void Connection::transmit() {
  while (!cipher_out_.empty()) {
    const std::string_view bytes = cipher_out_.view();
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (n < 0) return client_gone();
    cipher_out_.consume(static_cast<std::size_t>(n));
    // Progress: a client that reads slowly is not one that does not read.
    if (exchange_ && exchange_->response_started) deadline_.set(timeouts_.body_idle);
    if (static_cast<std::size_t>(n) < bytes.size()) break;
  }
  after_transmit();
}

void Connection::after_transmit() {
  if (phase_ == Phase::Lingering) {
    if (cipher_out_.empty()) ::shutdown(socket_.get(), SHUT_WR);
  } else if (exchange_) {
    Exchange& exchange = *exchange_;
    if (exchange.response_ended && cipher_out_.empty() && plain_out_.empty()) {
      finish_exchange();
    } else if (exchange.response_uncredited > 0 && cipher_out_.size() < kCreditAt) {
      base::BinaryWriter out;
      out.u32(static_cast<std::uint32_t>(exchange.response_uncredited));
      exchange.response_uncredited = 0;
      host_.send(ipc::ExchangeFrame::ResponseCredit, exchange.id, out.bytes());
    }
  }
  if (phase_ != Phase::Over) update_interest();
}

void Connection::report_done(bool complete) {
  if (exchange_->orphaned) return;
  ipc::ExchangeDone done;
  done.request_bytes = exchange_->request_bytes;
  // What is still here never leaves.
  const std::uint64_t unsent = plain_out_.size() + cipher_out_.size();
  done.response_bytes = exchange_->response_bytes - std::min(exchange_->response_bytes, unsent);
  done.ended = loop_.now();
  done.complete = complete;
  base::BinaryWriter out;
  ipc::encode(done, out);
  host_.send(ipc::ExchangeFrame::ExchangeDone, exchange_->id, out.bytes());
  host_.end_exchange(exchange_->id);
}

// The response is in the kernel's hands. Then the next request, which may be in the buffer already.
void Connection::finish_exchange() {
  report_done(true);
  const bool again = exchange_->keep_alive && exchange_->request_done && !close_after_ && !client_ended_;
  exchange_.reset();
  if (!again) return start_linger();
  phase_ = Phase::Idle;
  deadline_.set(timeouts_.keep_alive);
  if (!plain_in_.empty() || !cipher_in_.empty()) take_cipher({});
}

void Connection::close_when_idle() {
  close_after_ = true;
  if (exchange_) {
    if (!exchange_->response_started) exchange_->keep_alive = false;
  } else if (phase_ == Phase::Idle) {
    start_linger();
  } else if (phase_ == Phase::Handshake) {
    over();
  }
}

// Says goodbye, and goes on reading for a while: closing with unread bytes would make the kernel send a
// reset, and a reset can overtake our last bytes at the client.
void Connection::start_linger() {
  phase_ = Phase::Lingering;
  plain_in_.clear();
  cipher_in_.clear();
  if (tls_->handshake_done() && !tls_->failed()) tls_->close(cipher_out_);
  deadline_.set(kLinger);
  transmit();
}

void Connection::client_gone() {
  if (exchange_) {
    if (!exchange_->orphaned) host_.send(ipc::ExchangeFrame::ClientGone, exchange_->id, {});
    report_done(false);
    exchange_.reset();
  }
  over();
}

// SO_LINGER 0: the kernel throws away what it has not sent, and sends RST. After a cut not one more byte of
// the response leaves.
void Connection::reset() {
  if (phase_ == Phase::Over) return;
  const linger at_once{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  poller_.reset();
  socket_.reset();
  if (exchange_) {
    report_done(false);
    exchange_.reset();
  }
  over();
}

void Connection::over() {
  if (phase_ == Phase::Over) return;
  phase_ = Phase::Over;
  deadline_.clear();
  poller_.reset();
  socket_.reset();
  if (announced_) host_.send(ipc::ExchangeFrame::ConnectionClosed, id_, {});
  host_.retire(*this);
}

// --- waiting

bool Connection::wants_input() const {
  if (phase_ == Phase::Handshake || phase_ == Phase::Lingering) return true;
  if (client_ended_) return false;
  return cipher_in_.empty() && plain_in_.room() > 0;
}

void Connection::update_interest() {
  poller_->want((wants_input() ? loop::kReadable : 0) |
                (cipher_out_.empty() && plain_out_.empty() ? 0 : loop::kWritable));
}

void Connection::on_deadline() {
  switch (phase_) {
    case Phase::Idle:
      if (parser_.begun())
        return refuse_head(http::refused(base::Refusal::RequestTimeout, "the head did not arrive in time"));
      return start_linger();
    case Phase::Exchange:
      // Without credit it is not the client that is late: whoever answers keeps the time.
      if (!exchange_->request_done && !exchange_->response_started && !exchange_->refused &&
          exchange_->request_credit > 0) {
        return refuse(http::refused(base::Refusal::RequestTimeout, "the body did not arrive in time"));
      }
      // A client that does not take our bytes; while the component is silent, the answerer keeps the time.
      if (!cipher_out_.empty()) return client_gone();
      return deadline_.set(timeouts_.body_idle);
    case Phase::Handshake:
    case Phase::Lingering:
      return over();
    case Phase::Over:
      return;
  }
}

}  // namespace postern::terminator
