// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/answer/control_socket.h"

#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "gateway/answer/control_connection.h"

namespace postern::answer {

ControlSocket::ControlSocket(loop::Loop& loop, base::UniqueFd listener, Answerer& answerer)
    : loop_(loop),
      listener_(std::move(listener)),
      answerer_(answerer),
      poller_(loop, listener_.get(), [this](unsigned) { accept_some(); }) {
  poller_.want(loop::kReadable);
}

ControlSocket::~ControlSocket() = default;

void ControlSocket::stop_accepting() { poller_.want(0); }

std::size_t ControlSocket::under_way() const {
  return static_cast<std::size_t>(std::count_if(connections_.begin(), connections_.end(),
                                                [](const auto& entry) { return entry.second->busy(); }));
}

void ControlSocket::accept_some() {
  for (;;) {
    base::UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) return;
    if (connections_.size() >= kMostConnections) continue;  // closed: the next one may find room
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) continue;
    Identity identity{"uid-" + std::to_string(peer.uid), Rank::Admin, {}, 0};
    const std::uint64_t number = ++last_;
    connections_[number] = std::make_unique<ControlConnection>(loop_, std::move(socket), std::move(identity),
                                                               answerer_, [this, number] { forget(number); });
  }
}

void ControlSocket::forget(std::uint64_t number) {
  auto found = connections_.extract(number);
  if (!found.empty()) loop_.dispose(std::move(found.mapped()));
}

}  // namespace postern::answer
