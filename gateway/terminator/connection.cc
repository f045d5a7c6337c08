// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/terminator/connection.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "gateway/ipc/figures.h"

namespace postern::terminator {
namespace {

// The credit of a response body, its heads, and TLS's own bytes: TLS never finds the buffer full.
constexpr std::size_t kCipherOutLimit = 2 * ipc::kInitialCredit + (256U << 10U);
constexpr std::size_t kCipherInLimit = 256U << 10U;
// Output that is worth a write of its own.
constexpr std::size_t kMuchOutput = 64U << 10U;
// A connection keeps at most this much of its output string between turns.
constexpr std::size_t kKeepOutput = 4096;

}  // namespace

Connection::Connection(const Place& place, base::UniqueFd socket, std::unique_ptr<tls::Session> session,
                       std::uint64_t id, std::string client)
    : place_(place),
      socket_(std::move(socket)),
      tls_(std::move(session)),
      id_(id),
      client_(std::move(client)),
      plain_in_(std::max(kPlainLimit, place.limits.head.head + tls::kRecordLimit), 0),
      cipher_in_(kCipherInLimit, 0),
      cipher_out_(kCipherOutLimit, 0),
      poller_(std::make_unique<loop::Poller>(place.loop, socket_.get(),
                                             [this](unsigned ready) { on_ready(ready); })),
      deadline_(place.deadlines, [this] { on_deadline(); }) {
  poller_->want(loop::kReadable);
  deadline_.set(place.timeouts.handshake);
}

Connection::~Connection() = default;

// --- input

void Connection::on_ready(unsigned ready) {
  if ((ready & loop::kWritable) != 0 && phase_ != Phase::Over) push();
  if ((ready & loop::kReadable) != 0 && phase_ != Phase::Over) receive();
}

void Connection::receive() {
  // Before each read: what one of them brings is all that may come on top.
  if (phase_ != Phase::Lingering && place_.host.crowded()) {
    held_ = true;
    return update_interest();
  }
  const std::span<char> scratch = place_.host.scratch();
  const ssize_t n = ::recv(socket_.get(), scratch.data(), scratch.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (n <= 0) {
    give_up();
    return;
  }
  ipc::count(ipc::Figure::BytesReceived, static_cast<std::uint64_t>(n));
  take_cipher({scratch.data(), static_cast<std::size_t>(n)});
}

void Connection::read_on() {
  if (std::exchange(held_, false)) update_interest();
}

void Connection::take_again() {
  if (!plain_in_.empty() || !cipher_in_.empty()) take_cipher({});
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
  touch();
  update_interest();
}

// Decrypts and parses in turns while both get on; what is left stays in in.
void Connection::take(std::string_view& in) {
  if (!take_handshake(in)) return;
  for (bool again = true; again && phase_ == Phase::Open;) {
    if (!decrypt(in)) return;
    const std::size_t before = plain_in_.size();
    const bool was_full = plain_in_.room() == 0;
    wire_->on_input();
    again = was_full && plain_in_.size() < before;
  }
}

// True once the handshake is done; what follows it stays in in.
bool Connection::take_handshake(std::string_view& in) {
  if (phase_ != Phase::Handshake) return true;
  switch (tls_->handshake(in, cipher_out_)) {
    case tls::Progress::Done:
      ipc::count(tls_->resumed() ? ipc::Figure::HandshakesResumed : ipc::Figure::HandshakesFull);
      if (tls_->answers_challenge()) {
        in = {};
        linger();
        return false;
      }
      phase_ = Phase::Open;
      wire_ = tls_->protocol() == "h2" ? make_h2_wire(*this, place_.deadlines) : make_h1_wire(*this);
      return true;
    case tls::Progress::Failed:
    case tls::Progress::Closed:
      ipc::count(ipc::Figure::HandshakesFailed);
      // The alert goes out before the connection ends.
      in = {};
      linger();
      return false;
    default:
      return false;
  }
}

// Decrypts while there is room; false if the connection is over.
bool Connection::decrypt(std::string_view& in) {
  while (plain_in_.room() > 0) {
    const std::span<char> record = place_.host.record_scratch();
    const tls::ReadResult result =
        tls_->read(in, record.first(std::min(plain_in_.room(), record.size())), cipher_out_);
    switch (result.progress) {
      case tls::Progress::Done:
        POSTERN_CHECK(plain_in_.write({record.data(), result.size}));
        if (in.empty() && !tls_->holds_input()) return true;
        break;
      case tls::Progress::Closed:
        client_ended_ = true;
        in = {};
        return true;
      case tls::Progress::Failed:
        in = {};
        give_up();
        return false;
      default:
        return true;
    }
  }
  return true;
}

std::uint64_t Connection::begin_exchange(std::uint32_t stream) {
  const std::uint64_t exchange = place_.host.begin_exchange(*this, stream);
  announce();
  return exchange;
}

void Connection::announce() {
  if (announced_) return;
  ipc::ConnectionOpened opened;
  std::string tls = std::string(tls_->version()) + " " + std::string(tls_->cipher());
  if (!tls_->group().empty()) tls.append(" ").append(tls_->group());
  const std::vector<std::string> chain = tls_->peer_chain();
  opened.client = client_;
  opened.tls = tls;
  opened.relay = relay_;
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
  announced_ = place_.host.send(ipc::ExchangeFrame::ConnectionOpened, id_, out.bytes());
}

// --- output

void Connection::flush() {
  touched_ = false;
  if (phase_ != Phase::Over) push();
}

// The bodies of many exchanges come in one turn: encrypted as they come, each is still in the processor's near memory.
void Connection::relieve() {
  if (phase_ != Phase::Over && plain_out_.size() >= kMuchOutput) push();
}

void Connection::push() {
  if (place_.host.stopped(*this)) return update_interest();
  if (phase_ == Phase::Open) wire_->produce();
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
  if (!cipher_out_.empty() && place_.host.stopped(*this)) return update_interest();
  bool progress = false;
  while (!cipher_out_.empty()) {
    const std::string_view bytes = cipher_out_.view();
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (n < 0) return give_up();
    progress = true;
    sent_ += static_cast<std::uint64_t>(n);
    ipc::count(ipc::Figure::BytesSent, static_cast<std::uint64_t>(n));
    cipher_out_.consume(static_cast<std::size_t>(n));
    if (static_cast<std::size_t>(n) < bytes.size()) break;
  }
  if (phase_ == Phase::Open) wire_->on_transmitted(progress);
  if (phase_ == Phase::Lingering && cipher_out_.empty()) ::shutdown(socket_.get(), SHUT_WR);
  if (phase_ != Phase::Over) update_interest();
}

// Asked only when something is cut. Of a relayed connection nobody here can tell what the link has taken: so it is reset whenever
// it has carried something of what is cut, and at its other end the link throws away what it has not taken (gateway/link/tunnel.h).
std::uint64_t Connection::departed() const {
  if (!relay_.empty()) return 0;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return sent_ - std::min<std::uint64_t>(sent_, info.tcpi_notsent_bytes);
}

void Connection::note_silence() { silent_since_ = departed() == sent_ ? now() : 0; }

// --- the end

void Connection::on_answerer_gone() {
  announced_ = false;
  if (phase_ == Phase::Open) wire_->on_answerer_gone();
}

std::uint32_t Connection::close_when_idle() {
  if (phase_ == Phase::Open) return wire_->close_when_idle();
  if (phase_ == Phase::Handshake) over();
  return 0;
}

// Says goodbye, and goes on reading for a while: closing with unread bytes would make the kernel send a
// reset, and a reset can overtake our last bytes at the client.
void Connection::linger() {
  if (!encrypt()) return;
  phase_ = Phase::Lingering;
  plain_in_.clear();
  cipher_in_.clear();
  if (tls_->handshake_done() && !tls_->failed()) tls_->close(cipher_out_);
  // The kernel sends on for a client that reads slowly when a TCP socket is closed. The link does not.
  deadline_.set(relay_.empty() ? kLinger : std::max(kLinger, place_.timeouts.body_idle));
  transmit();
}

void Connection::give_up() {
  if (phase_ == Phase::Open) wire_->on_over(Wire::Over::ByClient);
  over();
}

// SO_LINGER 0: the kernel throws away what it has not sent, and sends RST. After a cut not one more byte of
// the response leaves.
void Connection::reset() {
  if (phase_ == Phase::Over) return;
  const struct linger at_once { 1, 0 };
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  poller_.reset();
  socket_.reset();
  if (phase_ == Phase::Open) wire_->on_over(Wire::Over::ByUs);
  over();
}

void Connection::over() {
  if (phase_ == Phase::Over) return;
  phase_ = Phase::Over;
  deadline_.clear();
  poller_.reset();
  socket_.reset();
  if (announced_) place_.host.send(ipc::ExchangeFrame::ConnectionClosed, id_, {});
  place_.host.retire(*this);
}

// --- waiting

bool Connection::wants_input() const {
  if (phase_ == Phase::Lingering) return true;
  if (held_) return false;
  if (phase_ == Phase::Handshake) return true;
  if (client_ended_) return false;
  return cipher_in_.empty() && plain_in_.room() > 0;
}

void Connection::update_interest() {
  poller_->want((wants_input() ? loop::kReadable : 0) |
                (waits_ || (cipher_out_.empty() && plain_out_.empty()) ? 0 : loop::kWritable));
}

void Connection::on_deadline() {
  if (held_) return deadline_.set(place_.timeouts.body_idle);
  phase_ == Phase::Open ? wire_->on_deadline() : over();
}

}  // namespace postern::terminator
