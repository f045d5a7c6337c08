// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An answerer on a Unix socket, for the command line: HTTP/1.1, one request at a time per connection. Who may
// connect is decided by the socket's owner and mode, which the supervisor set; who it is, the kernel tells
// (SO_PEERCRED).
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "base/unique_fd.h"
#include "gateway/answer/answerer.h"
#include "gateway/loop/loop.h"

namespace postern::answer {

class ControlConnection;

class ControlSocket {
 public:
  static constexpr std::size_t kMostConnections = 128;
  // For the peer to send or take the next byte. A stream that has nothing to say is not waited for.
  static constexpr base::Nanos kPatience = 60 * base::kSecond;

  // listener: non-blocking.
  ControlSocket(loop::Loop& loop, base::UniqueFd listener, Answerer& answerer);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  void stop_accepting();
  std::size_t connections() const { return connections_.size(); }
  std::size_t under_way() const;  // requests not yet answered to their end

 private:
  void accept_some();
  void forget(std::uint64_t number);

  loop::Loop& loop_;
  base::UniqueFd listener_;
  Answerer& answerer_;
  std::map<std::uint64_t, std::unique_ptr<ControlConnection>> connections_;
  std::uint64_t last_ = 0;
  loop::Poller poller_;
};

}  // namespace postern::answer
