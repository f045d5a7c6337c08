// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>

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

// All that a role finds in its environment. The C library keeps 7 freed pieces of each small size per thread, and there is no other way to
// tell it that the exchanges of one turn of the loop free ten times as many: what exceeds them is merged with its neighbours and cut
// up again by the next turn. 256 of each of 64 sizes are 8 MiB at most, which nothing comes near.
constexpr std::string_view kAllocator = "GLIBC_TUNABLES=glibc.malloc.tcache_count=256";

}  // namespace

base::Result<pid_t> spawn(const std::string& path, const std::string& name, int passed) {
  FileActions actions;
  Attributes attributes;
  int error = arrange(actions, passed);
  if (error == 0) error = set_up(attributes);
  std::string argument = name;
  char* argv[] = {argument.data(), nullptr};
  std::string allocator(kAllocator);
  char* environment[] = {allocator.data(), nullptr};
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

std::int64_t milliseconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

// False: nothing came before end. Without an end it waits as long as it takes.
bool is_heard_before(int fd, std::optional<std::int64_t> end) {
  while (end) {
    const std::int64_t left = *end - milliseconds_now();
    if (left <= 0) return false;
    pollfd one{fd, POLLIN, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;  // what is wrong there, reading tells
  }
  return true;
}

// Of a copy that has nothing to say any more: a moment later, unless it was taken over.
bool has_ended_before(pid_t pid, std::int64_t end) {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == pid)
      return true;
    if (milliseconds_now() >= end) return false;
    const timespec moment{0, 1'000'000};
    ::nanosleep(&moment, nullptr);
  }
}

// Until the other end is closed. More than most is read, and dropped: the copy is not to be killed by a signal for it.
base::Status hear_all(int fd, std::size_t most, std::optional<std::int64_t> end, std::string& out) {
  std::array<char, 64U << 10U> piece{};
  for (;;) {
    if (!is_heard_before(fd, end))
      return base::fail(base::Code::Limit, "a copy of the process took too long");
    const ssize_t n = ::read(fd, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno("a copy of the process", errno);
    if (n == 0) return base::Ok{};
    out.append(piece.data(), std::min(static_cast<std::size_t>(n), most - out.size()));
  }
}

// 0: it cannot be learned.
std::size_t memory_of_this() {
  const base::UniqueFd file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  std::array<char, 64> text{};
  if (!file.valid() || ::read(file.get(), text.data(), text.size() - 1) <= 0) return 0;
  return std::strtoull(text.data(), nullptr, 10) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

bool limit_to(decltype(RLIMIT_CPU) what, rlim_t most) {
  const rlimit both{most, most};
  return ::setrlimit(what, &both) == 0;
}

// What UndefinedBehaviorSanitizer asks whether memory may be read is a pipe.
#if defined(__SANITIZE_ADDRESS__)
constexpr rlim_t kCopyDescriptors = 64;
#else
constexpr rlim_t kCopyDescriptors = 0;
#endif

// In the copy. The memory is counted from what it was born with, because checkers of memory reserve terabytes.
bool wall_in(int answer) {
  const std::size_t born = memory_of_this();
  const auto fd = static_cast<unsigned>(answer);
  if (fd > 0 && ::close_range(0, fd - 1, 0) != 0) return false;
  return ::close_range(fd + 1, ~0U, 0) == 0 && limit_to(RLIMIT_CPU, kCopySeconds) &&
         limit_to(RLIMIT_FSIZE, 0) && limit_to(RLIMIT_NOFILE, kCopyDescriptors) && limit_to(RLIMIT_CORE, 0) &&
         (born == 0 || limit_to(RLIMIT_AS, born + kCopyMemory));
}

int answer_of_copy(int fd, const std::function<std::string()>& work, std::size_t most, bool walled) {
  if (walled && !wall_in(fd)) return 1;
  return say_all(fd, work().substr(0, most)) ? 0 : 1;
}

base::Result<std::string> ask_a_copy(const std::function<std::string()>& work, std::size_t most,
                                     std::optional<base::Micros> time) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::fail_errno("no pipe", errno);
  const base::UniqueFd reader(ends[0]);
  base::UniqueFd writer(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return base::fail_errno("no copy of the process", errno);
  if (pid == 0) ::_exit(answer_of_copy(writer.get(), work, most, time.has_value()));
  writer.reset();
  std::string said;
  std::optional<std::int64_t> end;
  if (time) end = milliseconds_now() + *time / 1000;
  const base::Status heard = hear_all(reader.get(), most, end, said);
  if (end && (!heard.ok() || !has_ended_before(pid, *end))) ::kill(pid, SIGKILL);
  int status = 0;
  pid_t found = -1;
  do {
    found = ::waitpid(pid, &status, 0);
  } while (found < 0 && errno == EINTR);
  if (!heard.ok()) return heard.error();
  if (found != pid || status != 0) return base::fail(base::Code::Internal, "a copy of the process failed");
  return said;
}

}  // namespace

base::Result<std::string> ask_copy(const std::function<std::string()>& work, std::size_t most) {
  return ask_a_copy(work, most, std::nullopt);
}

base::Result<std::string> ask_walled_copy(const std::function<std::string()>& work, std::size_t most,
                                          base::Micros time) {
  return ask_a_copy(work, most, time);
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
