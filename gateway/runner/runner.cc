// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/runner/runner.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include "base/bytes.h"
#include "base/log.h"
#include "gateway/runner/child.h"

namespace postern::runner {
namespace {

using base::Json;

constexpr const char* kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

base::Nanos monotonic_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<base::Nanos>(now.tv_sec) * base::kSecond + now.tv_nsec;
}

}  // namespace

struct Runner::Child {
  std::string id;
  Started started;
  base::Nanos deadline = 0, killed_at = 0;
  bool timed_out = false;
  std::uint64_t bytes = 0;
  std::string tail;
};

std::vector<std::string> environment_of(const ipc::RunnerOrder& order) {
  std::vector<std::string> out{kPath, "LANG=C.UTF-8"};
  const auto put = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out.push_back(std::string(name) + "=" + value);
  };
  put("POSTERN_SERVICE", order.service);
  put("POSTERN_NODE", order.node);
  put("POSTERN_VERSION", order.version);
  put("POSTERN_BEFORE", order.before);
  put("POSTERN_DIRECTION", order.list);
  put("POSTERN_STEP", std::to_string(order.step));
  put("POSTERN_ARTEFACT", order.artefact);
  put("POSTERN_ARTEFACT_SHA256", order.sha256);
  return out;
}

Runner::Runner(base::UniqueFd socket, ipc::RunnerSetup setup)
    : socket_(std::move(socket)), setup_(std::move(setup)) {}

Runner::~Runner() {
  if (child_) kill_group(child_->started.pid, SIGKILL);
}

void Runner::say(const Json& json) {
  const std::string text = base::dump_json(json);
  // The ledger may be away: what it was not told it asks for.
  if (::send(socket_.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN)
    base::log_error("the ledger is gone");
}

void Runner::refuse(const std::string& id, const std::string& why) {
  last_ = {{"do", "run"}, {"id", id}, {"outcome", "refused"}, {"why", why}};
  say(last_);
}

void Runner::serve() {
  for (;;) {
    std::array<pollfd, 3> watched{};
    watched[0] = {socket_.get(), POLLIN, 0};
    nfds_t count = 1;
    if (child_) {
      watched[1] = {child_->started.output.valid() ? child_->started.output.get() : -1, POLLIN, 0};
      watched[2] = {child_->started.ended.get(), POLLIN, 0};
      count = 3;
    }
    const int ready = ::poll(watched.data(), count, wait_for());
    if (ready < 0 && errno != EINTR) return;
    if (ready > 0 && child_ && watched[1].revents != 0) read_output();
    look_at_child();
    if (ready > 0 && watched[0].revents != 0 && !take()) return;
  }
}

int Runner::wait_for() const {
  if (!child_) return -1;
  const base::Nanos due = child_->timed_out ? child_->killed_at : child_->deadline;
  const base::Nanos left = std::max<base::Nanos>(0, due - monotonic_now());
  return static_cast<int>(std::min<base::Nanos>(left / base::kMillisecond + 1, 60'000));
}

// False: nobody is there any more.
bool Runner::take() {
  std::array<char, ipc::kRunnerFrame> text;
  iovec piece{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) return false;
  base::UniqueFd file;
  if (const cmsghdr* head = CMSG_FIRSTHDR(&message);
      head != nullptr && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof(int))) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(head), sizeof fd);
    file = base::UniqueFd(fd);
  }
  if ((message.msg_flags & MSG_TRUNC) != 0) return true;
  const auto order = ipc::parse_runner_order({text.data(), static_cast<std::size_t>(size)});
  if (!order.ok()) {
    base::log_error(order.error().message);
    return true;
  }
  take_order(*order, std::move(file));
  return true;
}

void Runner::take_order(const ipc::RunnerOrder& order, base::UniqueFd file) {
  using Do = ipc::RunnerOrder::Do;
  if (order.what == Do::Log) return log_to(file);
  if (order.what == Do::Check) return check(order);
  const bool running = child_ && child_->id == order.id;
  if (running) return say({{"do", "run"}, {"id", order.id}, {"outcome", "running"}});
  if (base::json_text_or(last_.is_object() ? last_ : Json::object(), "id", "") == order.id) return say(last_);
  if (order.what == Do::Ask) return say({{"do", "run"}, {"id", order.id}, {"outcome", "unknown"}});
  run(order, std::move(file));
}

void Runner::log_to(const base::UniqueFd& file) {
  if (!file.valid()) return;
  ::dup2(file.get(), STDOUT_FILENO);
  ::dup2(file.get(), STDERR_FILENO);
}

void Runner::check(const ipc::RunnerOrder& order) {
  std::string why;
  const auto of = setup_.steps.find(order.service);
  if (of == setup_.steps.end()) why = "the runner was not told of this service: restart the gateway";
  if (why.empty()) {
    for (const auto& [list, steps] : of->second) {
      for (const auto& [number, step] : steps) {
        struct stat about {};
        const std::string& path = step.argv[0];
        const bool there = ::stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode);
        if (!there || ::access(path.c_str(), X_OK) != 0)
          why = "step " + std::to_string(number) + " (" + list + ") cannot be run as this user: " + path +
                ": " + (there ? "it may not be executed" : "there is no such file");
      }
    }
  }
  Json answer{{"do", "check"}, {"id", order.id}, {"ok", why.empty()}};
  if (!why.empty()) answer["why"] = why;
  say(answer);
}

void Runner::run(const ipc::RunnerOrder& order, base::UniqueFd file) {
  if (child_) return refuse(order.id, "another step runs");
  const ipc::RunnerStep* step = setup_.find(order.service, order.list, order.step);
  if (step == nullptr)
    return refuse(
        order.id,
        "the runner was not told of this step: what is run changes with a restart of the gateway only");
  if (!order.sha256.empty()) {
    if (!file.valid()) return refuse(order.id, "the artefact did not come along");
    const auto sum = sha256_of(file);
    if (!sum.ok()) return refuse(order.id, sum.error().message);
    if (*sum != order.sha256)
      return refuse(order.id, "the artefact is not the one that was named: its SHA-256 is " + *sum);
  }
  auto started = start(step->argv, environment_of(order), file);
  if (!started.ok()) return refuse(order.id, started.error().message);
  child_ = std::make_unique<Child>();
  child_->id = order.id;
  child_->started = *std::move(started);
  child_->deadline = monotonic_now() + step->limit * 1000;
}

// As fast as it comes, so that a step never waits for us; of it the last bytes stay.
void Runner::read_output() {
  std::array<char, 64U << 10U> piece;
  for (int i = 0; i < 16 && child_->started.output.valid(); ++i) {
    const ssize_t size = ::read(child_->started.output.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return;
    if (size == 0) return child_->started.output.reset();
    child_->bytes += static_cast<std::uint64_t>(size);
    child_->tail.append(piece.data(), static_cast<std::size_t>(size));
    if (child_->tail.size() > ipc::kRunnerTail) child_->tail.erase(0, child_->tail.size() - ipc::kRunnerTail);
  }
}

void Runner::look_at_child() {
  if (!child_) return;
  const base::Nanos now = monotonic_now();
  const pid_t pid = child_->started.pid;
  siginfo_t ended{};
  if (::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
      ended.si_pid == pid) {
    // What it started and left in its group goes with it; a daemon with a session of its own stays. Before it is reaped: until then
    // nobody else can have its number.
    kill_group(pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    read_output();
    last_ = {{"do", "run"}, {"id", child_->id}, {"bytes", child_->bytes}};
    last_["outcome"] = child_->timed_out ? "timed_out" : WIFSIGNALED(status) ? "signal" : "exit";
    if (WIFSIGNALED(status)) last_["signal"] = WTERMSIG(status);
    if (WIFEXITED(status)) last_["status"] = WEXITSTATUS(status);
    last_["tail"] = base::printable(child_->tail, ipc::kRunnerTail);
    child_.reset();
    return say(last_);
  }
  if (!child_->timed_out && now >= child_->deadline) {
    child_->timed_out = true;
    child_->killed_at = now + kTermGrace;
    kill_group(pid, SIGTERM);
  } else if (child_->timed_out && now >= child_->killed_at) {
    child_->killed_at = now + kTermGrace;
    kill_group(pid, SIGKILL);
  }
}

}  // namespace postern::runner
