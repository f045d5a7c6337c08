// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Frames of the exchange protocol over a pair of rings, on a loop. Sending never fails towards the caller:
// what does not fit into the ring waits in memory, which the protocol's credits bound for each exchange; of many together
// each side sends less while much is waiting(). A peer that makes it grow past kMostWaiting all the same has broken the
// protocol. Wake-ups are batched: at most one per turn and direction,
// and none while the peer is awake.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "gateway/ipc/exchange_protocol.h"
#include "gateway/ipc/ring.h"
#include "gateway/loop/loop.h"

namespace postern::ipc {

class ExchangeChannel {
 public:
  // The payload is a private copy, valid during the call.
  using OnFrame = std::function<void(ExchangeFrame type, std::uint64_t id, std::string_view payload)>;
  // Called at most once: the peer broke the protocol. (That the peer's process is gone is told by the
  // supervisor.)
  using OnBroken = std::function<void(const base::Error& why)>;

  // side: 0 for a terminator, 1 for whoever answers.
  static base::Result<std::unique_ptr<ExchangeChannel>> open(loop::Loop& loop, RingEnds ends, int side,
                                                             OnFrame on_frame, OnBroken on_broken);
  ~ExchangeChannel();
  ExchangeChannel(const ExchangeChannel&) = delete;
  ExchangeChannel& operator=(const ExchangeChannel&) = delete;

  void send(ExchangeFrame type, std::uint64_t id, std::string_view payload = {});
  // The receiver found the peer's frame wrong: closes the channel and reports why through on_broken, after
  // this turn.
  void breach(std::string why);
  // The owner gives the channel up, and will dispose of it: no frame and no word comes from it any more.
  void close();
  bool open() const { return !broken_; }
  std::size_t waiting() const { return waiting_.size(); }  // bytes that did not fit into the ring yet

 private:
  static constexpr std::size_t kMostWaiting = 512U << 20U;
  static constexpr std::size_t kKeepWaiting = 256U << 10U;
  // Frames handled in one go, so that one channel cannot keep the loop from its sockets.
  static constexpr int kFramesPerRound = 512;

  ExchangeChannel(loop::Loop& loop, RingEnds ends, std::unique_ptr<RingMemory> memory, OnFrame on_frame,
                  OnBroken on_broken);
  bool receive();
  bool transmit();
  void on_wake();
  void put(std::string_view header, std::string_view payload);

  RingEnds ends_;
  std::unique_ptr<RingMemory> memory_;
  RingWriter writer_;
  RingReader reader_;
  OnFrame on_frame_;
  OnBroken on_broken_;
  std::vector<char> frame_;
  base::Buffer waiting_;
  bool unpublished_ = false;
  bool broken_ = false;
  bool reported_ = false;
  std::string why_;
  std::unique_ptr<loop::Poller> poller_;
  std::unique_ptr<loop::Loop::Hook> receive_hook_;
  std::unique_ptr<loop::Loop::Hook> send_hook_;
};

}  // namespace postern::ipc
