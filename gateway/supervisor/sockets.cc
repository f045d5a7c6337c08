// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>

namespace postern::supervisor {
namespace {

constexpr int kHandOverBacklog = 16;
// A gateway that was killed a moment ago holds its socket until the last of its roles has ended: that is waited for.
constexpr int kLooks = 40;
constexpr std::chrono::milliseconds kLookPause{50};
constexpr int kSocketFlags = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

base::Status switch_on(int fd, int level, int option, const char* what) {
  const int on = 1;
  if (::setsockopt(fd, level, option, &on, sizeof on) != 0) return base::fail_errno(what, errno);
  return base::Ok{};
}

socklen_t to_sockaddr(const Address& address, sockaddr_storage& out) {
  if (address.v6) {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(out);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(address.port);
    ::inet_pton(AF_INET6, address.host.c_str(), &in6.sin6_addr);
    return sizeof in6;
  }
  auto& in4 = reinterpret_cast<sockaddr_in&>(out);
  in4.sin_family = AF_INET;
  in4.sin_port = htons(address.port);
  ::inet_pton(AF_INET, address.host.c_str(), &in4.sin_addr);
  return sizeof in4;
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  std::memcpy(out.sun_path, path.c_str(), path.size());  // parse_config bounds it
  return out;
}

// A socket file outlives its process: only a refused connection says that nobody is behind it.
bool somebody_serves(const std::string& path) {
  const base::UniqueFd probe(::socket(AF_UNIX, kSocketFlags, 0));
  const sockaddr_un address = unix_address(path);
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         errno == EAGAIN;
}

base::Status clear_the_way(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return base::Ok{};
  if (!S_ISSOCK(info.st_mode))
    return base::fail(base::Code::Exists, path + ": is there and is not a socket: remove it");
  for (int looks = 0; somebody_serves(path); ++looks) {
    if (looks == kLooks) return base::fail(base::Code::Exists, path + ": another one serves there");
    std::this_thread::sleep_for(kLookPause);
  }
  if (::unlink(path.c_str()) != 0) return base::fail_errno(path, errno);
  return base::Ok{};
}

// Of a socket in a folder that may belong to the account that the gateway is to run as: whoever is that account may put what
// it likes under the name meanwhile, while we still are root.
struct SocketFile {
  sockaddr_un address;
  int folder;
  std::string name;  // in it
  std::string path;  // for people
  mode_t mode;
};

// With its mode from the beginning. Nobody can connect before listen(). The umask is the process': there are no threads yet.
base::Status bind_file(int fd, const SocketFile& file) {
  const mode_t before = ::umask(0777 & ~file.mode);
  const int bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&file.address), sizeof file.address);
  const int why = errno;
  ::umask(before);
  return bound == 0 ? base::Status(base::Ok{}) : base::fail_errno("cannot bind " + file.path, why);
}

// Only what was just bound: a socket, ours, and under no other name.
base::Status give_away(const SocketFile& file, uid_t uid, gid_t gid) {
  const base::UniqueFd at(::openat(file.folder, file.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!at.valid() || ::fstat(at.get(), &info) != 0) return base::fail_errno(file.path, errno);
  if (!S_ISSOCK(info.st_mode) || info.st_uid != ::geteuid() || info.st_nlink != 1)
    return base::fail(base::Code::Denied, file.path + ": somebody has put something else in its place");
  if (::fchownat(at.get(), "", uid, gid, AT_EMPTY_PATH) != 0) return base::fail_errno(file.path, errno);
  return base::Ok{};
}

}  // namespace

base::Status give_directory(const std::string& path, const proc::Account& account) {
  const base::UniqueFd at(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const base::Status taken =
      base::fail(base::Code::Denied, path + ": somebody has put something else in its place");
  if (!at.valid()) return errno == ENOTDIR || errno == ELOOP ? taken : base::fail_errno(path, errno);
  struct stat info {};
  if (::fstat(at.get(), &info) != 0) return base::fail_errno(path, errno);
  std::error_code unread;
  const bool empty = std::filesystem::is_empty("/proc/self/fd/" + std::to_string(at.get()), unread);
  if (unread) return base::fail_errno(path, unread.value());
  if (info.st_uid != ::geteuid() || !empty) return taken;
  if (::fchownat(at.get(), "", account.uid, account.gid, AT_EMPTY_PATH) != 0)
    return base::fail_errno(path, errno);
  return base::Ok{};
}

base::Status make_directory(const std::string& path, mode_t mode,
                            const std::optional<proc::Account>& account) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return base::Ok{};
    return base::fail(base::Code::Invalid, path + ": is not a directory");
  }
  if (::mkdir(path.c_str(), mode) != 0) return base::fail_errno("cannot make the directory " + path, errno);
  return account ? give_directory(path, *account) : base::Status(base::Ok{});
}

base::Result<base::UniqueFd> bind_control(const std::string& path,
                                          const std::optional<proc::Account>& account) {
  const base::Status clear = clear_the_way(path);
  if (!clear.ok()) return clear.error();
  base::UniqueFd fd(::socket(AF_UNIX, kSocketFlags, 0));
  if (!fd.valid()) return base::fail_errno("socket", errno);
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const base::UniqueFd in(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!in.valid()) return base::fail_errno(folder, errno);
  const SocketFile file{unix_address(path), in.get(), path.substr(slash + 1), path, 0660};
  base::Status bound = bind_file(fd.get(), file);
  if (bound.ok() && account) bound = give_away(file, 0, account->gid);
  if (!bound.ok()) return bound.error();
  if (::listen(fd.get(), kBacklog) != 0) return base::fail_errno("listen", errno);
  return fd;
}

namespace {

// The folder's path may be longer than the address of a socket: its name there is not.
struct InFolder {
  base::UniqueFd folder;
  sockaddr_un address{};
};

base::Result<InFolder> hand_over_address(const std::string& state_directory) {
  InFolder out;
  out.folder = base::UniqueFd(::open(state_directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!out.folder.valid()) return base::fail_errno(state_directory, errno);
  out.address =
      unix_address("/proc/self/fd/" + std::to_string(out.folder.get()) + "/" + std::string(kHandOverSocket));
  return out;
}

// Called once the control socket is bound: so whatever lies there is of a gateway that is gone.
base::Result<base::UniqueFd> bind_hand_over(const std::string& state_directory,
                                            const std::optional<proc::Account>& account) {
  base::Result<InFolder> place = hand_over_address(state_directory);
  if (!place.ok()) return place.error();
  const std::string path = state_directory + "/" + std::string(kHandOverSocket);
  if (::unlink(place->address.sun_path) != 0 && errno != ENOENT) return base::fail_errno(path, errno);
  base::UniqueFd fd(::socket(AF_UNIX, kSocketFlags, 0));
  if (!fd.valid()) return base::fail_errno("socket", errno);
  const SocketFile file{place->address, place->folder.get(), std::string(kHandOverSocket), path, 0600};
  base::Status bound = bind_file(fd.get(), file);
  if (bound.ok() && account) bound = give_away(file, account->uid, account->gid);
  if (!bound.ok()) return bound.error();
  if (::listen(fd.get(), kHandOverBacklog) != 0) return base::fail_errno("listen", errno);
  return fd;
}

}  // namespace

base::Result<base::UniqueFd> connect_hand_over(const std::string& state_directory) {
  const base::Result<InFolder> place = hand_over_address(state_directory);
  if (!place.ok()) return place.error();
  base::UniqueFd fd(::socket(AF_UNIX, kSocketFlags, 0));
  if (!fd.valid()) return base::fail_errno("socket", errno);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&place->address), sizeof place->address) != 0) {
    if (errno != ENOENT && errno != ECONNREFUSED) return base::fail_errno(state_directory, errno);
    return base::fail(base::Code::NotFound,
                      "no gateway runs with the state directory " + state_directory +
                          ": there is nothing to take over; start it with postern serve");
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      (peer.uid != ::geteuid() && peer.uid != 0))
    return base::fail(base::Code::Denied, "who listens in " + state_directory + " is another user's");
  return fd;
}

base::Result<base::UniqueFd> bind_listener(Address& address) {
  base::UniqueFd fd(::socket(address.v6 ? AF_INET6 : AF_INET, kSocketFlags, 0));
  if (!fd.valid()) return base::fail_errno("socket", errno);
  base::Status ready = switch_on(fd.get(), SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR");
  if (ready.ok() && address.v6) ready = switch_on(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY");
  if (!ready.ok()) return ready.error();
  sockaddr_storage storage{};
  socklen_t size = to_sockaddr(address, storage);
  auto* generic = reinterpret_cast<sockaddr*>(&storage);
  if (::bind(fd.get(), generic, size) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    return base::fail_errno("cannot listen on " + address.text(), errno);
  }
  if (::getsockname(fd.get(), generic, &size) != 0) return base::fail_errno("getsockname", errno);
  address.port = ntohs(address.v6 ? reinterpret_cast<sockaddr_in6&>(storage).sin6_port
                                  : reinterpret_cast<sockaddr_in&>(storage).sin_port);
  return fd;
}

base::Result<Sockets> bind_sockets(const Config& config, const std::optional<proc::Account>& account) {
  const std::string& control_path = config.control_socket.path;
  const std::string folder = control_path.substr(0, control_path.rfind('/'));
  base::Status made = folder.empty() ? base::Status(base::Ok{}) : make_directory(folder, 0750, account);
  if (made.ok()) made = make_directory(config.state_directory.path, 0700, account);
  if (made.ok() && config.acme) made = make_directory(config.acme->folder.path, 0700, account);
  if (made.ok() && config.mission_control)
    made = make_directory(config.mission_control->folder.path, 0700, account);
  if (!made.ok()) return made.error();

  Sockets out;
  out.support_address = config.support.address;
  out.admin_address = config.admin.address;
  const auto take = [](base::Result<base::UniqueFd> bound, base::UniqueFd& into) -> base::Status {
    if (!bound.ok()) return bound.error();
    into = std::move(bound).value();
    return base::Ok{};
  };
  base::Status bound = take(bind_listener(out.support_address), out.support);
  if (bound.ok()) bound = take(bind_listener(out.admin_address), out.admin);
  if (config.intake) out.intake_address = config.intake->listener.address;
  if (bound.ok() && config.intake) bound = take(bind_listener(out.intake_address), out.intake);
  const bool by_http = config.acme && !config.acme->by_tls;
  if (by_http) out.challenge_address = config.acme->challenge;
  if (bound.ok() && by_http) bound = take(bind_listener(out.challenge_address), out.challenge);
  if (bound.ok()) bound = take(bind_control(control_path, account), out.control);
  if (bound.ok()) bound = take(bind_hand_over(config.state_directory.path, account), out.hand_over);
  if (!bound.ok()) return bound.error();
  return out;
}

}  // namespace postern::supervisor
