// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Accepts connections of one listener and joins them to whoever answers their exchanges. The first door:
// whoever takes it over holds no key, no policy, no file and no way to open a connection.
#pragma once

#include <array>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/unique_fd.h"
#include "gateway/ipc/exchange_channel.h"
#include "gateway/ipc/stop_word.h"
#include "gateway/terminator/connection.h"
#include "gateway/tls/server_context.h"

namespace postern::terminator {

class Terminator final : public Host {
 public:
  Terminator(loop::Loop& loop, base::UniqueFd listener, Limits limits, Timeouts timeouts);
  ~Terminator() override;
  Terminator(const Terminator&) = delete;
  Terminator& operator=(const Terminator&) = delete;

  // Connections accepted from now on use it; those that exist keep theirs.
  void set_context(std::unique_ptr<tls::ServerContext> context);
  void set_ticket_keys(const std::vector<certs::TicketKey>& keys);
  // The rings to whoever answers, again after it was restarted. What ran on the old ones is over.
  base::Status set_channel(ipc::RingEnds ends);
  // Before there is a channel. bell: rings when the word is raised; invalid: there is none.
  void set_stop_word(ipc::StopReader word, base::UniqueFd bell = {});
  // Called when whoever answers broke the exchange protocol.
  void on_breach(std::function<void(const std::string& why)> report) { breach_ = std::move(report); }
  void set_limits(const Limits& limits, const Timeouts& timeouts);  // for connections accepted from now on

  // A connection that came through the tunnel, one end of a pair of connected sockets: like one that was accepted, but counted
  // apart. client is what the relay claims: a relay that lies about it takes no place of those who come themselves.
  void admit_relayed(base::UniqueFd socket, std::string_view client, std::string_view relay);
  static constexpr std::size_t kMostRelayed = 128;  // at a time

  // Accepts no more; calls done when the last connection is gone, after timeouts.drain at the latest.
  void drain(std::function<void()> done);

  // A hand-over comes. Everything goes on, but each answer of HTTP/1.1 is the last one of its connection. Calls left once what
  // ran is over, and whoever asks again and again has been told. stay(): it does not come after all.
  void leave(std::function<void()> left);
  void stay();
  // Another one goes on accepting from the same listener. Like drain(), within timeouts.hand_over; but nobody who is about to ask
  // is sent away: a connection that is new, or was used a moment ago, has kLeastRest to ask once more.
  void hand_over(std::function<void()> done);
  // Exchanges that drain() or hand_over() cut, and WebSockets that were told to end for it.
  std::uint32_t cut() const { return cut_; }

  std::size_t connections() const { return connections_.size(); }
  // How long the connection that would make room next has been at rest; 0: there is none.
  base::Nanos rested() const { return resting_.empty() ? 0 : loop_.now() - resting_.front()->rests_since_; }

  // Bytes for whoever answers that do not fit into the ring. What clients send goes there within the credit of each exchange
  // alone: those of thousands together would be more than the channel bears, were they read while whoever answers stands still.
  // So from kMuchWaiting on nobody is read, until half of it is gone.
  std::size_t waiting() const { return channel_ ? channel_->waiting() : 0; }
  static constexpr std::size_t kMuchWaiting = 8U << 20U;

  // Host
  bool send(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) override;
  std::uint64_t begin_exchange(Connection& connection, std::uint32_t stream) override;
  void end_exchange(std::uint64_t id) override;
  bool may_multiplex() const override { return exchanges_.size() < settings_.back()->limits.multiplexed; }
  void touch(Connection& connection) override;
  void retire(Connection& connection) override;
  bool draining() const override { return left_ || drained_; }
  bool stopped(Connection& connection) override;
  bool crowded() override;
  std::span<char> scratch() override { return scratch_; }
  std::span<char> record_scratch() override { return record_scratch_; }

 private:
  struct Settings {  // shared by the connections that were accepted under them
    Limits limits;
    Timeouts timeouts;
  };
  struct Route {
    Connection* connection;
    std::uint32_t stream;
  };
  // Connections that were refused, or closed for others, and not told yet.
  struct Untold {
    std::uint32_t count = 0;
    std::string client;
  };
  void accept_some();
  bool make_room();
  void count_refused(bool per_address, const std::string& client);
  void tell_refused();
  Connection* admit(base::UniqueFd socket, std::string client, const std::string& origin);
  void on_frame(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload);
  bool take_frame(const Route& route, ipc::ExchangeFrame type, std::string_view payload);
  void on_channel_broken(const base::Error& why);
  bool flush();
  void read_on();
  bool look_at_stop_word();
  bool take_reviewed(std::string_view payload);
  void on_stop_too_long();
  void go_on();
  void stop_accepting(std::function<void()> done, base::Nanos patience);
  void look_whether_left();
  void tell_to_go();

  loop::Loop& loop_;
  std::function<void(const std::string& why)> breach_;
  loop::Deadlines deadlines_;
  base::UniqueFd listener_;
  std::vector<std::unique_ptr<const Settings>> settings_;  // the newest last
  std::unique_ptr<tls::ServerContext> context_;
  std::unique_ptr<ipc::ExchangeChannel> channel_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::unordered_map<std::uint64_t, Route> exchanges_;
  std::unordered_map<std::string, std::size_t> per_address_;
  std::size_t relayed_ = 0;  // of connections_
  std::vector<Connection*> touched_;
  ipc::StopReader stop_word_;
  base::UniqueFd stop_bell_;
  std::unique_ptr<loop::Poller> stop_bell_poller_;
  std::uint64_t reviewed_ = 0;        // whoever answers has looked at all that it stopped up to this number
  bool stopped_ = false;              // and not at what it stopped since
  std::vector<Connection*> waiting_;  // for that, with something to send
  bool crowded_ = false;              // since kMuchWaiting
  // Every connection is in one of them: those on which no exchange runs, the longest at rest first; and the others.
  std::list<Connection*> resting_, busy_;
  std::array<Untold, 2> untold_;  // because of all; of one address
  std::vector<char> scratch_, record_scratch_;
  std::uint64_t last_connection_ = 0;
  std::uint64_t last_exchange_ = 0;
  std::function<void()> drained_;
  std::unique_ptr<loop::Timer> drain_timer_;
  std::uint32_t cut_ = 0;
  std::function<void()> left_;  // while leaving
  base::Nanos leaving_since_ = 0;
  std::uint64_t last_before_ = 0;  // exchange that began before
  loop::Timer leave_timer_;        // looks whether it has left; then tells to go
  std::unique_ptr<loop::Timer> accept_pause_;
  loop::Timer tell_timer_;
  loop::Timer stop_timer_;
  std::unique_ptr<loop::Poller> accept_poller_;
  std::unique_ptr<loop::Loop::Hook> flush_hook_;
};

}  // namespace postern::terminator
