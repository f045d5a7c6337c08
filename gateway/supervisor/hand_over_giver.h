// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The side of a hand-over that serves until now (docs/HAND_OVER.md). Until it said Yours it goes on, whatever happens to the other; and
// after that, as soon as the other ends without having served. Who connects to hand-over.sock is of our own account, or is sent away; one
// that has not asked makes room for the next.
//
//   Idle -Ask-> Offered -Prepared-> Leaving -left or limit-> Ending -log ended-> Given -Serving-> over
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "gateway/ipc/socket_channel.h"
#include "gateway/loop/loop.h"
#include "gateway/supervisor/hand_over_protocol.h"

namespace postern::supervisor {

// From the offer to Prepared: reading keys, building walls.
inline constexpr base::Nanos kPreparePatience = 60 * base::kSecond;

class HandOverGiver {
 public:
  struct Offered {
    HandOverOffer offer;
    ipc::SocketChannel::Fds fds;  // as offer.fds names them
  };
  struct Failure {
    std::string version, why;
    base::Micros duration = 0, closed = 0;  // closed: how long nobody accepted, so far
    bool ended = false;                     // the roles were stopped, and must start again
  };
  struct Calls {
    std::function<std::string(pid_t asker)> hindrance;  // why not now; empty: nothing hinders
    std::function<Offered()> offer;
    std::function<void(bool leaving)> leave;  // clients are told to go; or go on after all
    std::function<void(std::function<void(std::uint32_t cut)>)> end;  // accept no more, end the log
    std::function<void(const Failure&)> failed;
    std::function<void(pid_t successor)> over;
  };
  // listener: of hand-over.sock.
  HandOverGiver(loop::Loop& loop, base::UniqueFd listener, Calls calls);
  ~HandOverGiver();
  HandOverGiver(const HandOverGiver&) = delete;
  HandOverGiver& operator=(const HandOverGiver&) = delete;

  void set_limit(base::Nanos limit) { limit_ = limit; }  // for Leaving
  void left();  // what ran when the clients were told to go has ended
  // The gateway is being stopped, so nothing is handed over. True: it is the other's already.
  bool abandon();
  bool busy() const { return step_ != Step::Idle; }
  bool ending() const { return step_ == Step::Ending || step_ == Step::Given; }

 private:
  enum class Step { Idle, Offered, Leaving, Ending, Given, Over };
  void accept();
  void refuse(base::UniqueFd socket, const std::string& why);
  void on_frame(HandOverFrame type, std::string_view payload);
  void on_ask(std::string_view payload);
  void end();
  void give(std::uint32_t cut);
  void fail(const std::string& why);
  void send(HandOverFrame type, const base::Json& said, ipc::SocketChannel::Fds fds = {});
  void drop_channel();

  loop::Loop& loop_;
  base::UniqueFd listener_;
  Calls calls_;
  base::Nanos limit_ = 30 * base::kSecond;
  Step step_ = Step::Idle;
  bool peer_gone_ = false;  // while the log ends
  std::string why_, version_;
  pid_t successor_ = -1;
  base::Nanos asked_ = 0, closed_ = 0;
  std::unique_ptr<ipc::SocketChannel> channel_;
  loop::Timer patience_;
  loop::Poller poller_;
};

}  // namespace postern::supervisor
