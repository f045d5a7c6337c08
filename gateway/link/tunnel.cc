// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/tunnel.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/log.h"

namespace postern::link {
namespace {

constexpr std::size_t kTunnelPiece = 16U
                                     << 10U;  // bytes that are taken off a terminator's connection at a time
// Pieces that are taken in one turn: other streams, and the line's orders, have theirs.
constexpr int kPiecesPerTurn = 8;

// The other end is closed: whatever it sent before, nobody means it to arrive any more.
bool is_hung_up(int fd) {
  pollfd one{fd, 0, 0};
  return ::poll(&one, 1, 0) == 1 && (one.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace

class Tunnel::Stream final : public LineConnection::Talker, public loop::Disposable {
 public:
  enum class Phase : std::uint8_t { Asking, Waiting, Connecting, Joined, Over };

  Stream(Tunnel& tunnel, std::uint64_t number) : tunnel_(tunnel), number_(number) {}
  ~Stream() override { *alive_ = false; }

  void begin() { request_ = tunnel_.connection_->talk(line::kTunnelPath, *this); }
  std::uint64_t number() const { return number_; }
  Phase phase() const { return phase_; }
  bool in_use() const { return phase_ == Phase::Connecting || phase_ == Phase::Joined; }

  // Nothing of it goes on, and nobody hears of it again.
  void end() {
    if (std::exchange(phase_, Phase::Over) == Phase::Over) return;
    poller_.reset();
    socket_.reset();
    if (tunnel_.connection_ != nullptr) tunnel_.connection_->forget(request_);
  }

  // While frames wait for a window the poller is still; the other end may be gone meanwhile.
  bool look() {
    if (phase_ != Phase::Joined || said_end_ || line().unsaid(request_) == 0) return false;
    if (!told_end_ && is_hung_up(socket_.get())) leave();
    return true;
  }

 private:
  LineConnection& line() const { return *tunnel_.connection_; }
  void leave() {
    end();
    tunnel_.over(*this);
  }

  void on_begun() override {
    phase_ = Phase::Waiting;
    tunnel_.why_.clear();
    tunnel_.changed();
  }

  void on_bytes(std::string_view piece) override {
    const std::size_t before = out_.size();
    std::string_view in = piece;
    while (!in.empty()) {
      const auto next = reader_.next(in);
      if (!next.ok()) return line().break_off("the tunnel: " + next.error().message);
      if (next->what == line::TunnelReader::What::Head) connect();
      if (next->what == line::TunnelReader::What::Bytes) out_ += next->bytes;
    }
    line().hear(request_, piece.size() - (out_.size() - before));
    if (phase_ == Phase::Joined) push();
  }

  void connect() {
    phase_ = Phase::Connecting;
    tunnel_.changed();
    tunnel_.calls_.connect(reader_.head(), [this, alive = alive_](base::Result<base::UniqueFd> socket) {
      if (*alive && phase_ == Phase::Connecting) connected(std::move(socket));
    });
    tunnel_.again_.start(0);  // another one takes its place
  }

  void connected(base::Result<base::UniqueFd> socket) {
    if (!socket.ok()) {
      base::log_warning("a connection that Mission Control relayed is not let in: " + socket.error().message);
      return leave();
    }
    socket_ = *std::move(socket);
    tunnel_.carried_ = true;
    phase_ = Phase::Joined;
    poller_ = std::make_unique<loop::Poller>(tunnel_.loop_, socket_.get(),
                                             [this](unsigned ready) { on_ready(ready); });
    tunnel_.changed();
    push();
    if (phase_ == Phase::Joined) watch();
  }

  void on_ready(unsigned ready) {
    if ((ready & loop::kWritable) != 0) push();
    if ((ready & loop::kReadable) != 0 && phase_ == Phase::Joined) pull();
    if (phase_ == Phase::Joined) watch();
  }

  void watch() {
    const bool reads = !said_end_ && line().unsaid(request_) == 0;
    poller_->want((reads ? loop::kReadable : 0) | (out_.empty() ? 0 : loop::kWritable));
    if (!reads && !said_end_ && !tunnel_.look_.running()) tunnel_.look_.start(kLook, kLook);
  }

  // From the engineer to the terminator.
  void push() {
    std::size_t sent = 0;
    while (sent < out_.size()) {
      const ssize_t n =
          ::send(socket_.get(), out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
      if (n < 0) return said_end_ ? discard() : leave();
      sent += static_cast<std::size_t>(n);
    }
    out_.erase(0, sent);
    line().hear(request_, sent);
    if (out_.empty() && reader_.ended() && !std::exchange(told_end_, true))
      ::shutdown(socket_.get(), SHUT_WR);
    if (phase_ == Phase::Joined && poller_ != nullptr) watch();
  }

  // The terminator has said all it says, and hears no more: the answer still comes to its end.
  void discard() {
    line().hear(request_, std::exchange(out_, {}).size());
    told_end_ = true;
  }

  // From the terminator to the engineer.
  void pull() {
    for (int i = 0; i < kPiecesPerTurn && !said_end_ && line().unsaid(request_) == 0; ++i) {
      // Once we have said that the engineer is done, the terminator's orderly end looks the same.
      if (!told_end_ && is_hung_up(socket_.get())) return leave();
      std::array<char, kTunnelPiece> piece;
      const ssize_t n = ::recv(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
      if (n < 0) return leave();
      if (n == 0) {
        said_end_ = true;
        return line().say_end(request_);
      }
      line().say(request_, {piece.data(), static_cast<std::size_t>(n)});
    }
  }

  void on_room() override {
    if (phase_ != Phase::Joined) return;
    pull();
    if (phase_ == Phase::Joined) watch();
  }

  void on_over(const base::Result<LineAnswer>& answer) override {
    if (std::exchange(phase_, Phase::Over) == Phase::Over) return;
    poller_.reset();
    socket_.reset();
    if (answer.ok() && answer->status != 200) {
      const line::Refusal refusal = line::parse_refusal(answer->body);
      tunnel_.why_ = refusal.detail.empty() ? "Mission Control answers the wish for the tunnel with " +
                                                  std::to_string(answer->status)
                                            : refusal.detail;
      tunnel_.again_.start(std::max<base::Nanos>(kRefusedAgain, answer->retry_after * 1000));
    }
    tunnel_.over(*this);
  }

  Tunnel& tunnel_;
  std::uint64_t number_;
  std::uint32_t request_ = 0;
  Phase phase_ = Phase::Asking;
  line::TunnelReader reader_;
  std::string out_;        // of the engineer, not yet the terminator's; at most the stream's window
  bool said_end_ = false;  // the terminator has nothing more
  bool told_end_ = false;  // it knows that the engineer has not either
  base::UniqueFd socket_;
  std::unique_ptr<loop::Poller> poller_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

Tunnel::Tunnel(loop::Loop& loop, Calls calls)
    : loop_(loop),
      calls_(std::move(calls)),
      again_(loop, [this] { refill(); }),
      look_(loop, [this] { look_at_stalled(); }),
      tell_(loop, [this] {
        const Figures now = figures();
        if (now == told_) return;
        told_ = now;
        calls_.changed(now);
      }) {}

Tunnel::~Tunnel() { close_all(); }

void Tunnel::allow(bool open) {
  if (std::exchange(open_, open) == open) return;
  why_.clear();
  if (open) return refill();
  close_all();
  changed();
  // A terminator may have cut first, and its stream be gone: what it said may still be on its way.
  if (carried_ && connection_ != nullptr && connection_->has_unsent())
    connection_->cut("the tunnel was closed while bytes of it were on their way");
}

void Tunnel::on_line(LineConnection* connection) {
  if (connection == nullptr) close_all();
  connection_ = connection;
  carried_ = false;
  changed();
  refill();
}

void Tunnel::close_all() {
  for (auto& [number, stream] : std::exchange(streams_, {})) {
    stream->end();
    loop_.dispose(std::move(stream));
  }
  again_.stop();
  look_.stop();
}

// Not inside the stream's own callback.
void Tunnel::over(Stream& stream) {
  auto ended = streams_.extract(stream.number());
  if (ended.empty()) return;
  const bool was_refused = again_.running();
  loop_.dispose(std::move(ended.mapped()));
  changed();
  if (!was_refused) again_.start(0);
}

void Tunnel::refill() {
  if (!open_ || connection_ == nullptr) return;
  const auto used = static_cast<std::size_t>(std::count_if(
      streams_.begin(), streams_.end(), [](const auto& each) { return each.second->in_use(); }));
  const std::size_t wanted = std::min(used + kWaiting + used / 4, line::kMostTunnels);
  while (streams_.size() < wanted && connection_->room(kLeftForLine)) {
    if (pace_.take(kOrders, loop_.now()) > 0) return again_.start(kAgain);
    auto stream = std::make_unique<Stream>(*this, ++last_);
    Stream& begun = *streams_.emplace(last_, std::move(stream)).first->second;
    begun.begin();
  }
}

void Tunnel::look_at_stalled() {
  bool any = false;
  for (auto it = streams_.begin(); it != streams_.end();) {
    Stream& stream = *(it++)->second;  // it may go meanwhile
    any = stream.look() || any;
  }
  if (!any) look_.stop();
}

void Tunnel::changed() {
  if (!tell_.running()) tell_.start(kTellEvery);
}

Tunnel::Figures Tunnel::figures() const {
  Figures out{open_, 0, 0, why_};
  for (const auto& [number, stream] : streams_) {
    if (stream->phase() == Stream::Phase::Waiting) ++out.waiting;
    if (stream->in_use()) ++out.connected;
  }
  return out;
}

}  // namespace postern::link
