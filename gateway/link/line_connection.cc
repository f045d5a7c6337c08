// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/line_connection.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "gateway/http/authority.h"
#include "gateway/http/request_rules.h"

namespace postern::link {
namespace {

constexpr std::size_t kLinePiece = 16U << 10U;
constexpr std::size_t kLineAhead = 64U << 10U;  // bytes that are turned into frames ahead of the kernel
constexpr std::int64_t kLongestRetry = 3600;    // seconds that a server may ask for
constexpr int kHttpsPort = 443;

// Sentences of the layers below are about the component; here the other side is "it".
std::string about_it(std::string text) {
  const auto replace = [&](std::string_view what, std::string_view by) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
      text.replace(at, what.size(), by);
  };
  replace("the component's", "its");
  replace("the component", "it");
  return text;
}

std::string with_port(const std::string& host) {
  const auto authority = http::parse_authority(host);
  return authority && authority->port == 0 ? host + ":" + std::to_string(kHttpsPort) : host;
}

std::string agent_of(const LineSettings& settings) { return "postern/" + settings.version; }

base::Error lost_line(std::string why) {
  return base::fail(base::Code::Unavailable, base::Side::Component, std::move(why));
}

base::Micros retry_after_of(const http::ResponseHead& head) {
  const auto seconds = http::parse_content_length(head.fields.find("retry-after").value_or(""));
  if (!seconds) return 0;
  return static_cast<base::Micros>(std::min<std::uint64_t>(*seconds, kLongestRetry)) * base::kWallSecond;
}

}  // namespace

LineConnection::LineConnection(loop::Loop& loop, const Connect& connect,
                               std::shared_ptr<const LineSettings> settings, Name name,
                               const LineTimes& times, User& user)
    : loop_(loop),
      connect_(connect),
      settings_(std::move(settings)),
      name_(name),
      times_(times),
      user_(&user),
      deadline_(loop, [this] { on_deadline(); }) {
  POSTERN_CHECK(name_ == Name::None || settings_->own != nullptr);
  if (settings_->through_proxy)
    greeting_ = std::make_unique<ProxyGreeting>(with_port(settings_->host), settings_->login,
                                                settings_->memory, agent_of(*settings_));
  deadline_.start(times_.establish);
  this->connect();
}

LineConnection::~LineConnection() { *alive_ = false; }

void LineConnection::connect() {
  poller_.reset();
  socket_.reset();
  const std::uint64_t attempt = ++attempt_;
  connect_(settings_->place, [this, attempt, alive = alive_](base::Result<base::UniqueFd> socket) {
    if (*alive) connected(attempt, std::move(socket));
  });
}

void LineConnection::connected(std::uint64_t attempt, base::Result<base::UniqueFd> socket) {
  if (over_ || attempt != attempt_) return;
  if (!socket.ok()) return fail(Step::Connection, socket.error().message);
  socket_ = std::move(*socket);
  poller_ = std::make_unique<loop::Poller>(loop_, socket_.get(), [this](unsigned ready) { on_ready(ready); });
  if (step_ == Step::Connection)
    done(Step::Connection, settings_->through_proxy ? "connected to the proxy" : "connected");
  if (over_) return;
  if (greeting_ == nullptr) {
    begin_tls();
  } else {
    step_ = Step::Proxy;
    greeting_->begin();
    greeted();
  }
  touch();
}

void LineConnection::done(Step step, const std::string& said) {
  if (user_ != nullptr) user_->on_step(step, said);
}

void LineConnection::begin_tls() {
  if (over_) return;
  step_ = Step::Tls;
  const auto& context = name_ == Name::Own ? settings_->own : settings_->nameless;
  auto session = context->start(settings_->tls_name);
  if (!session.ok()) return fail(Step::Tls, session.error().message);
  tls_ = std::move(*session);
}

// Its certificate was found good.
void LineConnection::begin_http2() {
  if (tls_->protocol() != "h2")
    return fail(Step::Tls, "it does not speak HTTP/2, as Mission Control does: is this its address?");
  step_ = Step::Http2;
  client_ = std::make_unique<http::Http2Client>(http::Http2ClientLimits{},
                                                static_cast<http::Http2Client::Listener&>(*this));
  done(Step::Tls, std::string(tls_->version()) + ", " + std::string(tls_->cipher()) +
                      ", the certificate of " + settings_->tls_name + " is good");
}

void LineConnection::on_ready(unsigned ready) {
  if ((ready & loop::kReadable) != 0) receive();
  if (!over_) flush();
}

void LineConnection::receive() {
  std::array<char, kLinePiece> piece;
  const ssize_t n = ::recv(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (n <= 0) return on_end(n < 0);
  heard_ = loop_.now();
  const std::string_view bytes(piece.data(), static_cast<std::size_t>(n));
  tls_ ? decrypt(bytes) : greet(bytes);
}

void LineConnection::greet(std::string_view bytes) {
  greeting_->feed(bytes);
  greeted();
}

void LineConnection::greeted() {
  switch (greeting_->state()) {
    case ProxyGreeting::State::More:
      return;
    case ProxyGreeting::State::Again:
      return connect();
    case ProxyGreeting::State::Failed:
      return fail(Step::Proxy, "the proxy: " + greeting_->why(), greeting_->denied());
    case ProxyGreeting::State::Done:
      done(Step::Proxy, greeting_->authenticated() ? "the proxy lets us through, with user and password"
                                                   : "the proxy lets us through");
      return begin_tls();
  }
}

void LineConnection::decrypt(std::string_view bytes) {
  if (!cipher_in_.write(bytes)) return fail(step_, "its TLS records are longer than any may be");
  std::string_view rest = cipher_in_.view();
  if (!tls_->handshake_done()) {
    const tls::Progress progress = tls_->handshake(rest, cipher_out_);
    if (progress == tls::Progress::Failed) {
      transmit();  // the alert
      return fail_tls(Step::Tls);
    }
    if (progress == tls::Progress::Closed) return fail(Step::Tls, "it closed during the TLS handshake");
    if (progress == tls::Progress::Done) begin_http2();
  }
  std::array<char, kLinePiece> plain;
  while (!over_ && client_ != nullptr) {
    const tls::ReadResult result = tls_->read(rest, plain, cipher_out_);
    if (result.progress == tls::Progress::Failed) return fail_tls(step_);
    if (result.progress == tls::Progress::Closed) return on_end(false);
    if (result.progress != tls::Progress::Done) break;
    take({plain.data(), result.size});
  }
  cipher_in_.consume(cipher_in_.size() - rest.size());
}

void LineConnection::take(std::string_view plain) {
  in_client_ = true;
  client_->take(plain, loop_.now());
  in_client_ = false;
  if (!over_ && !client_->fault().ok()) return fail(step_, about_it(std::string(client_->fault().sentence)));
  if (over_ || !std::exchange(settled_, false)) return;
  if (client_->room() == 0) return fail(step_, "it takes no requests");
  step_ = Step::Open;
  deadline_.stop();
  done(Step::Http2, "HTTP/2");
}

void LineConnection::on_settled() { settled_ = true; }

void LineConnection::on_end(bool broken) {
  if (tls_ == nullptr && !broken) {
    greeting_->end();
    return greeted();
  }
  const std::string who = tls_ == nullptr ? "the proxy: the connection" : "the connection";
  if (broken) return fail(step_, who + " broke: " + std::string(::strerrordesc_np(errno)));
  if (step_ == Step::Tls) return fail(step_, "it closed during the TLS handshake");
  if (step_ == Step::Http2 && name_ == Name::Own)
    return fail(
        step_,
        "it closed the connection at once; perhaps it does not accept this installation's certificate");
  fail(step_, "it closed the connection");
}

// --- what is sent

void LineConnection::touch() {
  if (!over_ && poller_ != nullptr) poller_->want(loop::kReadable | loop::kWritable);
}

// What there is to say, in records. False: it is over.
bool LineConnection::encrypt() {
  if (!tls_->handshake_done()) {
    std::string_view nothing;
    if (tls_->handshake(nothing, cipher_out_) != tls::Progress::Failed) return true;
    fail_tls(Step::Tls);
    return false;
  }
  if (client_ == nullptr) return true;
  if (plain_sent_ == plain_out_.size() && cipher_out_.size() < kLineAhead) {
    plain_out_.clear();
    plain_sent_ = 0;
    in_client_ = true;
    client_->produce(plain_out_, kLineAhead);
    in_client_ = false;
    if (over_) return false;
  }
  plain_sent_ += tls_->write(std::string_view(plain_out_).substr(plain_sent_), cipher_out_);
  if (!tls_->failed()) return true;
  fail_tls(step_);
  return false;
}

// True: the kernel took all that there was.
bool LineConnection::transmit() {
  for (;;) {
    const std::string_view bytes = tls_ ? cipher_out_.view() : greeting_->out();
    if (bytes.empty()) return true;
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
    // Whoever closed its reading side may have said why: that is still to be read.
    const std::size_t gone = n < 0 ? bytes.size() : static_cast<std::size_t>(n);
    tls_ ? cipher_out_.consume(gone) : greeting_->sent(gone);
  }
}

void LineConnection::flush() {
  if (socket_.get() < 0) return;  // on its way to another one
  bool all = true;
  do {
    if (tls_ && !encrypt()) return;
    all = transmit();
  } while (all && tls_ && !plain_out_.empty());
  look();
  if (!over_ && poller_ != nullptr) poller_->want(loop::kReadable | (all ? 0U : loop::kWritable));
}

// Whether it can go on at all.
void LineConnection::look() {
  if (over_ || client_ == nullptr) return;
  if (!client_->fault().ok()) return fail(step_, about_it(std::string(client_->fault().sentence)));
  if (client_->done()) fail(step_, "it takes no more requests on this connection");
}

// --- requests

std::uint32_t LineConnection::post(std::string_view target, std::string_view document, Answered done,
                                   std::size_t spared) {
  Exchange exchange;
  exchange.spared = spared;
  exchange.done = std::move(done);
  exchange.until = loop_.now() + times_.answer;
  return begin(http::Method::Post, target, document, std::move(exchange));
}

std::uint32_t LineConnection::listen(std::string_view target, OnLine on_line, Answered ended) {
  Exchange exchange;
  exchange.done = std::move(ended);
  exchange.on_line = std::move(on_line);
  return begin(http::Method::Get, target, {}, std::move(exchange));
}

std::uint32_t LineConnection::talk(std::string_view target, Talker& talker) {
  Exchange exchange;
  exchange.done = [&talker](const base::Result<LineAnswer>& answer) { talker.on_over(answer); };
  exchange.talker = &talker;
  return begin(http::Method::Post, target, {}, std::move(exchange));
}

void LineConnection::say(std::uint32_t request, std::string_view piece) {
  if (over_) return;
  client_->body(request, piece);
  touch();
}

void LineConnection::say_end(std::uint32_t request) {
  if (over_) return;
  client_->end(request, {});
  touch();
}

std::size_t LineConnection::unsaid(std::uint32_t request) const {
  return over_ ? 0 : client_->pending(request);
}

void LineConnection::hear(std::uint32_t request, std::size_t bytes) {
  if (over_ || bytes == 0) return;
  client_->consumed(request, bytes);
  touch();
}

bool LineConnection::has_unsent() const {
  if (!open()) return false;
  if (plain_sent_ < plain_out_.size() || !cipher_out_.view().empty()) return true;
  tcp_info info{};
  socklen_t size = sizeof info;
  return ::getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_notsent_bytes > 0;
}

// SO_LINGER 0: the kernel throws away what it has not sent, and sends RST.
void LineConnection::cut(std::string why) {
  const struct linger at_once { 1, 0 };
  if (socket_.get() >= 0) ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fail(step_, std::move(why));
}

std::uint32_t LineConnection::begin(http::Method method, std::string_view target, std::string_view document,
                                    Exchange exchange) {
  POSTERN_CHECK(room());
  const bool post = method == http::Method::Post;
  http::Fields fields;
  const bool talks = exchange.talker != nullptr;
  if (post) fields.put("content-type", talks ? "application/octet-stream" : "application/json");
  fields.put("user-agent", agent_of(*settings_));
  const http::Framing framing = talks  ? http::Framing{http::BodyKind::Chunked, 0}
                                : post ? http::Framing{http::BodyKind::Sized, document.size()}
                                       : http::Framing{};
  const std::uint32_t request =
      client_->begin({method, "https", settings_->host, target, framing}, fields, {});
  if (post && !talks) {
    client_->body(request, document);
    client_->end(request, {});
  }
  exchanges_.emplace(request, std::move(exchange));
  arm();
  touch();
  return request;
}

void LineConnection::forget(std::uint32_t request) {
  if (exchanges_.erase(request) == 0 || over_) return;
  client_->cancel(request);
  touch();
}

void LineConnection::on_head(std::uint32_t request, const http::ResponseHead& head) {
  const auto found = exchanges_.find(request);
  if (found == exchanges_.end() || head.interim()) return;
  Exchange& exchange = found->second;
  exchange.answer.status = head.status;
  exchange.answer.retry_after = retry_after_of(head);
  exchange.lines = head.status == 200 && exchange.on_line != nullptr;
  exchange.talks = head.status == 200 && exchange.talker != nullptr;
  if (exchange.talks) exchange.talker->on_begun();
}

void LineConnection::on_body(std::uint32_t request, std::string_view piece) {
  const auto found = exchanges_.find(request);
  if (found == exchanges_.end() || over_) return;
  if (found->second.talks) {
    found->second.talker->on_bytes(piece);
    return touch();
  }
  if (found->second.lines) {
    take_lines(request, piece);
  } else {
    std::string& body = found->second.answer.body;
    if (const std::size_t most = found->second.spared; most != 0 && body.size() + piece.size() > most) {
      client_->cancel(request);
      touch();
      return finish(request, base::fail(base::Code::Limit, base::Side::Component,
                                        "its answer has more than " + std::to_string(most) + " bytes"));
    }
    if (body.size() + piece.size() > line::kDocumentLimit)
      return fail(step_, "an answer of it has more than " + std::to_string(line::kDocumentLimit) + " bytes");
    body += piece;
  }
  if (over_) return;
  client_->consumed(request, piece.size());
  touch();
}

void LineConnection::take_lines(std::uint32_t request, std::string_view piece) {
  while (!piece.empty()) {
    const auto found = exchanges_.find(request);
    if (found == exchanges_.end() || over_) return;
    std::string& held = found->second.line;
    const std::size_t end = std::min(piece.find('\n'), piece.size());
    if (held.size() + end > line::kOrderLimit)
      return fail(step_,
                  "a line of its orders has more than " + std::to_string(line::kOrderLimit) + " bytes");
    held += piece.substr(0, end);
    if (end == piece.size()) return;
    piece.remove_prefix(end + 1);
    const std::string whole = std::exchange(held, {});
    const OnLine on_line = found->second.on_line;  // the exchange may go meanwhile
    on_line(whole);
  }
}

void LineConnection::on_drained(std::uint32_t request) {
  const auto found = exchanges_.find(request);
  if (found != exchanges_.end() && found->second.talks && !over_) found->second.talker->on_room();
}

void LineConnection::on_end(std::uint32_t request, const http::Fields&) {
  const auto found = exchanges_.find(request);
  if (found == exchanges_.end()) return;
  LineAnswer answer = std::move(found->second.answer);
  finish(request, std::move(answer));
}

void LineConnection::on_lost(std::uint32_t request, http::Verdict why, bool) {
  finish(request, lost_line(about_it(std::string(why.sentence))));
}

void LineConnection::finish(std::uint32_t request, base::Result<LineAnswer> result) {
  auto owned = exchanges_.extract(request);
  if (owned.empty()) return;
  arm();
  owned.mapped().done(std::move(result));
}

// The next answer that is waited for.
void LineConnection::arm() {
  base::Nanos next = 0;
  for (const auto& [number, exchange] : exchanges_) {
    if (exchange.until != 0 && (next == 0 || exchange.until < next)) next = exchange.until;
  }
  next == 0 ? deadline_.stop() : deadline_.start(std::max<base::Nanos>(next - loop_.now(), 0));
}

void LineConnection::on_deadline() {
  if (step_ != Step::Open)
    return fail(step_, std::string(step_ == Step::Proxy ? "the proxy: " : "") + "it did not answer within " +
                           base::format_duration(times_.establish / 1000));
  const base::Nanos now = loop_.now();
  std::vector<std::uint32_t> late;
  for (const auto& [number, exchange] : exchanges_) {
    if (exchange.until == 0 || exchange.until > now) continue;
    late.push_back(number);
    // Whatever is in between swallows bytes, or it hangs: another connection is worth more than this one.
    if (heard_ <= exchange.until - times_.answer)
      return fail(step_, "it did not answer within " + base::format_duration(times_.answer / 1000) +
                             ", and said nothing else");
  }
  for (const std::uint32_t request : late) {
    if (over_) return;
    client_->cancel(request);
    touch();
    finish(request, lost_line("it did not answer within " + base::format_duration(times_.answer / 1000)));
  }
  if (!over_) arm();
}

// --- the end

void LineConnection::fail_tls(Step step) {
  const base::Error& error = tls_->error();
  if (tls_->certificate_refused()) {
    nameless_ = true;
    return fail(step, std::string(name_ == Name::Own ? "it does not accept this installation's certificate ("
                                                     : "it wants a certificate (") +
                          about_it(error.message) + ")");
  }
  std::string why = about_it(error.message);
  // Whoever breaks TLS open shows a certificate of its own, and its issuer stands in the sentence.
  if (settings_->through_proxy && step == Step::Tls && error.code == base::Code::Denied)
    why += "; if that is the proxy's own authority, the proxy breaks TLS open: have it let " +
           with_port(settings_->host) + " through untouched";
  fail(step, std::move(why));
}

void LineConnection::fail(Step step, std::string why, bool denied) {
  if (over_) return;
  over_ = true;
  deadline_.stop();
  poller_.reset();
  socket_.reset();
  const Over over{step, std::move(why), denied, nameless_};
  auto waiting = std::exchange(exchanges_, {});
  for (auto& [number, exchange] : waiting) {
    if (user_ != nullptr) exchange.done(lost_line(over.why));
  }
  if (User* user = std::exchange(user_, nullptr); user != nullptr) user->on_over(over);
}

void LineConnection::close() {
  user_ = nullptr;
  if (over_) return;
  if (client_ != nullptr && !in_client_ && !tls_->failed()) {
    for (const auto& [number, exchange] : exchanges_) client_->cancel(number);
    exchanges_.clear();
    client_->leave();
    if (encrypt()) {
      tls_->close(cipher_out_);
      transmit();
    }
  }
  exchanges_.clear();
  over_ = true;
  deadline_.stop();
  poller_.reset();
  socket_.reset();
}

}  // namespace postern::link
