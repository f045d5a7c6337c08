// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/confine.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "gateway/proc/landlock.h"
#include "gateway/proc/seccomp.h"
#include "gateway/proc/slice.h"

namespace postern::proc {
namespace {

constexpr mode_t kFolderMode = 0750;  // as the ledger makes its folders

base::Status limit(decltype(RLIMIT_CORE) what, rlim_t most, const char* name) {
  rlimit now{};
  if (::getrlimit(what, &now) != 0) return base::fail_errno(name, errno);
  const rlim_t value = std::min(most, now.rlim_max);
  const rlimit wanted{value, value};
  if (::setrlimit(what, &wanted) != 0) return base::fail_errno(name, errno);
  return base::Ok{};
}

// Standard error may be a file: then what we say there must still fit.
bool speaks_to_a_file() {
  struct stat info {};
  return ::fstat(STDERR_FILENO, &info) == 0 && S_ISREG(info.st_mode);
}

base::Status limit_resources(const Profile& profile) {
  base::Status done = base::Ok{};
  if (profile.descriptors > 0) done = limit(RLIMIT_NOFILE, profile.descriptors, "the limit of descriptors");
  if (done.ok() && !profile.keeps_files && !speaks_to_a_file())
    done = limit(RLIMIT_FSIZE, 0, "the limit of files' sizes");
  if (done.ok()) done = limit(RLIMIT_MSGQUEUE, 0, "the limit of message queues");
  return done;
}

base::Result<std::vector<Grant>> grants_of(const Profile& profile, const std::string& state_directory) {
  std::vector<Grant> grants;
  for (const Path& path : profile.paths) {
    if (!path.system.empty()) {
      if (::access(std::string(path.system).c_str(), R_OK) != 0) continue;  // nothing to grant here
      grants.push_back({std::string(path.system), path.access});
      continue;
    }
    if (state_directory.empty()) continue;  // it was told of none, so it gets none
    std::string folder = state_directory;
    if (!path.below.empty()) folder += "/" + std::string(path.below);
    // Landlock grants what is there, so it has to be; another role may be making it at this moment.
    if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) return base::fail_errno(folder, errno);
    grants.push_back({std::move(folder), path.access});
  }
  return grants;
}

#if !defined(__SANITIZE_THREAD__)  // its run time has a thread of its own
base::Status be_alone() {
  const std::unique_ptr<DIR, int (*)(DIR*)> tasks(::opendir("/proc/self/task"), ::closedir);
  if (tasks == nullptr) return base::Ok{};  // no /proc: nobody can tell
  int threads = 0;
  while (const dirent* entry = ::readdir(tasks.get())) threads += entry->d_name[0] == '.' ? 0 : 1;
  if (threads == 1) return base::Ok{};
  return base::fail(base::Code::Internal, "a thread was started before the walls: it would stand outside");
}
#else
base::Status be_alone() { return base::Ok{}; }
#endif

std::string without_landlock(const Profile& profile, const std::string& kernel) {
  const char* lost = profile.paths.empty()
                         ? "nothing stands behind the system call filter"
                         : "this role can reach every file that its account can, not only the log";
  return "the kernel (" + kernel + ") has no Landlock, so " + lost +
         "; it needs Linux 5.13 or later with landlock in its lsm= list";
}

}  // namespace

std::string kernel_release() {
  utsname names{};
  return ::uname(&names) == 0 ? names.release : "unknown";
}

base::Result<Walls> confine(const Profile& profile, const std::string& state_directory,
                            const std::function<void()>& start_pool) {
  Walls walls;
  walls.kernel = kernel_release();
  walls.landlock_abi = landlock_abi();
  walls.profile = hash_of(profile);
  for (const Path& path : profile.paths) {
    if (!path.system.empty())
      walls.files.push_back(std::string(to_text(path.access)) + " " + std::string(path.system));
  }
  if (base::Status alone = be_alone(); !alone.ok()) return std::move(alone).error();
  if (base::Status limited = limit_resources(profile); !limited.ok()) return std::move(limited).error();
  base::Result<std::vector<Grant>> grants = grants_of(profile, state_directory);
  if (!grants.ok()) return std::move(grants).error();
  if (walls.landlock_abi == 0) {
    walls.missing.push_back(without_landlock(profile, walls.kernel));
  } else if (base::Status walled = wall_off(*grants, walls.landlock_abi); !walled.ok()) {
    return std::move(walled).error();
  }
  if (profile.has_pool) start_pool();
  if (profile.runs_soon) ask_for_slice(kShortSlice);  // where there is none, all is as ever
  if (base::Status alone = limit(RLIMIT_NPROC, 0, "the limit of processes"); !alone.ok())
    return std::move(alone).error();
  base::Result<base::UniqueFd> listener = filter_calls(profile);
  walls.filtered = listener.ok();
  if (listener.ok()) {
    walls.listener = std::move(*listener);
  } else {
    walls.missing.push_back(
        "the kernel (" + walls.kernel + ") takes no system call filter with a listener (" +
        listener.error().message +
        "), so this role can call all of the kernel; it needs Linux 5.7 or later with seccomp, and no other "
        "program may watch it with a listener of its own");
  }
  return walls;
}

}  // namespace postern::proc
