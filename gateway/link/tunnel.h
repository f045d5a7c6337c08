// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The installation's end of the tunnel (line/tunnel.h): keeps a few requests waiting at Mission Control while the ledger says
// that the tunnel is open, and joins each that an engineer comes through with a connection to a terminator, which the
// supervisor makes. It moves bytes: what is in them is between the engineer and the terminator.
//
// A cut has three roots. The ledger closes the tunnel: all streams are reset at once, and if bytes of them have not left this
// machine, the line's connection is too, since nobody can take them out of what is encrypted; it comes back within seconds. The
// terminator cuts one connection, which to us is an end without a word (POLLHUP before the end of what it sends): what we had
// not taken is thrown away. Mission Control resets a stream: the terminator's connection ends.
//
// Bounded: line::kMostTunnels streams, of each what its window lets come and one piece that waits to go, and the pace at which
// streams begin. The first byte that is not of the protocol ends the line.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/link/line_connection.h"
#include "gateway/link/line_pace.h"
#include "gateway/loop/loop.h"
#include "line/tunnel.h"

namespace postern::link {

class Tunnel {
 public:
  using Connected = std::function<void(base::Result<base::UniqueFd>)>;
  struct Figures {
    bool open = false;  // the ledger says so
    std::size_t waiting = 0,
                connected = 0;  // streams that Mission Control holds; through which an engineer came
    std::string why;            // Mission Control takes none; empty: it does
    bool operator==(const Figures&) const = default;
  };
  struct Calls {
    std::function<void(const line::TunnelHead& head, Connected done)> connect;  // to a terminator
    std::function<void(const Figures&)> changed;                                // at most every kTellEvery
  };
  Tunnel(loop::Loop& loop, Calls calls);
  ~Tunnel();
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  void allow(bool open);                     // the ledger's word
  void on_line(LineConnection* connection);  // it is up; nullptr: it is not
  Figures figures() const;

  static constexpr std::size_t kWaiting = 4;      // requests that wait, and one more for each four in use
  static constexpr std::size_t kLeftForLine = 8;  // requests of the connection that are not ours to take
  static constexpr base::Nanos kLook = 10 * base::kMillisecond;
  static constexpr base::Nanos kTellEvery = 200 * base::kMillisecond;
  static constexpr base::Nanos kAgain = base::kSecond;  // after one that failed, or too many at once
  static constexpr base::Nanos kRefusedAgain = 60 * base::kSecond;

 private:
  class Stream;
  void refill();
  void close_all();
  void over(Stream& stream);
  void look_at_stalled();
  void changed();

  loop::Loop& loop_;
  Calls calls_;
  bool carried_ = false;  // this connection has had a stream in use
  bool open_ = false;
  LineConnection* connection_ = nullptr;
  std::map<std::uint64_t, std::unique_ptr<Stream>> streams_;
  std::uint64_t last_ = 0;
  base::Pace pace_;
  std::string why_;
  Figures told_;
  loop::Timer again_, look_, tell_;
};

}  // namespace postern::link
