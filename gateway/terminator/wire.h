// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One version of HTTP on a connection: plaintext in, exchanges, plaintext out. A wire touches no socket and no TLS;
// its connection (the WireHost) does, and is told when something must be ended. Two there are: h1_wire.cc and h2_wire.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "gateway/loop/deadlines.h"
#include "gateway/terminator/exchange.h"
#include "gateway/terminator/settings.h"

namespace postern::terminator {

// What a wire needs of its connection.
class WireHost {
 public:
  virtual ~WireHost() = default;
  virtual Host& host() = 0;
  virtual const Limits& limits() const = 0;
  virtual const Timeouts& timeouts() const = 0;
  virtual std::uint64_t id() const = 0;
  virtual base::Nanos now() const = 0;
  // A new exchange; whoever answers knows the connection by then.
  virtual std::uint64_t begin_exchange(std::uint32_t stream) = 0;

  virtual base::Buffer& input() = 0;      // received, not yet taken; at most kPlainLimit and a head's limit
  virtual bool held() const = 0;          // is not read now: it is not the client that is late
  virtual bool client_ended() const = 0;  // it sends no more, but may still read
  virtual void take_again() = 0;          // what waits in input(), now that something else has come first
  virtual std::string& output() = 0;      // what is to be sent at the end of this turn
  virtual void touch() = 0;               // there will be output
  virtual void set_deadline(base::Nanos) = 0;  // of the connection; replaces the one before

  // Where the bytes are, counted from the connection's first one, TLS's included: made ready to be sent, given to the
  // kernel, and gone from this machine.
  virtual std::uint64_t encrypted() const = 0;
  virtual std::uint64_t sent() const = 0;
  virtual std::uint64_t departed() const = 0;
  virtual std::size_t unsent() const = 0;  // bytes of output() and of what is encrypted
  // Since when nothing has left: now, unless the stop word stopped it earlier and the kernel held nothing back.
  virtual base::Nanos silent_since() const = 0;

  // Each ends the connection; the wire is told of it by on_over() where exchanges run.
  virtual void linger() = 0;   // in good order, once output() is out
  virtual void reset() = 0;    // at once, with RST: nothing that is not yet in the kernel goes out
  virtual void give_up() = 0;  // the client is gone, or is not heard any more
};

class Wire {
 public:
  virtual ~Wire() = default;

  virtual void on_input() = 0;  // there is more in input(), or the client has ended
  virtual void produce() = 0;   // the end of the turn, or the kernel has room again: fill output()
  virtual void on_transmitted(bool progress) = 0;  // output() is on its way; progress: the kernel took some
  virtual void on_deadline() = 0;
  virtual void on_answerer_gone() = 0;
  virtual std::uint32_t close_when_idle() = 0;  // how many WebSockets were told to end for it
  enum class Over { ByUs, ByClient };
  virtual void on_over(Over how) = 0;  // nothing is sent or received any more: report what ran

  // Frames for the exchange of that stream.
  virtual void on_response_head(std::uint32_t stream, const ipc::ResponseHead& head) = 0;
  virtual void on_informational(std::uint32_t stream, const ipc::ResponseHead& head) = 0;
  virtual void on_response_body(std::uint32_t stream, std::string_view piece) = 0;
  virtual void on_response_end(std::uint32_t stream, const std::vector<ipc::WireField>& trailers) = 0;
  virtual void on_request_credit(std::uint32_t stream, std::uint32_t bytes) = 0;
  virtual void on_cut(std::uint32_t stream) = 0;
};

std::unique_ptr<Wire> make_h1_wire(WireHost& connection);
std::unique_ptr<Wire> make_h2_wire(WireHost& connection, loop::Deadlines& deadlines);

}  // namespace postern::terminator
