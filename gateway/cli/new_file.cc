// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.h"

namespace postern::cli {

base::Status write_new_file(const std::string& path, std::string_view text, mode_t mode) {
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file.valid() && errno == EEXIST)
    return base::fail(base::Code::Exists,
                      path + " is there already, and is not overwritten: choose another name");
  if (!file.valid()) return base::fail_errno(path, errno);
  const bool written = ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (written && ::fsync(file.get()) == 0) return base::Ok{};
  const int error = errno;
  ::unlink(path.c_str());
  return base::fail_errno(path, error);
}

}  // namespace postern::cli
