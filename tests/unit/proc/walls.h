// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Runs something behind a role's walls, in a child, and watches over it as the supervisor does.
#pragma once

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <set>
#include <string>

#include "gateway/proc/confine.h"
#include "gateway/proc/privileges.h"
#include "gateway/proc/seccomp.h"
#include "gateway/proc/slice.h"

namespace postern::proc {

inline void send_fd(int socket, int fd) {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(head), &fd, sizeof fd);
  ::sendmsg(socket, &message, 0);
}

inline base::UniqueFd receive_fd(int socket) {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) return {};
  const cmsghdr* head = CMSG_FIRSTHDR(&message);
  int fd = -1;
  if (head != nullptr) std::memcpy(&fd, CMSG_DATA(head), sizeof fd);
  return base::UniqueFd(fd);
}

struct Watched {
  int status = -1;              // what the body returned; 100: no walls; 128 and more: a signal
  std::set<std::string> names;  // of the calls that the filter refused
  base::Nanos slice = 0;        // of the scheduler (slice.h), behind the walls
};

// start_pool: what runs between the walls, of a profile with a pool.
inline Watched behind_walls(
    const Profile& profile, const std::string& state, const std::function<int()>& body,
    const std::function<void()>& start_pool = [] {}) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return {};
  base::UniqueFd ours(ends[0]);
  base::UniqueFd theirs(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ours.reset();
    if (!harden_process().ok()) ::_exit(100);
    base::Result<Walls> walls = confine(profile, state, start_pool);
    if (!walls.ok() || !walls->missing.empty()) ::_exit(100);
    send_fd(theirs.get(), walls->listener.get());
    walls->listener.reset();
    ::_exit(body());
  }
  theirs.reset();
  Watched seen;
  const base::UniqueFd listener = receive_fd(ours.get());
  seen.slice = slice_of(pid);
  while (listener.valid()) {
    const auto call = next_refused(listener.get());
    if (!call.ok()) break;
    if (!*call) continue;
    seen.names.insert((*call)->name);
    refuse(listener.get(), **call);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  seen.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return seen;
}

}  // namespace postern::proc
