// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace postern::base {
namespace {

Code code_of(int saved_errno) {
  switch (saved_errno) {
    case ENOENT:
      return Code::NotFound;
    case EEXIST:
      return Code::Exists;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::Denied;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return Code::Limit;
    case ENOSPC:
    case EDQUOT:
    case EAGAIN:
    case ECONNREFUSED:
    case ENETUNREACH:
    case EHOSTUNREACH:
      return Code::Unavailable;
    case ETIMEDOUT:
      return Code::Timeout;
    case EPIPE:
    case ECONNRESET:
      return Code::Closed;
    default:
      return Code::Internal;
  }
}

}  // namespace

Error fail_errno(std::string what, int saved_errno) {
  what += ": ";
  what += std::strerror(saved_errno);
  return fail(code_of(saved_errno), std::move(what));
}

}  // namespace postern::base
