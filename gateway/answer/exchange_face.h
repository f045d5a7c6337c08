// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An answerer behind a listener: answers the exchanges that the terminator's channel brings. The terminator is the one
// process that outside bytes reach first, so nothing it says is taken for granted: method, target and fields are judged
// again from scratch, and a frame that cannot be ends the channel.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/answer/answerer.h"
#include "gateway/answer/call.h"
#include "gateway/answer/outgoing.h"
#include "gateway/ipc/exchange_channel.h"
#include "gateway/ipc/shown_chains.h"
#include "gateway/loop/loop.h"

namespace postern::answer {

class ExchangeFace {
 public:
  static constexpr std::size_t kMostConnections = 100'000;
  static constexpr std::size_t kMostExchanges = 1'000;  // under way, where nothing else is said
  // No honest terminator comes there: its limits.connections are less, and its HTTP/2 connections take turns by then.
  static constexpr std::size_t kHardExchanges = 100'000;

  // Exchanges under way; of more, each is refused: overloaded. strangers: of clients without a certificate among them.
  struct Most {
    std::size_t exchanges = kMostExchanges, strangers = kMostExchanges;
  };
  // names: what the client may call us; must outlive this.
  ExchangeFace(loop::Loop& loop, Answerer& answerer, const std::vector<http::Authority>& names, Most most);
  ExchangeFace(loop::Loop& loop, Answerer& answerer, const std::vector<http::Authority>& names)
      : ExchangeFace(loop, answerer, names, Most()) {}
  ~ExchangeFace();
  ExchangeFace(const ExchangeFace&) = delete;
  ExchangeFace& operator=(const ExchangeFace&) = delete;

  // Called when the terminator broke the exchange protocol: its channel is closed, and with it all that ran on it.
  void on_breach(std::function<void(const std::string& why)> report) { breach_ = std::move(report); }
  // Replaces the channel there was; exchanges of the old one are gone with their terminator.
  base::Status connect(ipc::RingEnds ends);
  std::size_t under_way() const { return exchanges_.size(); }
  // Bytes for the terminator that do not fit into the ring. From kMuchWaiting on bodies wait where they are, until half of it
  // is gone: the credits of thousands of exchanges together are more than the channel bears.
  std::size_t waiting() const { return channel_ != nullptr ? channel_->waiting() : 0; }
  static constexpr std::size_t kMuchWaiting = 8U << 20U;

 private:
  struct Exchange;
  using ExchangePtr = std::shared_ptr<Exchange>;

  void take(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload);
  bool open_connection(std::uint64_t id, std::string_view payload);
  bool note_refused(std::string_view payload);
  bool begin(std::uint64_t id, std::string_view payload);
  bool begin_refused(std::uint64_t id, std::string_view payload);
  bool take_body(const ExchangePtr& exchange, std::string_view payload);
  void dispatch(const ExchangePtr& exchange);
  bool take_end(const ExchangePtr& exchange, std::string_view payload);
  bool take_said(Exchange& exchange, std::string_view payload);
  void begin_conversation(const ExchangePtr& exchange, std::unique_ptr<Sink> sink);
  void give_back(Exchange& exchange, std::size_t bytes);
  bool take_credit(Exchange& exchange, std::string_view payload);
  bool take_done(Exchange& exchange, std::string_view payload);
  ExchangePtr make_exchange(std::uint64_t id, std::uint64_t connection);
  void refuse(const ExchangePtr& exchange, base::Refusal refusal, std::string_view why);
  void respond(const ExchangePtr& exchange, Response response);
  void send_head(Exchange& exchange);
  void pump(Exchange& exchange);
  void finish(Exchange& exchange);
  bool pump_ready();
  void drop_channel();
  void send(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload = {});

  loop::Loop& loop_;
  std::function<void(const std::string& why)> breach_;
  Answerer& answerer_;
  const std::vector<http::Authority>& names_;
  const Most most_;
  std::size_t strangers_ = 0;  // among exchanges_
  std::unique_ptr<ipc::ExchangeChannel> channel_;
  struct Client {
    std::string address;
    ipc::ShownChains::Chain certificates;
  };
  ipc::ShownChains shown_chains_;
  std::map<std::uint64_t, Client> connections_;
  std::map<std::uint64_t, ExchangePtr> exchanges_;
  std::uint64_t last_exchange_ = 0;
  std::shared_ptr<std::set<std::uint64_t>>
      ready_;                     // whose source has something again; shared with the wakers
  std::set<std::uint64_t> held_;  // because of kMuchWaiting
  std::unique_ptr<loop::Loop::Hook> hook_;
};

}  // namespace postern::answer
