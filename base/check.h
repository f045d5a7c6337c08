// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// POSTERN_CHECK: a bug in Postern stops the process, in every build. Nothing that a peer, a file or a person
// sends may reach one; whoever finds an input that does has found a defect.
#pragma once

namespace postern::base {

// Prints file, line and the condition on standard error and aborts. Never returns.
[[noreturn]] void check_failed(const char* file, int line, const char* condition) noexcept;

}  // namespace postern::base

#define POSTERN_CHECK(condition)                                     \
  do {                                                               \
    if (!(condition)) [[unlikely]]                                   \
      ::postern::base::check_failed(__FILE__, __LINE__, #condition); \
  } while (false)
