// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/unique_fd.h"

#include <unistd.h>

namespace postern::base {

void UniqueFd::reset(int fd) {
  // close() is not repeated on EINTR: on Linux the descriptor is gone either way.
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

}  // namespace postern::base
