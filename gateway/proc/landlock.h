// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The wall of files, of TCP and of other processes: Landlock, as far as the kernel's goes. Each version (ABI)
// of it can refuse more; what a kernel knows is taken, and said. ABI 1 (Linux 5.13): files. 2 (5.19): moving
// them between folders. 3 (6.2): cutting them. 4 (6.7): binding and connecting TCP. 5 (6.10): ioctl on
// devices. 6 (6.12): abstract Unix sockets, and signals to processes outside. 7 (6.15): only logging.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "gateway/proc/profile.h"

namespace postern::proc {

int landlock_abi();  // 0: the kernel has none, or it is switched off

// A folder with all beneath it, or a file.
struct Grant {
  std::string path;
  Access access = Access::Read;
};

// For the calling thread and those it starts, for good; needs no_new_privs. Whatever is not granted is
// refused. Descriptors that are open stay as they are. NotFound, Denied: a path cannot be granted.
base::Status wall_off(std::span<const Grant> grants, int abi);

// For one that must go on reading files and connecting: only what changes files, runs programs, binds TCP, or
// reaches abstract sockets and processes outside is refused unless granted.
base::Status wall_off_changes(std::span<const Grant> grants, int abi);

}  // namespace postern::proc
