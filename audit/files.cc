// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/unique_fd.h"

namespace postern::audit {
namespace {

using base::Code;
using base::fail_errno;
using base::Ok;
using base::Result;
using base::Status;
using base::UniqueFd;

constexpr mode_t kFileMode = 0640;  // the console reads as another user of our group
constexpr mode_t kPrivateMode = 0600;
constexpr mode_t kDirectoryMode = 0750;

class DiskFile final : public File {
 public:
  DiskFile(UniqueFd fd, std::string path, bool directory)
      : fd_(std::move(fd)), path_(std::move(path)), directory_(directory) {}

  Result<std::size_t> write_at(std::uint64_t offset, std::string_view bytes) override {
    ssize_t n = 0;
    do n = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    while (n < 0 && errno == EINTR);
    if (n < 0) return fail_errno(path_, errno);
    return static_cast<std::size_t>(n);
  }

  Result<std::size_t> read_at(std::uint64_t offset, char* out, std::size_t size) override {
    ssize_t n = 0;
    do n = ::pread(fd_.get(), out, size, static_cast<off_t>(offset));
    while (n < 0 && errno == EINTR);
    if (n < 0) return fail_errno(path_, errno);
    return static_cast<std::size_t>(n);
  }

  Result<std::uint64_t> size() override {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0) return fail_errno(path_, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

  Status sync() override {
    if ((directory_ ? ::fsync(fd_.get()) : ::fdatasync(fd_.get())) != 0) return fail_errno(path_, errno);
    return Ok{};
  }

 private:
  UniqueFd fd_;
  std::string path_;
  bool directory_;
};

Result<std::shared_ptr<File>> open_file(const std::string& path, int flags, mode_t mode) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, mode));
  if (!fd.valid()) return fail_errno(path, errno);
  return std::shared_ptr<File>(std::make_shared<DiskFile>(std::move(fd), path, false));
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

class Disk final : public FileSystem {
 public:
  Result<std::shared_ptr<File>> create(const std::string& path) override {
    return open_file(path, O_RDWR | O_CREAT | O_EXCL, kFileMode);
  }

  Result<std::shared_ptr<File>> create_private(const std::string& path) override {
    return open_file(path, O_RDWR | O_CREAT | O_EXCL, kPrivateMode);
  }

  Result<std::shared_ptr<File>> open(const std::string& path, bool writable) override {
    return open_file(path, writable ? O_RDWR : O_RDONLY, 0);
  }

  Result<std::shared_ptr<File>> open_directory(const std::string& path, bool exclusive) override {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(path, errno);
    if (exclusive && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return base::fail(Code::Exists, path + ": is in use by another ledger");
      return fail_errno(path, errno);
    }
    return std::shared_ptr<File>(std::make_shared<DiskFile>(std::move(fd), path, true));
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    const std::unique_ptr<DIR, CloseDirectory> handle(::opendir(directory.c_str()));
    if (handle == nullptr) return fail_errno(directory, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(handle.get())) names.emplace_back(entry->d_name);
    if (errno != 0) return fail_errno(directory, errno);
    std::sort(names.begin(), names.end());
    return names;
  }

  Status make_directory(const std::string& path) override {
    if (::mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST) return fail_errno(path, errno);
    return Ok{};
  }

  Status remove(const std::string& path) override {
    if (::remove(path.c_str()) != 0) return fail_errno(path, errno);
    return Ok{};
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno(to, errno);
    return Ok{};
  }

  Status sync_all(const std::string& directory) override {
    const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid() || ::syncfs(fd.get()) != 0) return fail_errno(directory, errno);
    return Ok{};
  }

  Result<std::uint64_t> free_bytes(const std::string& directory) override {
    struct statvfs space {};
    if (::statvfs(directory.c_str(), &space) != 0) return fail_errno(directory, errno);
    return static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
  }
};

}  // namespace

Status sync_directory(FileSystem& files, const std::string& path) {
  const auto directory = files.open_directory(path, false);
  return directory.ok() ? (*directory)->sync() : Status(directory.error());
}

FileSystem& system_files() {
  static Disk disk;  // without state
  return disk;
}

}  // namespace postern::audit
