// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The relay: accepts engineers' TLS connections, reads of each the name that it asks for (client_hello.h), and brings it to the
// desk as an exchange (gateway/ipc/exchange_protocol.h), whose conversation is its bytes, both ways. It has no key and no
// certificate: TLS ends at the engineer and at the customer, and what passes here it can neither read nor make.
//
// Whoever is not relayed is told so: by a TLS alert (unrecognized_name: the name is nobody's; access_denied: the installation's
// tunnel is closed; internal_error: it did not answer, or there are too many), and who asks in plain HTTP by a sentence.
//
// Bounded: connections, of all and of one address; the time and the bytes of a hello; of a connection what its credit lets
// come, either way; of all of them what waits for a desk that stands still.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "gateway/ipc/exchange_channel.h"
#include "gateway/loop/deadlines.h"
#include "gateway/loop/loop.h"

namespace postern::mission {

struct RelayLimits {
  std::size_t connections = 2'000;
  std::size_t connections_per_address = 100;
  base::Nanos hello = 10 * base::kSecond;   // from accept to the last byte of the hello
  base::Nanos answer = 10 * base::kSecond;  // from there to the desk's answer
  base::Nanos linger = 10 * base::kSecond;  // for the engineer to close, once the customer's side has
  base::Nanos drain = 5 * base::kSecond;
};

class Relay {
 public:
  Relay(loop::Loop& loop, base::UniqueFd listener, RelayLimits limits);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // The rings to the desk, again after it was restarted: what ran on the old ones is over.
  base::Status set_channel(ipc::RingEnds ends);
  // Called when the desk broke the exchange protocol.
  void on_breach(std::function<void(const std::string& why)> report) { breach_ = std::move(report); }
  void set_limits(const RelayLimits& limits) { limits_ = limits; }
  void drain(std::function<void()> done);
  std::size_t connections() const { return connections_.size(); }
  // Bytes for the desk that do not fit into the ring. From kMuchWaiting on no engineer is read, until half of it is gone.
  std::size_t waiting() const { return channel_ ? channel_->waiting() : 0; }
  static constexpr std::size_t kMuchWaiting = 8U << 20U;

 private:
  class Connection;
  void accept_some();
  void admit(base::UniqueFd socket, std::string client, const std::string& origin);
  void take(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload);
  bool send(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload = {});
  void drop_channel();
  bool crowded();
  bool read_on();
  std::uint64_t begin_exchange(Connection& connection);  // 0: there is no desk
  void end_exchange(std::uint64_t id);
  void over(Connection& connection);
  void count(std::string_view what);
  void tell_counted();

  loop::Loop& loop_;
  RelayLimits limits_;
  loop::Deadlines deadlines_;
  base::UniqueFd listener_;
  std::unique_ptr<ipc::ExchangeChannel> channel_;
  bool crowded_ = false;  // since kMuchWaiting
  std::function<void(const std::string& why)> breach_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::map<std::uint64_t, Connection*> exchanges_;
  std::map<std::string, std::size_t> per_origin_;
  std::uint64_t last_ = 0, last_exchange_ = 0;
  std::map<std::string, std::uint64_t, std::less<>>
      counted_;  // what did not get through, and was not logged yet
  std::function<void()> drained_;
  loop::Timer pause_, tell_, drain_timer_;
  loop::Poller accept_;
  std::unique_ptr<loop::Loop::Hook> read_on_;
};

}  // namespace postern::mission
