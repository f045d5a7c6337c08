// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/spawn.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace postern::proc {
namespace {

struct FileActions {
  posix_spawn_file_actions_t value;
  FileActions() { ::posix_spawn_file_actions_init(&value); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&value); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
};

struct Attributes {
  posix_spawnattr_t value;
  Attributes() { ::posix_spawnattr_init(&value); }
  ~Attributes() { ::posix_spawnattr_destroy(&value); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
};

// The order matters: the passed descriptor is put in place before everything above it is closed.
int arrange(FileActions& actions, int passed) {
  int error = ::posix_spawn_file_actions_addopen(&actions.value, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (error == 0) error = ::posix_spawn_file_actions_adddup2(&actions.value, STDERR_FILENO, STDOUT_FILENO);
  if (error == 0) error = ::posix_spawn_file_actions_adddup2(&actions.value, passed, kPassedFd);
  if (error == 0) error = ::posix_spawn_file_actions_addclosefrom_np(&actions.value, kPassedFd + 1);
  return error;
}

int set_up(Attributes& attributes) {
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  int error = ::posix_spawnattr_setsigmask(&attributes.value, &none);
  if (error == 0) error = ::posix_spawnattr_setsigdefault(&attributes.value, &all);
  if (error == 0) error = ::posix_spawnattr_setpgroup(&attributes.value, 0);
  if (error == 0) {
    error = ::posix_spawnattr_setflags(
        &attributes.value, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  return error;
}

}  // namespace

base::Result<pid_t> spawn(const std::string& path, const std::string& name, int passed) {
  FileActions actions;
  Attributes attributes;
  int error = arrange(actions, passed);
  if (error == 0) error = set_up(attributes);
  std::string argument = name;
  char* argv[] = {argument.data(), nullptr};
  char* environment[] = {nullptr};
  pid_t pid = -1;
  if (error == 0)
    error = ::posix_spawn(&pid, path.c_str(), &actions.value, &attributes.value, argv, environment);
  if (error != 0) return base::fail_errno("cannot start " + path, error);
  return pid;
}

std::string Ending::text() const {
  if (signal == 0) return "status " + std::to_string(status);
  const char* name = ::sigdescr_np(signal);
  return "signal " + std::to_string(signal) + (name == nullptr ? "" : std::string(" (") + name + ")");
}

namespace {

bool say_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// Until the other end is closed. More than most is read, and dropped: the copy is not to be killed by a signal for it.
base::Status hear_all(int fd, std::size_t most, std::string& out) {
  std::array<char, 64U << 10U> piece{};
  for (;;) {
    const ssize_t n = ::read(fd, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno("a copy of the process", errno);
    if (n == 0) return base::Ok{};
    out.append(piece.data(), std::min(static_cast<std::size_t>(n), most - out.size()));
  }
}

}  // namespace

base::Result<std::string> ask_copy(const std::function<std::string()>& work, std::size_t most) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::fail_errno("no pipe", errno);
  const base::UniqueFd reader(ends[0]);
  base::UniqueFd writer(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return base::fail_errno("no copy of the process", errno);
  if (pid == 0) ::_exit(say_all(writer.get(), work().substr(0, most)) ? 0 : 1);
  writer.reset();
  std::string said;
  const base::Status heard = hear_all(reader.get(), most, said);
  int status = 0;
  pid_t found = -1;
  do {
    found = ::waitpid(pid, &status, 0);
  } while (found < 0 && errno == EINTR);
  if (found != pid || status != 0) return base::fail(base::Code::Internal, "a copy of the process failed");
  if (!heard.ok()) return heard.error();
  return said;
}

std::optional<Ending> reap(pid_t pid) {
  int status = 0;
  pid_t found = -1;
  do {
    found = ::waitpid(pid, &status, WNOHANG);
  } while (found < 0 && errno == EINTR);
  if (found != pid) return std::nullopt;
  if (WIFSIGNALED(status)) return Ending{0, WTERMSIG(status)};
  return Ending{WEXITSTATUS(status), 0};
}

}  // namespace postern::proc
