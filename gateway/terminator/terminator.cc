// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/terminator/terminator.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/log.h"
#include "base/network.h"
#include "gateway/ipc/figures.h"
#include "gateway/loop/dispose_later.h"

namespace postern::terminator {
namespace {

// Connections accepted in one go before other sockets have their turn.
constexpr int kAcceptBurst = 32;
// When descriptors run out, accepting would spin: pause, then try again.
constexpr base::Nanos kAcceptPause = 100 * base::kMillisecond;
constexpr std::size_t kScratch = 64U << 10U;
// A connection that has been at rest for less keeps its place: enough for a handshake and a head from far away.
constexpr base::Nanos kLeastRest = base::kSecond;
// Whoever answers hears of refused connections at most so often.
constexpr base::Nanos kTellEvery = base::kSecond;
// In a hand-over: how long whoever uses a connection again and again has to be told with an answer that it is the last; and how
// often is looked.
constexpr base::Nanos kLeastLeave = base::kSecond;
constexpr base::Nanos kLeaveLook = 10 * base::kMillisecond;
// A stop takes milliseconds. One that takes so long has lost whoever should have ended it.
constexpr base::Nanos kLongestStop = 5 * base::kSecond;
// Before the address that a relay claims, so that it is counted as another than who comes from there.
constexpr std::string_view kRelayedOrigin = "relayed ";

struct PeerName {
  std::string address;
  std::string text;  // with the port
};

PeerName name_of(const sockaddr_storage& peer) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (peer.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(peer);
    ::inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
    return {text.data(), std::string(text.data()) + ":" + std::to_string(ntohs(in.sin_port))};
  }
  const auto& in6 = reinterpret_cast<const sockaddr_in6&>(peer);
  ::inet_ntop(AF_INET6, &in6.sin6_addr, text.data(), text.size());
  return {text.data(), "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(in6.sin6_port))};
}

}  // namespace

Terminator::Terminator(loop::Loop& loop, base::UniqueFd listener, Limits limits, Timeouts timeouts)
    : loop_(loop),
      deadlines_(loop),
      listener_(std::move(listener)),
      scratch_(kScratch),
      record_scratch_(tls::kRecordLimit),
      leave_timer_(loop, [this] { drained_ ? tell_to_go() : look_whether_left(); }),
      accept_pause_(std::make_unique<loop::Timer>(loop, [this] { accept_poller_->want(loop::kReadable); })),
      tell_timer_(loop, [this] { tell_refused(); }),
      stop_timer_(loop, [this] { on_stop_too_long(); }),
      accept_poller_(
          std::make_unique<loop::Poller>(loop, listener_.get(), [this](unsigned) { accept_some(); })),
      flush_hook_(loop.at_turn_end(loop::Stage::Record, [this] { return flush(); })) {
  set_limits(limits, timeouts);
}

Terminator::~Terminator() { connections_.clear(); }

void Terminator::set_limits(const Limits& limits, const Timeouts& timeouts) {
  settings_.push_back(std::make_unique<const Settings>(Settings{limits, timeouts}));
}

void Terminator::set_context(std::unique_ptr<tls::ServerContext> context) {
  const bool first = context_ == nullptr;
  context_ = std::move(context);
  if (first) accept_poller_->want(loop::kReadable);
}

void Terminator::set_ticket_keys(const std::vector<certs::TicketKey>& keys) {
  if (context_) context_->set_ticket_keys(keys);
}

base::Status Terminator::set_channel(ipc::RingEnds ends) {
  auto channel = ipc::ExchangeChannel::open(
      loop_, std::move(ends), 0,
      [this](ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) {
        on_frame(type, id, payload);
      },
      [this](const base::Error& why) {
        const std::string said = why.message;
        on_channel_broken(why);
        if (breach_) breach_(said);
      });
  if (!channel.ok()) return std::move(channel).error();
  on_channel_broken(base::fail(base::Code::Closed, "replaced"));
  channel_ = std::move(*channel);
  reviewed_ = stop_word_.number();  // nothing runs on it that could have been stopped
  go_on();
  return base::Ok{};
}

// Everything that ran on the channel is over; the connections stay.
void Terminator::on_channel_broken(const base::Error& why) {
  if (!channel_) return;
  base::log_warning("the channel to whoever answers is gone: " + why.message);
  channel_->close();
  loop::dispose_later(loop_, std::move(channel_));
  std::vector<Connection*> all;
  for (const auto& [id, connection] : connections_) all.push_back(connection.get());
  // What was stopped was not looked at, and never will be.
  for (Connection* connection : all)
    stopped_ && connection->has_unsent() ? connection->reset() : connection->on_answerer_gone();
  go_on();
}

// --- the stop word

void Terminator::set_stop_word(ipc::StopReader word, base::UniqueFd bell) {
  stop_word_ = std::move(word);
  if (!bell.valid()) return;
  stop_bell_ = std::move(bell);
  stop_bell_poller_ = std::make_unique<loop::Poller>(loop_, stop_bell_.get(), [this](unsigned) {
    std::uint64_t times = 0;
    if (::read(stop_bell_.get(), &times, sizeof times) > 0) look_at_stop_word();
  });
  stop_bell_poller_->want(loop::kReadable);
}

bool Terminator::stopped(Connection& connection) {
  if (!look_at_stop_word()) return false;
  if (!std::exchange(connection.waits_, true)) waiting_.push_back(&connection);
  return true;
}

// What the kernel holds back as it becomes true leaves later; of all others it is known now that nothing does.
bool Terminator::look_at_stop_word() {
  if (stop_word_.number() <= reviewed_ || !channel_) return false;
  if (std::exchange(stopped_, true)) return true;
  stop_timer_.start(kLongestStop);
  for (Connection* connection : busy_) connection->note_silence();
  return true;
}

bool Terminator::take_reviewed(std::string_view payload) {
  base::BinaryReader in(payload);
  const std::uint64_t number = in.u64();
  if (!in.done()) return false;
  reviewed_ = std::max(reviewed_, std::min(number, stop_word_.number()));
  if (stop_word_.number() <= reviewed_) go_on();
  return true;
}

// The ledger, or whoever answers, did not live to say that all was looked at: what could have been meant is over.
void Terminator::on_stop_too_long() {
  base::log_warning("nobody has looked at what was stopped: what runs is broken off");
  const std::vector<Connection*> all(busy_.begin(), busy_.end());
  for (Connection* connection : all) connection->reset();
  reviewed_ = stop_word_.number();
  go_on();
}

void Terminator::go_on() {
  if (!std::exchange(stopped_, false)) return;
  stop_timer_.stop();
  for (Connection* connection : busy_) connection->forget_silence();
  for (Connection* connection : std::exchange(waiting_, {})) {
    connection->waits_ = false;
    connection->forget_silence();
    touch(*connection);
  }
}

void Terminator::accept_some() {
  for (int i = 0; i < kAcceptBurst; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    base::UniqueFd socket(
        ::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        base::log_warning("no descriptors for new connections; waiting");
        accept_poller_->want(0);
        accept_pause_->start(kAcceptPause);
      }
      // Anything else is one client's failure, or nobody is waiting any more.
      return;
    }
    PeerName name = name_of(peer);
    admit(std::move(socket), std::move(name.text), base::origin_of(name.address));
  }
}

void Terminator::admit_relayed(base::UniqueFd socket, std::string_view client, std::string_view relay) {
  if (drained_ || context_ == nullptr) return;
  if (relayed_ >= kMostRelayed) return count_refused(false, std::string(client));
  std::string_view address = client.substr(0, client.rfind(':'));
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  Connection* made =
      admit(std::move(socket), std::string(client), std::string(kRelayedOrigin) + base::origin_of(address));
  if (made == nullptr) return;
  made->relay_ = relay;
  ++relayed_;
}

Connection* Terminator::admit(base::UniqueFd socket, std::string client, const std::string& origin) {
  const Settings& settings = *settings_.back();
  const auto theirs = per_address_.find(origin);
  if (theirs != per_address_.end() && theirs->second >= settings.limits.connections_per_address) {
    count_refused(true, client);
    return nullptr;
  }
  if (connections_.size() >= settings.limits.connections) {
    count_refused(false, client);
    if (!make_room()) return nullptr;
  }
  ++per_address_[origin];
  ipc::count(ipc::Figure::ConnectionsAccepted);
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::uint64_t id = ++last_connection_;
  auto connection = std::make_unique<Connection>(
      Connection::Place{*this, loop_, deadlines_, settings.limits, settings.timeouts}, std::move(socket),
      context_->start(), id, std::move(client));
  connection->origin_ = origin;
  connection->rests_since_ = loop_.now();
  connection->in_line_ = resting_.insert(resting_.end(), connection.get());
  Connection* const made = connections_.emplace(id, std::move(connection)).first->second.get();
  ipc::level(ipc::Figure::Connections, connections_.size());
  return made;
}

// Whoever comes when all places are taken gets that of the one at rest for longest: in the handshake, in the middle of
// a head, or between two exchanges. So somebody who holds connections without using them shuts nobody out. The
// newcomers among them are left alone: a flood of connections must not push out those that are about to ask.
bool Terminator::make_room() {
  if (rested() < kLeastRest) return false;
  resting_.front()->give_up();
  return true;
}

void Terminator::count_refused(bool per_address, const std::string& client) {
  ipc::count(ipc::Figure::ConnectionsRefused);
  Untold& untold = untold_.at(per_address ? 1 : 0);
  ++untold.count;
  untold.client = client;
  if (!tell_timer_.running()) tell_timer_.start(kTellEvery);
}

void Terminator::tell_refused() {
  for (std::size_t i = 0; i < untold_.size(); ++i) {
    if (untold_.at(i).count == 0) continue;
    base::BinaryWriter out;
    ipc::encode(ipc::ConnectionsRefused{i == 1, untold_.at(i).count, untold_.at(i).client}, out);
    if (send(ipc::ExchangeFrame::ConnectionsRefused, 0, out.bytes())) untold_.at(i).count = 0;
  }
}

void Terminator::retire(Connection& connection) {
  const auto it = connections_.find(connection.id());
  if (it == connections_.end()) return;
  if (const auto count = per_address_.find(connection.origin_);
      count != per_address_.end() && --count->second == 0)
    per_address_.erase(count);
  if (!connection.relay_.empty()) --relayed_;
  (connection.exchanges_ == 0 ? resting_ : busy_).erase(connection.in_line_);
  if (connection.touched_) std::erase(touched_, &connection);
  if (connection.waits_) std::erase(waiting_, &connection);
  loop_.dispose(std::move(it->second));
  connections_.erase(it);
  ipc::level(ipc::Figure::Connections, connections_.size());
  if (drained_ && connections_.empty()) drained_();
}

void Terminator::drain(std::function<void()> done) {
  stop_accepting(std::move(done), settings_.back()->timeouts.drain);
  std::vector<Connection*> all;
  for (const auto& [id, connection] : connections_) all.push_back(connection.get());
  for (Connection* connection : all) cut_ += connection->close_when_idle();
}

void Terminator::stop_accepting(std::function<void()> done, base::Nanos patience) {
  leave_timer_.stop();
  drained_ = std::move(done);
  accept_poller_->want(0);
  accept_pause_->stop();
  if (connections_.empty()) return drained_();
  drain_timer_ = std::make_unique<loop::Timer>(loop_, [this] {
    cut_ += static_cast<std::uint32_t>(exchanges_.size());
    std::vector<Connection*> late;
    for (const auto& [id, connection] : connections_) late.push_back(connection.get());
    for (Connection* connection : late) connection->reset();
  });
  drain_timer_->start(patience);
}

// --- a hand-over

void Terminator::leave(std::function<void()> left) {
  if (drained_) return;
  left_ = std::move(left);
  leaving_since_ = loop_.now();
  last_before_ = last_exchange_;
  leave_timer_.start(kLeaveLook, kLeaveLook);
}

void Terminator::stay() {
  if (drained_) return;
  left_ = nullptr;
  leave_timer_.stop();
}

// Exchanges that began since may be long as well: those have timeouts.hand_over.
void Terminator::look_whether_left() {
  if (loop_.now() - leaving_since_ < kLeastLeave) return;
  for (const auto& [id, route] : exchanges_) {
    if (id <= last_before_) return;
  }
  leave_timer_.stop();
  left_();
}

void Terminator::hand_over(std::function<void()> done) {
  stop_accepting(std::move(done), settings_.back()->timeouts.hand_over);
  if (connections_.empty()) return;
  leave_timer_.start(kLeaveLook, kLeaveLook);
  tell_to_go();
}

// HTTP/2 can be told at any time: what the client sends before it has heard of it is still answered. Over HTTP/1.1 a request may
// be on its way to a connection that rests: so only one that has rested for long is closed.
void Terminator::tell_to_go() {
  std::vector<Connection*> ready;
  const base::Nanos now = loop_.now();
  for (const auto& [id, connection] : connections_) {
    if (connection->told_) continue;
    if (connection->exchanges_ == 0 && !connection->multiplexes_ &&
        now - connection->rests_since_ < kLeastRest)
      continue;
    connection->told_ = true;
    ready.push_back(connection.get());
  }
  for (Connection* connection : ready) cut_ += connection->close_when_idle();
}

bool Terminator::send(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) {
  if (!channel_ || !channel_->open()) return false;
  channel_->send(type, id, payload);
  return true;
}

std::uint64_t Terminator::begin_exchange(Connection& connection, std::uint32_t stream) {
  ipc::count(stream == 0 ? ipc::Figure::RequestsHttp1 : ipc::Figure::RequestsHttp2);
  exchanges_.emplace(++last_exchange_, Route{&connection, stream});
  connection.multiplexes_ = stream != 0;
  if (connection.exchanges_++ == 0) {
    busy_.splice(busy_.end(), resting_, connection.in_line_);
    connection.forget_silence();
  }
  return last_exchange_;
}

void Terminator::end_exchange(std::uint64_t id) {
  const auto ended = exchanges_.extract(id);
  if (ended.empty()) return;
  Connection& connection = *ended.mapped().connection;
  if (--connection.exchanges_ > 0) return;
  resting_.splice(resting_.end(), busy_, connection.in_line_);
  connection.rests_since_ = loop_.now();
}

void Terminator::touch(Connection& connection) {
  if (connection.touched_) return;
  connection.touched_ = true;
  touched_.push_back(&connection);
}

bool Terminator::crowded() {
  crowded_ = crowded_ || waiting() > kMuchWaiting;
  return crowded_;
}

void Terminator::read_on() {
  crowded_ = false;
  for (const auto* line : {&resting_, &busy_})
    for (Connection* connection : *line) connection->read_on();
}

bool Terminator::flush() {
  const bool worked = !touched_.empty();
  if (crowded_ && waiting() <= kMuchWaiting / 2) read_on();
  // A flush may finish an exchange and touch its connection again.
  while (!touched_.empty()) {
    Connection* connection = touched_.back();
    touched_.pop_back();
    connection->flush();
  }
  return worked;
}

void Terminator::on_frame(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) {
  if (type == ipc::ExchangeFrame::CloseConnection) {
    if (const auto it = connections_.find(id); it != connections_.end()) it->second->close_when_idle();
    return;
  }
  if (type == ipc::ExchangeFrame::Reviewed) {
    if (!take_reviewed(payload)) channel_->breach("a frame that cannot be read");
    return;
  }
  // A frame for an exchange that has just ended here crossed our ExchangeDone: normal. One that never began
  // is a breach.
  const auto it = exchanges_.find(id);
  if (it == exchanges_.end()) {
    if (id == 0 || id > last_exchange_) channel_->breach("a frame for an exchange that never began");
    return;
  }
  if (!take_frame(Route(it->second), type, payload)) channel_->breach("a frame that cannot be read");
}

bool Terminator::take_frame(const Route& route, ipc::ExchangeFrame type, std::string_view payload) {
  Wire& wire = route.connection->wire();
  switch (type) {
    case ipc::ExchangeFrame::ResponseHead:
    case ipc::ExchangeFrame::InformationalHead: {
      ipc::ResponseHead head;
      if (!ipc::decode(payload, head)) return false;
      type == ipc::ExchangeFrame::ResponseHead ? wire.on_response_head(route.stream, head)
                                               : wire.on_informational(route.stream, head);
      return true;
    }
    case ipc::ExchangeFrame::ResponseBody:
      wire.on_response_body(route.stream, payload);
      route.connection->relieve();
      return true;
    case ipc::ExchangeFrame::ResponseEnd: {
      std::vector<ipc::WireField> trailers;
      if (!ipc::decode_trailers(payload, trailers)) return false;
      wire.on_response_end(route.stream, trailers);
      return true;
    }
    case ipc::ExchangeFrame::RequestCredit: {
      base::BinaryReader in(payload);
      const std::uint32_t bytes = in.u32();
      if (!in.done()) return false;
      wire.on_request_credit(route.stream, bytes);
      return true;
    }
    case ipc::ExchangeFrame::Cut:
      look_at_stop_word();
      loop_.give_way();  // another terminator may not have looked yet, and what comes may be long work
      wire.on_cut(route.stream);
      return true;
    default:
      return false;
  }
}

}  // namespace postern::terminator
