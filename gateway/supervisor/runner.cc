// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/runner.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/log.h"
#include "gateway/ipc/runner_protocol.h"
#include "gateway/proc/spawn.h"
#include "gateway/supervisor/updates_part.h"

namespace postern::supervisor {
namespace {

constexpr int kReadyWithin = 10'000;  // milliseconds

base::Result<base::Json> hear_ready(int socket) {
  pollfd one{socket, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&one, 1, kReadyWithin);
  } while (ready < 0 && errno == EINTR);
  std::array<char, ipc::kRunnerFrame> text;
  const ssize_t size = ready <= 0 ? -1 : ::recv(socket, text.data(), text.size(), 0);
  if (size <= 0) return base::fail(base::Code::Unavailable, "the runner of updates did not start");
  auto json = base::parse_json({text.data(), static_cast<std::size_t>(size)}, ipc::kRunnerDepth);
  if (!json.ok()) return std::move(json).error();
  if (json->is_object() && base::json_bool_or(*json, "ready", false)) return json;
  return base::fail(
      base::Code::Denied,
      "the runner of updates: " + (json->is_object() ? base::json_text_or(*json, "why", "it is not ready")
                                                     : std::string("it is not ready")));
}

}  // namespace

base::Result<StartedRunner> start_runner(const Config& config, const std::string& roles_directory) {
  const base::Json setup = runner_setup_json(config);
  StartedRunner out;
  if (setup.is_null()) return out;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return base::fail_errno("no socket for the runner of updates", errno);
  out.socket = base::UniqueFd(ends[0]);
  const base::UniqueFd theirs(ends[1]);
  const std::string text = base::dump_json(setup);
  if (text.size() > ipc::kRunnerSetupFrame || ::send(ends[0], text.data(), text.size(), MSG_NOSIGNAL) < 0)
    return base::fail(base::Code::Limit, "the steps of updates are too long for the runner");
  auto pid = proc::spawn(roles_directory + "/runner", "postern-runner", theirs.get());
  if (!pid.ok()) return std::move(pid).error();
  auto ready = hear_ready(out.socket.get());
  if (!ready.ok()) return std::move(ready).error();
  const std::string user = base::json_text_or(setup, "user", "");
  if (user.empty())
    base::log_warning(
        "the executables of updates run as the gateway's own account, which can read its keys and its log: "
        "start it "
        "as root, with run_as, or have them called by the component's API");
  out.about = {{"pid", *pid}, {"user", user.empty() ? base::Json() : base::Json(user)}};
  return out;
}

}  // namespace postern::supervisor
