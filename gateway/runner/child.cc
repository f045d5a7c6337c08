// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/runner/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/bytes.h"
#include "base/crypto.h"

namespace postern::runner {
namespace {

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

void forget_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < NSIG; ++number) {
    if (number != SIGKILL && number != SIGSTOP)
      ::signal(number, SIG_DFL);  // NOLINT: in the copy, before exec
  }
}

// In the copy. Returns only if it failed: the errno.
int become(char* const* argv, char* const* environment, int input, int output) {
  if (::setpgid(0, 0) != 0 || ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
  forget_signals();
  ::umask(022);
  if (::chdir("/") != 0) return errno;
  const int nothing = input >= 0 ? input : ::open("/dev/null", O_RDONLY);
  if (nothing < 0 || ::dup2(nothing, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0 ||
      ::dup2(output, STDERR_FILENO) < 0)
    return errno;
  // Close-on-exec, not closed: the pipe that tells of a failure is among them.
  if (::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return errno;
  ::execve(argv[0], argv, environment);
  return errno;
}

base::Result<std::pair<base::UniqueFd, base::UniqueFd>> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::fail_errno("no pipe", errno);
  return std::pair{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

}  // namespace

base::Result<Started> start(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                            const base::UniqueFd& input) {
  auto output = make_pipe();
  auto trouble = make_pipe();
  if (!output.ok()) return std::move(output).error();
  if (!trouble.ok()) return std::move(trouble).error();
  std::vector<std::string> arguments = argv, variables = environment;
  const std::vector<char*> argument_pointers = pointers_to(arguments);
  const std::vector<char*> variable_pointers = pointers_to(variables);
  const pid_t pid = ::fork();
  if (pid < 0) return base::fail_errno("no process", errno);
  if (pid == 0) {
    const int why = become(argument_pointers.data(), variable_pointers.data(),
                           input.valid() ? input.get() : -1, output->second.get());
    (void)!::write(trouble->second.get(), &why, sizeof why);
    ::_exit(127);
  }
  ::setpgid(pid, pid);  // whoever of the two comes first
  output->second.reset();
  trouble->second.reset();
  int why = 0;
  ssize_t size = 0;
  do {
    size = ::read(trouble->first.get(), &why, sizeof why);
  } while (size < 0 && errno == EINTR);
  if (size == static_cast<ssize_t>(sizeof why)) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return base::fail_errno("cannot run " + argv[0], why);
  }
  Started out;
  out.pid = pid;
  out.ended = base::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  out.output = std::move(output->first);
  const int flags = ::fcntl(out.output.get(), F_GETFL);
  ::fcntl(out.output.get(), F_SETFL, flags | O_NONBLOCK);
  if (out.ended.valid()) return out;
  kill_group(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return base::fail_errno("a program that nobody could watch", errno);
}

void kill_group(pid_t leader, int signal) {
  if (leader > 1) ::kill(-leader, signal);
}

base::Result<std::string> sha256_of(const base::UniqueFd& file) {
  base::Sha256Stream hash;
  std::array<char, 64U << 10U> piece;
  off_t at = 0;
  for (;;) {
    const ssize_t size = ::pread(file.get(), piece.data(), piece.size(), at);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return base::fail_errno("the artefact", errno);
    if (size == 0) break;
    hash.update({piece.data(), static_cast<std::size_t>(size)});
    at += size;
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return base::fail_errno("the artefact", errno);
  return base::to_hex(base::view(hash.finish()));
}

}  // namespace postern::runner
