// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/outer_wall.h"

#include <fcntl.h>
#include <link.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "base/crypto.h"
#include "gateway/proc/landlock.h"

namespace postern::proc {
namespace {

// The path of our own loader, which is also the roles': the kernel runs it for them. Empty where there is none.
int find_loader(dl_phdr_info* program, std::size_t /*size*/, void* out) {
  for (int i = 0; i < program->dlpi_phnum; ++i) {
    if (program->dlpi_phdr[i].p_type != PT_INTERP) continue;
    *static_cast<std::string*>(out) =
        reinterpret_cast<const char*>(program->dlpi_addr + program->dlpi_phdr[i].p_vaddr);  // NOLINT
  }
  return 1;  // the first is the program itself
}

std::vector<Grant> grants_of(const Grounds& grounds) {
  std::vector<Grant> grants{{grounds.roles_directory, Access::Run},
                            {grounds.state_directory, Access::Change},
                            {grounds.control_directory, Access::Remove}};
  for (const std::string& keys : grounds.keys_directories) grants.push_back({keys, Access::Change});
  for (const std::string& path : grounds.token_paths) grants.push_back({path, Access::Share});
  std::string loader;
  ::dl_iterate_phdr(find_loader, &loader);
  if (!loader.empty()) grants.push_back({std::move(loader), Access::Run});
  return grants;
}

std::string hash_of_wall(const std::vector<Grant>& grants) {
  std::string text = "outer wall\n";
  for (const Grant& grant : grants) text += std::string(to_text(grant.access)) + " " + grant.path + "\n";
  return base::sha256_hex(text);
}

// As for the roles: an older Landlock is taken as far as it goes.
std::vector<std::string> lacks(const std::string& kernel, int abi) {
  if (abi > 0) return {};
  return {"the kernel (" + kernel +
          ") has no Landlock, so the supervisor can run every program and change every file that its account "
          "can; it needs "
          "Linux 5.13 or later with landlock in its lsm= list"};
}

int outcome_of_program() {
  const pid_t pid = ::vfork();
  if (pid < 0) return errno;
  if (pid == 0) {
    char name[] = "sh";
    char* argv[] = {name, nullptr};
    char* environment[] = {nullptr};
    ::execve("/bin/sh", argv, environment);
    ::_exit(errno);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

// /dev/null, because it may be written by everybody where there is no wall.
int outcome_of_writing() {
  const base::UniqueFd fd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  return fd.valid() ? 0 : errno;
}

int outcome_of_making() {
  const char* path = "/tmp/.postern-outer-wall";
  const base::UniqueFd fd(::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return errno;
  ::unlink(path);
  return 0;
}

int outcome_of_binding() {
  const base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno;
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0 ? 0 : errno;
}

struct WallAttempt {
  const char* what;
  int (*attempt)();
  int abi;  // of the Landlock that refuses it
};
constexpr std::array kWallAttempts = std::to_array<WallAttempt>({
    {"run a shell", outcome_of_program, 1},
    {"write to a device", outcome_of_writing, 1},
    {"make a file", outcome_of_making, 1},
    {"bind a TCP port", outcome_of_binding, 4},
});

}  // namespace

base::Result<Walls> build_outer_wall(const Grounds& grounds) {
  Walls walls;
  walls.kernel = kernel_release();
  walls.landlock_abi = landlock_abi();
  walls.missing = lacks(walls.kernel, walls.landlock_abi);
  const std::vector<Grant> grants = grants_of(grounds);
  walls.profile = hash_of_wall(grants);
  if (walls.landlock_abi == 0) return walls;
  if (base::Status built = wall_off_changes(grants, walls.landlock_abi); !built.ok())
    return std::move(built).error();
  return walls;
}

Proof prove_outer_wall() {
  Proof proof;
  const int abi = landlock_abi();
  for (const WallAttempt& one : kWallAttempts) {
    if (one.abi <= abi) proof.count(one.what, one.attempt());
  }
  return proof;
}

}  // namespace postern::proc
