// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace postern::base {

void check_failed(const char* file, int line, const char* condition) noexcept {
  std::fprintf(stderr, "postern: bug at %s:%d: %s does not hold\n", file, line, condition);
  std::abort();
}

}  // namespace postern::base
