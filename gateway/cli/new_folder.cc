// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/new_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.h"

namespace postern::cli {

NewFolder::~NewFolder() {
  for (auto made = made_.rbegin(); made != made_.rend(); ++made) {
    if (made->folder) {
      ::rmdir(made->path.c_str());
    } else {
      ::unlink(made->path.c_str());
    }
  }
}

// By a descriptor, and what is ours alone: under its name there may be something else by now.
base::Status NewFolder::give(const std::string& path) const {
  const base::UniqueFd at(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!at.valid() || ::fstat(at.get(), &info) != 0) return base::fail_errno(path, errno);
  if (info.st_uid != ::geteuid())
    return base::fail(base::Code::Denied, path + ": somebody has put something else in its place");
  if (::fchown(at.get(), owner_->uid, owner_->gid) != 0) return base::fail_errno(path, errno);
  return base::Ok{};
}

base::Status NewFolder::keep() {
  for (auto made = made_.rbegin(); owner_ && made != made_.rend(); ++made) {
    if (!made->folder) continue;
    if (base::Status given = give(made->path); !given.ok()) return given;
  }
  made_.clear();
  return base::Ok{};
}

base::Status NewFolder::make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0) {
    struct stat info {};
    if (errno == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return base::Ok{};
    return base::fail_errno(path, errno);
  }
  made_.push_back({path, true});
  const base::UniqueFd at(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!at.valid() || ::fchmod(at.get(), mode) != 0) return base::fail_errno(path, errno);
  return base::Ok{};
}

// O_EXCL and not a rename: a rename would replace what somebody else put there.
base::Status NewFolder::write(const std::string& path, std::string_view content, mode_t mode) {
  const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd.valid()) return base::fail_errno(path, errno);
  made_.push_back({path, false});
  while (!content.empty()) {
    const ssize_t n = ::write(fd.get(), content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno(path, errno);
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  const bool given = !owner_ || ::fchown(fd.get(), owner_->uid, owner_->gid) == 0;
  if (!given || ::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0) return base::fail_errno(path, errno);
  return base::Ok{};
}

base::Result<std::optional<proc::Account>> choose_owner(const std::string& wanted, std::string& user) {
  if (!proc::is_root()) {
    if (wanted.empty()) return std::optional<proc::Account>();
    return base::fail(base::Code::Denied, "--user is for root: without it the gateway runs as you");
  }
  user = wanted.empty() ? "postern" : wanted;
  base::Result<proc::Account> account = proc::find_account(user);
  if (!account.ok()) {
    return base::fail(base::Code::NotFound,
                      account.error().message +
                          ": make it with useradd --system --no-create-home --shell /usr/sbin/nologin " +
                          user);
  }
  return std::optional<proc::Account>(*account);
}

}  // namespace postern::cli
