// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A bounded, framed, two-way channel over a Unix stream socket, for everything between processes that is not
// an exchange.
//
//   frame = size u32 | type u16 | fds u8 | zero u8 | payload     little-endian; size counts the payload only
//
// Descriptors travel with the frame that announces them (SCM_RIGHTS) and are close-on-exec at once. A frame
// above the limit, an unexpected descriptor, a non-zero reserved byte or a full queue, of bytes or of descriptors, is a breach: the
// channel closes and says why. Frames are delivered whole and in order, or not at all.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/loop/loop.h"

namespace postern::ipc {

struct SocketChannelLimits {
  std::size_t frame = 1U << 20U;  // bytes of one payload
  std::size_t queue = 8U << 20U;  // bytes waiting to be sent; the peer is too slow or gone
  // Descriptors waiting to be sent: each is one of this process until then, however few bytes its frame has.
  std::size_t descriptors = 1024;
};

// Descriptors in one frame; the kernel takes 253. The keeper's Start has the most: keys of 32 certificates of listeners,
// 48 of credentials, secrets of 16 webhooks, and a few of its own.
inline constexpr std::size_t kMostFds = 128;

class SocketChannel {
 public:
  using Fds = std::vector<base::UniqueFd>;
  using OnFrame = std::function<void(std::uint16_t type, std::string_view payload, Fds fds)>;
  // Called at most once, never from inside send(). The channel's owner disposes of it from here
  // (Loop::dispose) or later.
  using OnClosed = std::function<void(const base::Error& why)>;

  SocketChannel(loop::Loop& loop, base::UniqueFd socket, SocketChannelLimits limits, OnFrame on_frame,
                OnClosed on_closed);
  ~SocketChannel();
  SocketChannel(const SocketChannel&) = delete;
  SocketChannel& operator=(const SocketChannel&) = delete;

  // Queues a frame; it leaves at the end of the turn, or now with flush(). The descriptors are duplicated by
  // the kernel when the frame leaves: until then they are kept. False if the channel is closed or the queue
  // is full, of bytes or of descriptors (then it closes).
  bool send(std::uint16_t type, std::string_view payload, Fds fds = {});
  void flush();
  // From on_frame, of a frame without descriptors: there is no room for it. It comes again after resume(), and before whatever
  // follows it; until then nothing is read, so that the peer's own bounds hold it back. Its end too is noticed only then.
  void hold_back();
  void resume();
  // Takes what has arrived already, without waiting for the loop to notice: what a peer that has ended still said.
  void take_arrived();
  std::size_t queued() const;
  std::size_t queued_descriptors() const { return held_; }
  bool open() const { return socket_.valid(); }
  void close();  // at once, without calling on_closed

 private:
  struct Outgoing;
  void on_ready(unsigned ready);
  bool receive();  // false: nothing was there
  bool take_frames();
  bool transmit();
  void let_go();
  void watch();
  void fail(base::Error why);

  base::UniqueFd socket_;
  SocketChannelLimits limits_;
  OnFrame on_frame_;
  OnClosed on_closed_;
  base::Buffer in_;
  base::Buffer out_;
  std::deque<Outgoing> attachments_;
  std::size_t held_ = 0;  // descriptors in them
  std::deque<base::UniqueFd> received_;
  std::uint64_t written_ = 0;  // bytes ever queued, to place attachments
  std::uint64_t sent_ = 0;     // bytes ever sent
  base::Error failure_;
  bool failing_ = false, held_back_ = false;
  std::unique_ptr<loop::Poller> poller_;
  std::unique_ptr<loop::Loop::Hook> hook_;
};

// Two connected stream sockets, close-on-exec, non-blocking.
base::Result<std::pair<base::UniqueFd, base::UniqueFd>> make_socket_pair();

}  // namespace postern::ipc
