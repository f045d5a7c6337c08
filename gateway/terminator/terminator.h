// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Accepts connections of one listener and joins them to whoever answers their exchanges. The first door:
// whoever takes it over holds no key, no policy, no file and no way to open a connection.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/unique_fd.h"
#include "gateway/ipc/exchange_channel.h"
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
  // Called when whoever answers broke the exchange protocol.
  void on_breach(std::function<void(const std::string& why)> report) { breach_ = std::move(report); }
  void set_limits(const Limits& limits, const Timeouts& timeouts);  // for connections accepted from now on

  // Accepts no more; calls done when the last connection is gone, after timeouts.drain at the latest.
  void drain(std::function<void()> done);

  std::size_t connections() const { return connections_.size(); }

  // Host
  bool send(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) override;
  std::uint64_t begin_exchange(Connection& connection, std::uint32_t stream) override;
  void end_exchange(std::uint64_t id) override;
  bool may_multiplex() const override { return exchanges_.size() < ipc::kMostMultiplexed; }
  void touch(Connection& connection) override;
  void retire(Connection& connection) override;
  bool draining() const override { return static_cast<bool>(drained_); }
  std::span<char> scratch() override { return scratch_; }

 private:
  struct Settings {  // shared by the connections that were accepted under them
    Limits limits;
    Timeouts timeouts;
  };
  struct Route {
    Connection* connection;
    std::uint32_t stream;
  };
  void accept_some();
  void admit(base::UniqueFd socket, std::string client, const std::string& address);
  void on_frame(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload);
  bool take_frame(const Route& route, ipc::ExchangeFrame type, std::string_view payload);
  void on_channel_broken(const base::Error& why);
  bool flush();

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
  std::vector<Connection*> touched_;
  std::vector<char> scratch_;
  std::uint64_t last_connection_ = 0;
  std::uint64_t last_exchange_ = 0;
  std::function<void()> drained_;
  std::unique_ptr<loop::Timer> drain_timer_;
  std::unique_ptr<loop::Timer> accept_pause_;
  std::unique_ptr<loop::Poller> accept_poller_;
  std::unique_ptr<loop::Loop::Hook> flush_hook_;
};

}  // namespace postern::terminator
