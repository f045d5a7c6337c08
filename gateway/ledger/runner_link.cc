// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/runner_link.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "base/log.h"
#include "gateway/ipc/runner_protocol.h"

namespace postern::ledger {
namespace {

constexpr const char* kRunnerGone =
    "the runner, which runs the executables of updates, is not there: restart the gateway";

base::Result<base::UniqueFd> open_artefact(const std::string& path) {
  base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) return base::fail_errno("the artefact " + path, errno);
  struct stat about {};
  if (::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode))
    return base::fail(base::Code::Invalid, "the artefact " + path + " is not a file");
  return file;
}

}  // namespace

void RunnerLink::attach(base::UniqueFd socket) {
  if (!socket.valid()) return;
  socket_ = std::move(socket);
  poller_ = std::make_unique<loop::Poller>(loop_, socket_.get(), [this](unsigned) { receive(); });
  poller_->want(loop::kReadable);
}

std::string RunnerLink::send(const base::Json& order, const std::string& artefact) {
  if (!there()) return kRunnerGone;
  base::UniqueFd file;
  if (!artefact.empty()) {
    auto opened = open_artefact(artefact);
    if (!opened.ok()) return opened.error().message;
    file = *std::move(opened);
  }
  const base::Status sent = ipc::send_to_runner(socket_.get(), order, file.valid() ? file.get() : -1);
  if (sent.ok()) return {};
  const base::Code code = sent.error().code;
  return code == base::Code::Limit || code == base::Code::Unavailable ? sent.error().message : kRunnerGone;
}

void RunnerLink::receive() {
  std::array<char, ipc::kRunnerFrame> message;
  const ssize_t size = ::recv(socket_.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_TRUNC);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    base::log_error(
        "the runner has ended: no executable of an update can be run until the gateway is restarted");
    poller_->want(0);
    poller_.reset();
    return calls_.gone();
  }
  if (static_cast<std::size_t>(size) > message.size()) return;
  const auto answer = base::parse_json({message.data(), static_cast<std::size_t>(size)}, ipc::kRunnerDepth);
  if (!answer.ok() || !answer->is_object())
    return base::log_error("the runner said what cannot be read: it is passed over");
  calls_.answered(*answer);
}

}  // namespace postern::ledger
