// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/unique_fd.h"

namespace postern::base {
namespace {

Status write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(path, errno);
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return Ok{};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return fail_errno(path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno(path, errno);
  if (!S_ISREG(info.st_mode)) return fail(Code::Invalid, path + ": is not a regular file");
  std::string out;
  for (;;) {
    const std::size_t held = out.size();
    if (held > limit) return fail(Code::Limit, path + ": is larger than " + std::to_string(limit) + " bytes");
    out.resize(held + 64 * 1024);
    const ssize_t n = ::read(fd.get(), out.data() + held, out.size() - held);
    if (n < 0 && errno == EINTR) {
      out.resize(held);
      continue;
    }
    if (n < 0) return fail_errno(path, errno);
    out.resize(held + static_cast<std::size_t>(n));
    if (n == 0) return out;
  }
}

int stat_open_file(int fd, struct stat& info) { return static_cast<int>(::syscall(SYS_fstat, fd, &info)); }

Result<std::string> read_open_file(int fd, const std::string& path, std::size_t limit) {
  std::string out(limit + 1, '\0');
  std::size_t held = 0;
  while (held < out.size()) {
    const ssize_t n = ::pread(fd, out.data() + held, out.size() - held, static_cast<off_t>(held));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(path, errno);
    if (n == 0) break;
    held += static_cast<std::size_t>(n);
  }
  if (held > limit) return fail(Code::Limit, path + ": is larger than " + std::to_string(limit) + " bytes");
  out.resize(held);
  return out;
}

Status write_file(const std::string& path, std::string_view content, mode_t mode) {
  const std::string beside = path + "." + to_hex(random_bytes(6)) + ".new";
  const UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd.valid()) return fail_errno(beside, errno);
  Status written = write_all(fd.get(), content, path);
  if (written.ok() && (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0))
    written = fail_errno(path, errno);
  if (written.ok() && ::rename(beside.c_str(), path.c_str()) != 0) written = fail_errno(path, errno);
  if (!written.ok()) {
    ::unlink(beside.c_str());
    return written;
  }
  const auto slash = path.rfind('/');
  const UniqueFd folder(::open(slash == std::string::npos ? "." : path.substr(0, slash + 1).c_str(),
                               O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid()) ::fsync(folder.get());
  return Ok{};
}

}  // namespace postern::base
