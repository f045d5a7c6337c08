// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/handed_socket.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "base/check.h"

namespace postern::mission {
namespace {

// libpq connects within one call, in which nothing else runs in this thread.
thread_local int next_socket = -1;   // to be taken by socket()
thread_local int taken_socket = -1;  // taken, and asked about within the same call

}  // namespace

HandedSocket::HandedSocket(base::UniqueFd fd) {
  POSTERN_CHECK(next_socket < 0);
  next_socket = fd.release();
}

HandedSocket::~HandedSocket() {
  if (next_socket >= 0) ::close(next_socket);
  next_socket = taken_socket = -1;
}

int take_handed() {
  taken_socket = std::exchange(next_socket, -1);
  return taken_socket;
}
bool is_handed(int fd) { return fd >= 0 && fd == taken_socket; }

}  // namespace postern::mission

// The dynamic linker finds these before the C library's, for libpq too.
extern "C" {

__attribute__((visibility("default"), used)) int socket(int domain, int type, int protocol) noexcept {
  const int handed = postern::mission::take_handed();
  if (handed >= 0) return handed;
  return static_cast<int>(::syscall(SYS_socket, domain, type, protocol));
}

__attribute__((visibility("default"), used)) int connect(int fd, const sockaddr* address, socklen_t size) {
  if (postern::mission::is_handed(fd)) return 0;
  return static_cast<int>(::syscall(SYS_connect, fd, address, size));
}

// libpq wants to know its own address, and does nothing with it.
__attribute__((visibility("default"), used)) int getsockname(int fd, sockaddr* address,
                                                             socklen_t* size) noexcept {
  if (postern::mission::is_handed(fd)) {
    *address = {};
    *size = sizeof address->sa_family;
    return 0;
  }
  return static_cast<int>(::syscall(SYS_getsockname, fd, address, size));
}
}
