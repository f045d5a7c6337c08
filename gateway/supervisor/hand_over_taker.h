// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The side of a hand-over that goes on (docs/HAND_OVER.md): `postern serve --take-over`. Asks at hand-over.sock, gets the listening
// sockets, says when it is prepared, and waits until the log is its own. Whatever fails before it serves ends it, and the other
// goes on. Only when the other has died meanwhile is there nobody to go on but us.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "gateway/ipc/socket_channel.h"
#include "gateway/loop/loop.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/hand_over_protocol.h"
#include "gateway/supervisor/sockets.h"

namespace postern::supervisor {

inline constexpr base::Nanos kOfferPatience = 10 * base::kSecond;
// How long a process that has broken off may take to be dead.
inline constexpr base::Nanos kDeathPatience = 5 * base::kSecond;

class HandOverTaker {
 public:
  // Turns the loop until the offer has come. NotFound: no gateway runs there. Denied: it refuses, or what it has does not fit the
  // configuration.
  static base::Result<std::unique_ptr<HandOverTaker>> ask(loop::Loop& loop, const Config& config);
  ~HandOverTaker();
  HandOverTaker(const HandOverTaker&) = delete;
  HandOverTaker& operator=(const HandOverTaker&) = delete;

  const HandOverOffer& offer() const { return offer_; }
  Sockets take_sockets();
  base::UniqueFd take_notify() { return std::move(notify_); }
  // What this process says from now on goes where the other's words go; what say() says, also to whoever started us.
  void take_log();
  void say(const std::string& what) const;

  // on_yours: the log is ours. dead: its former owner died before it could say so. on_lost: the other goes on, and we end.
  void prepared(std::function<void(const HandOverEnd&, bool dead)> on_yours,
                std::function<void(const std::string& why)> on_lost);
  // We accept. Whoever started us hears no more from us.
  void serving();
  void failed(const std::string& why);
  // Whether a failure means that the other goes on.
  bool may_give_back() const { return !dead_; }

 private:
  HandOverTaker(loop::Loop& loop, base::UniqueFd socket);
  void on_frame(HandOverFrame type, std::string_view payload, ipc::SocketChannel::Fds fds);
  void on_offer(std::string_view payload, ipc::SocketChannel::Fds fds);
  void on_closed();
  void look_whether_dead();
  void lose(const std::string& why);
  base::Status check(const Config& config) const;
  void send(HandOverFrame type, const base::Json& said);

  loop::Loop& loop_;
  HandOverOffer offer_;
  bool offered_ = false, prepared_ = false, yours_ = false, dead_ = false;
  std::string why_;  // why there is no offer, or it was taken back
  base::UniqueFd support_, admin_, control_, hand_over_, challenge_, notify_, log_, told_, process_;
  std::function<void(const HandOverEnd&, bool dead)> on_yours_;
  std::function<void(const std::string& why)> on_lost_;
  base::Nanos closed_at_ = 0;
  std::unique_ptr<ipc::SocketChannel> channel_;
  loop::Timer timer_;
};

}  // namespace postern::supervisor
