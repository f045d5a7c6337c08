// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/relay/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "base/network.h"
#include "gateway/loop/dispose_later.h"
#include "mission/relay/client_hello.h"

namespace postern::mission {
namespace {

using Frame = ipc::ExchangeFrame;

constexpr int kAcceptedAtOnce = 32;
constexpr base::Nanos kAcceptAgain = 100 * base::kMillisecond;
constexpr base::Nanos kTellCounted = 60 * base::kSecond;
constexpr base::Nanos kLookForPeer = 5 * base::kSecond;  // while neither is to be read nor to be written
constexpr std::size_t kPiece = 16U << 10U;
constexpr std::string_view kSpeakTls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: "
    "close\r\nContent-Length: 105\r\n\r\n"
    "This is a relay for engineers. It passes TLS on to a customer and reads nothing: use an https:// "
    "address\n";

std::string address_text(const sockaddr_storage& peer, std::string& client) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (peer.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(peer);
    ::inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
    client = std::string(text.data()) + ":" + std::to_string(ntohs(in.sin_port));
  } else {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(peer);
    ::inet_ntop(AF_INET6, &in6.sin6_addr, text.data(), text.size());
    client = "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(in6.sin6_port));
  }
  return text.data();
}

Alert alert_for(int status) {
  if (status == 404) return Alert::UnrecognizedName;
  return status == 403 ? Alert::AccessDenied : Alert::InternalError;
}

}  // namespace

// One engineer's. Hello -> Asking -> Joined -> Ending; from Hello and Asking also to Refusing.
class Relay::Connection final : public loop::Disposable {
 public:
  Connection(Relay& relay, std::uint64_t id, base::UniqueFd socket, std::string client, std::string origin)
      : relay_(relay),
        id_(id),
        socket_(std::move(socket)),
        client_(std::move(client)),
        origin_(std::move(origin)),
        poller_(std::make_unique<loop::Poller>(relay.loop_, socket_.get(),
                                               [this](unsigned ready) { on_ready(ready); })),
        deadline_(relay.deadlines_, [this] { on_deadline(); }) {
    poller_->want(loop::kReadable);
    deadline_.set(relay_.limits_.hello);
  }

  std::uint64_t id() const { return id_; }
  const std::string& origin() const { return origin_; }

  bool take(Frame type, std::string_view payload) {
    if (type == Frame::ResponseHead) return on_head(payload);
    if (type == Frame::ResponseBody) return on_body(payload);
    if (type == Frame::ResponseEnd) return on_end();
    if (type == Frame::RequestCredit) return on_credit(payload);
    if (type == Frame::Cut) return cut(), true;
    return type == Frame::CloseConnection;
  }

  void desk_gone() {
    if (std::exchange(exchange_, 0) == 0) return;
    phase_ == Phase::Asking ? refuse(Alert::InternalError) : reset();
  }
  void read_on() { watch(); }
  void give_up() { phase_ == Phase::Joined || phase_ == Phase::Ending ? cut() : close(); }

 private:
  enum class Phase : std::uint8_t { Hello, Asking, Joined, Ending, Refusing, Over };

  void on_ready(unsigned ready) {
    if ((ready & loop::kWritable) != 0) push();
    if ((ready & loop::kReadable) != 0 && phase_ != Phase::Over) pull();
    watch();
  }

  void watch() {
    if (phase_ == Phase::Over) return;
    const bool hears = !engineer_ended_ && (phase_ == Phase::Refusing ||
                                            (!relay_.crowded() && (phase_ == Phase::Hello || credit_ > 0)));
    poller_->want((hears ? loop::kReadable : 0) | (out_.empty() ? 0 : loop::kWritable));
    // Of a socket of which nothing is wanted the loop says nothing, not even that its peer is gone.
    const bool idle = !hears && out_.empty();
    if (phase_ != Phase::Joined || idle == deadline_.running()) return;
    idle ? deadline_.set(kLookForPeer) : deadline_.clear();
  }

  bool peer_is_gone() const {
    tcp_info info{};
    socklen_t size = sizeof info;
    return ::getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_state == TCP_CLOSE;
  }

  void on_deadline() {
    if (phase_ == Phase::Hello) {
      relay_.count("sent no whole hello in time");
      return close();
    }
    if (phase_ == Phase::Asking) return relay_.count("got no answer in time"), cut_or_refuse();
    if (phase_ == Phase::Refusing) return close();
    if (phase_ == Phase::Joined) return peer_is_gone() ? gone() : watch();
    cut();  // Ending
  }

  void cut_or_refuse() {
    end_exchange(false);
    refuse(Alert::InternalError);
  }

  // --- from the engineer

  void pull() {
    if (engineer_ended_ || (phase_ != Phase::Refusing && relay_.crowded())) return;
    std::array<char, kPiece> piece;
    const bool bounded = phase_ == Phase::Joined || phase_ == Phase::Ending || phase_ == Phase::Asking;
    const std::size_t room = bounded ? std::min<std::size_t>(piece.size(), credit_) : piece.size();
    if (room == 0) return;
    const ssize_t n = ::recv(socket_.get(), piece.data(), room, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (n < 0) return gone();
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(n));
    switch (phase_) {
      case Phase::Hello:
        return n == 0 ? close() : hello(bytes);
      case Phase::Asking:  // before anybody has answered, an end is one of both ways
        return n == 0 ? gone() : say(bytes);
      case Phase::Joined:
      case Phase::Ending:
        return n == 0 ? end_of_engineer() : say(bytes);
      case Phase::Refusing:
        if (n == 0 || (refused_bytes_ += bytes.size()) > kHelloBytes) close();
        return;
      case Phase::Over:
        return;
    }
  }

  void hello(std::string_view bytes) {
    hello_ += bytes;
    const Hello read = read_hello(hello_);
    switch (read.state) {
      case Hello::State::More:
        if (hello_.size() <= kHelloBytes) return;
        [[fallthrough]];
      case Hello::State::TooLarge:
        relay_.count("sent a hello that is too large");
        return refuse(Alert::DecodeError);
      case Hello::State::None:
        relay_.count("sent no TLS hello");
        return refuse(Alert::DecodeError);
      case Hello::State::Http:
        relay_.count("spoke plain HTTP");
        out_ = kSpeakTls;
        return refusing();
      case Hello::State::Whole:
        if (!read.name.empty()) return ask(read.name);
        relay_.count("asked for no name");
        return refuse(Alert::UnrecognizedName);
    }
  }

  void ask(const std::string& name) {
    exchange_ = relay_.begin_exchange(*this);
    if (exchange_ == 0) return refuse(Alert::InternalError);
    base::BinaryWriter out;
    ipc::encode(ipc::ConnectionOpened{client_, "", false, {}}, out);
    relay_.send(Frame::ConnectionOpened, exchange_, out.bytes());
    const std::string target = "/join?name=" + name;
    ipc::RequestHead head;
    head.connection = exchange_;
    head.body = ipc::BodyKind::Streamed;
    head.method = "POST";
    head.target = target;
    head.fields = {{"host", "relay"}};
    ipc::encode(head, out);
    relay_.send(Frame::RequestHead, exchange_, out.bytes());
    phase_ = Phase::Asking;
    deadline_.set(relay_.limits_.answer);
    say(std::exchange(hello_, {}));
  }

  void say(std::string_view bytes) {
    credit_ -= bytes.size();
    said_ += bytes.size();
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, ipc::kBodyPiece);
      relay_.send(Frame::RequestBody, exchange_, piece);
      bytes.remove_prefix(piece.size());
    }
  }

  void end_of_engineer() {
    engineer_ended_ = true;
    base::BinaryWriter none;
    ipc::encode_trailers({}, none);
    relay_.send(Frame::RequestEnd, exchange_, none.bytes());
    if (phase_ == Phase::Ending && out_.empty()) finish();
  }

  void gone() {
    end_exchange(false);
    close();
  }

  // --- from the desk

  bool on_head(std::string_view payload) {
    ipc::ResponseHead head;
    if (!ipc::decode(payload, head) || phase_ != Phase::Asking) return false;
    if (head.status != 200) {
      relay_.count(head.status == 404   ? "asked for a name that is nobody's"
                   : head.status == 403 ? "asked for an installation whose tunnel is closed"
                                        : "could not be relayed");
      end_exchange(false);
      refuse(alert_for(head.status));
      return true;
    }
    phase_ = Phase::Joined;
    deadline_.clear();
    watch();
    return true;
  }

  bool on_body(std::string_view payload) {
    if (phase_ != Phase::Joined || out_.size() + payload.size() > ipc::kInitialCredit) return false;
    out_ += payload;
    push();
    watch();
    return true;
  }

  bool on_end() {
    if (phase_ != Phase::Joined) return false;
    phase_ = Phase::Ending;
    deadline_.set(relay_.limits_.linger);
    push();
    watch();
    return true;
  }

  bool on_credit(std::string_view payload) {
    base::BinaryReader in(payload);
    const std::uint32_t bytes = in.u32();
    credit_ += bytes;
    if (!in.done() || credit_ > ipc::kInitialCredit) return false;
    watch();
    return true;
  }

  void push() {
    std::size_t sent = 0;
    while (sent < out_.size()) {
      const ssize_t n =
          ::send(socket_.get(), out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
      if (n < 0) return gone();
      sent += static_cast<std::size_t>(n);
    }
    out_.erase(0, sent);
    heard_ += sent;
    if (sent > 0 && (phase_ == Phase::Joined || phase_ == Phase::Ending) && exchange_ != 0) {
      base::BinaryWriter credit;
      credit.u32(static_cast<std::uint32_t>(sent));
      relay_.send(Frame::ResponseCredit, exchange_, credit.bytes());
    }
    if (phase_ == Phase::Ending && sent > 0) deadline_.set(relay_.limits_.linger);
    if (!out_.empty() || (phase_ != Phase::Ending && phase_ != Phase::Refusing)) return;
    if (!std::exchange(shut_, true)) ::shutdown(socket_.get(), SHUT_WR);
    if (phase_ == Phase::Ending && engineer_ended_) finish();
  }

  // --- ends

  void finish() {
    end_exchange(true);
    close();
  }

  void end_exchange(bool complete) {
    const std::uint64_t ended = std::exchange(exchange_, 0);
    if (ended == 0) return;
    relay_.end_exchange(ended);
    if (!complete) relay_.send(Frame::ClientGone, ended);
    base::BinaryWriter out;
    ipc::encode(ipc::ExchangeDone{said_, heard_, 0, 0, complete}, out);
    relay_.send(Frame::ExchangeDone, ended, out.bytes());
    relay_.send(Frame::ConnectionClosed, ended);
  }

  void refuse(Alert alert) {
    out_ = alert_record(alert);
    refusing();
  }

  // What still comes is read and thrown away for a while: a reset could overtake what we say.
  void refusing() {
    phase_ = Phase::Refusing;
    std::string().swap(hello_);
    deadline_.set(2 * base::kSecond);
    push();
    watch();
  }

  void cut() {
    end_exchange(false);
    reset();
  }

  // SO_LINGER 0: not one more byte of the customer's leaves.
  void reset() {
    if (phase_ == Phase::Over) return;
    const struct linger at_once { 1, 0 };
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

  void close() {
    if (std::exchange(phase_, Phase::Over) == Phase::Over) return;
    end_exchange(false);
    deadline_.clear();
    poller_.reset();
    socket_.reset();
    relay_.over(*this);
  }

  Relay& relay_;
  const std::uint64_t id_;
  base::UniqueFd socket_;
  const std::string client_, origin_;
  Phase phase_ = Phase::Hello;
  std::string hello_;  // until it is whole
  std::string out_;    // for the engineer
  std::size_t credit_ = ipc::kInitialCredit, refused_bytes_ = 0;
  std::uint64_t said_ = 0, heard_ = 0;
  std::uint64_t exchange_ = 0;  // that the desk knows of; 0: it does not, or not any more
  bool engineer_ended_ = false, shut_ = false;
  std::unique_ptr<loop::Poller> poller_;
  loop::Deadline deadline_;
};

Relay::Relay(loop::Loop& loop, base::UniqueFd listener, RelayLimits limits)
    : loop_(loop),
      limits_(limits),
      deadlines_(loop),
      listener_(std::move(listener)),
      pause_(loop, [this] { accept_.want(loop::kReadable); }),
      tell_(loop, [this] { tell_counted(); }),
      drain_timer_(loop,
                   [this] {
                     std::vector<Connection*> all;
                     for (const auto& [id, connection] : connections_) all.push_back(connection.get());
                     for (Connection* connection : all) connection->give_up();
                   }),
      accept_(loop, listener_.get(), [this](unsigned) { accept_some(); }),
      read_on_(loop.at_turn_end(loop::Stage::Record, [this] { return read_on(); })) {}

Relay::~Relay() { connections_.clear(); }

base::Status Relay::set_channel(ipc::RingEnds ends) {
  auto channel = ipc::ExchangeChannel::open(
      loop_, std::move(ends), 0,
      [this](Frame type, std::uint64_t id, std::string_view payload) { take(type, id, payload); },
      [this](const base::Error& why) {
        const std::string said = why.message;
        drop_channel();
        if (breach_) breach_(said);
      });
  if (!channel.ok()) return std::move(channel).error();
  drop_channel();
  channel_ = std::move(*channel);
  last_exchange_ = 0;
  if (!drained_) accept_.want(loop::kReadable);
  return base::Ok{};
}

void Relay::drop_channel() {
  if (channel_ == nullptr) return;
  channel_->close();
  loop::dispose_later(loop_, std::move(channel_));
  std::vector<Connection*> all;
  for (const auto& [id, connection] : connections_) all.push_back(connection.get());
  exchanges_.clear();
  for (Connection* connection : all) connection->desk_gone();
}

bool Relay::crowded() {
  crowded_ = crowded_ || waiting() > kMuchWaiting;
  return crowded_;
}

bool Relay::read_on() {
  if (!crowded_ || waiting() > kMuchWaiting / 2) return false;
  crowded_ = false;
  for (const auto& [id, connection] : connections_) connection->read_on();
  return true;
}

std::uint64_t Relay::begin_exchange(Connection& connection) {
  if (channel_ == nullptr || !channel_->open()) return 0;
  exchanges_.emplace(++last_exchange_, &connection);
  return last_exchange_;
}

void Relay::end_exchange(std::uint64_t id) { exchanges_.erase(id); }

void Relay::take(Frame type, std::uint64_t id, std::string_view payload) {
  const auto found = exchanges_.find(id);
  // Of one that has just ended here a frame may have crossed our last word. Of one that never began it is a breach.
  if (found == exchanges_.end()) {
    if (id > last_exchange_) channel_->breach("a frame for an exchange that never began");
    return;
  }
  if (!found->second->take(type, payload) && channel_ != nullptr)
    channel_->breach("a frame that does not fit");
}

bool Relay::send(Frame type, std::uint64_t id, std::string_view payload) {
  if (channel_ == nullptr || !channel_->open()) return false;
  channel_->send(type, id, payload);
  return true;
}

void Relay::accept_some() {
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    base::UniqueFd socket(
        ::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) {
      // When descriptors run out, accepting would spin.
      if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return;
      accept_.want(0);
      return pause_.start(kAcceptAgain);
    }
    std::string client;
    const std::string origin = base::origin_of(address_text(peer, client));
    admit(std::move(socket), std::move(client), origin);
  }
}

void Relay::admit(base::UniqueFd socket, std::string client, const std::string& origin) {
  if (connections_.size() >= limits_.connections) return count("came when all places were taken");
  std::size_t& theirs = per_origin_[origin];
  if (theirs >= limits_.connections_per_address) return count("came from an address that has too many");
  ++theirs;
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::uint64_t id = ++last_;
  connections_.emplace(id,
                       std::make_unique<Connection>(*this, id, std::move(socket), std::move(client), origin));
}

void Relay::over(Connection& connection) {
  auto ended = connections_.extract(connection.id());
  if (ended.empty()) return;
  if (const auto theirs = per_origin_.find(connection.origin());
      theirs != per_origin_.end() && --theirs->second == 0)
    per_origin_.erase(theirs);
  loop_.dispose(std::move(ended.mapped()));
  if (drained_ && connections_.empty()) drained_();
}

void Relay::count(std::string_view what) {
  const auto known = counted_.find(what);
  ++(known != counted_.end() ? known->second : counted_[std::string(what)]);
  if (!tell_.running()) tell_.start(kTellCounted);
}

void Relay::tell_counted() {
  for (const auto& [what, times] : std::exchange(counted_, {}))
    base::log_warning(std::to_string(times) + " who came to the relay " + what);
}

void Relay::drain(std::function<void()> done) {
  drained_ = std::move(done);
  accept_.want(0);
  pause_.stop();
  tell_counted();
  if (connections_.empty()) return drained_();
  drain_timer_.start(limits_.drain);
}

}  // namespace postern::mission
