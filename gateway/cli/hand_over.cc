// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/hand_over.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/cli/program.h"

namespace postern::cli {
namespace {

// In a session of its own: the end of our terminal is not its end. Only async-signal-safe calls between fork and exec.
[[noreturn]] void become_gateway(const std::array<char*, 7>& argv, int nothing, int said) {
  ::setsid();
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(said, STDOUT_FILENO);
  ::dup2(said, STDERR_FILENO);
  ::execv("/proc/self/exe", argv.data());
  ::_exit(127);
}

// Until it closes its end: it serves, or it has ended.
void pass_on(int from) {
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t n = ::read(from, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || ::write(STDERR_FILENO, piece.data(), static_cast<std::size_t>(n)) < 0) return;
  }
}

// It closes its end a moment before it has ended, or goes on for long.
constexpr int kEndLooks = 200;
constexpr int kEndNap = 5'000;  // microseconds

int outcome_of(pid_t pid) {
  int status = 0;
  for (int i = 0; i < kEndLooks; ++i) {
    if (::waitpid(pid, &status, WNOHANG) == pid) {
      if (WIFEXITED(status)) return WEXITSTATUS(status) == 0 ? kDone : kFailed;
      return fail_with("it was killed before it served: the gateway that ran goes on");
    }
    ::usleep(kEndNap);
  }
  return kDone;
}

}  // namespace

int hand_over(const std::string& config_path, bool if_new) {
  std::string own = "postern", config = "--config", path = config_path, serve = "serve", take = "--take-over",
              only = "--if-new";
  const std::array<char*, 7> argv{own.data(),   config.data(), path.data(),
                                  serve.data(), take.data(),   if_new ? only.data() : nullptr,
                                  nullptr};
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_with(base::fail_errno("pipe", errno).message);
  const base::UniqueFd heard(ends[0]);
  base::UniqueFd said(ends[1]);
  const base::UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const pid_t pid = ::fork();
  if (pid < 0) return fail_with(base::fail_errno("fork", errno).message);
  if (pid == 0) become_gateway(argv, nothing.get(), said.get());
  said.reset();
  pass_on(heard.get());
  return outcome_of(pid);
}

}  // namespace postern::cli
