// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The keeper: reads its keys from descriptors that the supervisor opened, then answers datagrams. No network,
// no log, no path.
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <string>
#include <utility>

#include "base/crypto.h"
#include "base/log.h"
#include "certs/keeper_protocol.h"
#include "gateway/keeper/key_ring.h"
#include "gateway/loop/loop.h"
#include "gateway/roles/role.h"

namespace postern::roles {
namespace {

constexpr std::uint32_t kAdminTerminator = 1000;  // the terminator of the admin listener
constexpr base::Nanos kRotationLook = 60 * base::kSecond;
constexpr int kRequestsPerRound = 64;  // of one channel, so that none keeps the others waiting

// From the beginning whatever was read before: the same open file is passed again to a keeper that is
// restarted.
std::string read_key(Role& role, const base::UniqueFd& fd, const std::string& path) {
  std::string content(keeper::kKeyFileLimit + 1, '\0');
  std::size_t held = 0;
  for (;;) {
    const ssize_t n =
        ::pread(fd.get(), content.data() + held, content.size() - held, static_cast<off_t>(held));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) role.fail(base::fail_errno(path, errno).message);
    held += static_cast<std::size_t>(n);
    if (n == 0 || held == content.size()) break;
  }
  if (held > keeper::kKeyFileLimit) role.fail(path + ": is too large for a key");
  content.resize(held);
  return content;
}

// Gives the content of a named descriptor to take, and wipes it.
template <typename Take>
void with_key(Role& role, const base::Json& entry, Take take) {
  const base::UniqueFd fd = role.take_fd(base::json_text_or(entry, "fd", ""));
  const std::string path = base::json_text_or(entry, "path", "");
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) role.fail(base::fail_errno(path, errno).message);
  std::string content = read_key(role, fd, path);
  const base::Status taken = take(keeper::KeyFile{path, content, info.st_mode});
  base::wipe(content);
  if (!taken.ok()) role.fail(taken.error().message);
}

void read_keys(Role& role, keeper::KeyRing& keys) {
  const base::Json& config = role.config();
  for (const base::Json& entry : config.value("tls_keys", base::Json::array())) {
    with_key(role, entry, [&](const keeper::KeyFile& file) {
      return keys.add_tls_key(base::json_text_or(entry, "listener", ""), file,
                              base::json_text_or(entry, "certificate", ""));
    });
  }
  if (const auto entry = config.find("pass_key"); entry != config.end()) {
    with_key(role, *entry, [&](const keeper::KeyFile& file) { return keys.set_pass_key(file); });
  }
}

// One asker. What it may ask follows from the channel, never from what it says.
class Desk {
 public:
  Desk(loop::Loop& loop, keeper::KeyRing& keys, keeper::Purpose purpose, base::UniqueFd socket)
      : keys_(keys),
        purpose_(std::move(purpose)),
        socket_(std::move(socket)),
        poller_(loop, socket_.get(), [this](unsigned) { answer(); }) {
    poller_.want(loop::kReadable);
  }

 private:
  void answer() {
    for (int i = 0; i < kRequestsPerRound; ++i) {
      char request[certs::kKeeperMessageLimit];
      const ssize_t n = ::recv(socket_.get(), request, sizeof request, MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (n <= 0) return poller_.want(0);  // the asker is gone: its successor comes with a new channel
      const std::string reply = keys_.handle({request, static_cast<std::size_t>(n)}, purpose_);
      // Without waiting: an asker that does not read its answers only harms itself.
      ::send(socket_.get(), reply.data(), reply.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  }

  keeper::KeyRing& keys_;
  keeper::Purpose purpose_;
  base::UniqueFd socket_;
  loop::Poller poller_;
};

int serve_keys() {
  Role role("keeper");
  keeper::KeyRing keys;
  read_keys(role, keys);

  keys.rotate_ticket_keys(role.loop().now());
  loop::Timer rotation(role.loop(), [&] { keys.rotate_ticket_keys(role.loop().now()); });
  rotation.start(kRotationLook, kRotationLook);

  std::map<std::pair<std::string, std::uint32_t>, std::unique_ptr<Desk>> desks;
  const auto open_desk = [&](const char* peer, keeper::Purpose purpose, std::uint32_t index, Role::Fds fds) {
    if (fds.size() != 1) role.fail("a channel to the keeper is one socket");
    desks[{peer, index}] = std::make_unique<Desk>(role.loop(), keys, std::move(purpose), std::move(fds[0]));
  };
  role.on_channel("terminator", [&](std::uint32_t index, Role::Fds fds) {
    const char* listener = index == kAdminTerminator ? "admin" : "support";
    open_desk("terminator", {keeper::Peer::Terminator, listener}, index, std::move(fds));
  });
  role.on_channel("ledger", [&](std::uint32_t index, Role::Fds fds) {
    open_desk("ledger", {keeper::Peer::Ledger, {}}, index, std::move(fds));
  });
  return role.serve();
}

}  // namespace
}  // namespace postern::roles

int main() { return postern::roles::serve_keys(); }
