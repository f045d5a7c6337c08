// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/file.h"
#include "base/log.h"

namespace postern::proc {
namespace {

constexpr std::size_t kGroupLimit = 64U << 10U;

base::Result<std::string> group_of(pid_t pid) {
  return base::read_file("/proc/" + std::to_string(pid) + "/cgroup", kGroupLimit);
}

}  // namespace

base::UniqueFd open_notify() {
  const char* name = std::getenv("NOTIFY_SOCKET");
  sockaddr_un to{};
  const std::size_t size = name == nullptr ? 0 : std::strlen(name);
  if (size < 2 || size >= sizeof to.sun_path || (name[0] != '/' && name[0] != '@')) return {};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, name, size);
  if (name[0] == '@') to.sun_path[0] = '\0';
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  if (!socket.valid() || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), length) != 0) {
    base::log_warning("the service manager cannot be told how it goes");
    return {};
  }
  return socket;
}

void notify(const base::UniqueFd& socket, std::string_view lines) {
  if (socket.valid() && ::send(socket.get(), lines.data(), lines.size(), MSG_NOSIGNAL) < 0)
    base::log_warning("the service manager did not take: " + std::string(lines));
}

bool is_same_service(pid_t one, pid_t other) {
  const base::Result<std::string> ours = group_of(one), theirs = group_of(other);
  return !ours.ok() || !theirs.ok() || *ours == *theirs;
}

}  // namespace postern::proc
