// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The wall of system calls, and the one door to libseccomp.
//
// A call that a profile does not list is not carried out: the kernel holds the thread and tells whoever has
// the filter's listener (SECCOMP_RET_USER_NOTIF), which is the supervisor. While a role proves its
// confinement the supervisor answers each with kRefused, and counts them: so it has seen the proof with its
// own eyes. From Ready on it answers none, writes down the name, and kills the role, which cannot have done
// anything meanwhile.
//
// Why not SECCOMP_RET_KILL_PROCESS: it leaves no name, except in the machine's own audit log, which only root
// reads. Why not SECCOMP_RET_TRAP: the one who would tell the name is a signal handler inside the process
// that has just been taken over. Why not RET_ERRNO: whoever tries doors may go on trying. What it costs: a
// supervisor that hangs leaves the thread held instead of killed. One that dies takes its roles with it.
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/proc/profile.h"

namespace postern::proc {

// What a refused call fails with while a role proves its confinement: none of the calls that are tried fails
// with it for another reason.
inline constexpr int kRefused = ECANCELED;

// Puts the filter on every thread of this process, for good. The descriptor is the listener's: whoever holds
// it decides, so it must not stay with the one who is confined. Unavailable: the kernel has no such filter.
base::Result<base::UniqueFd> filter_calls(const Profile& profile);

// The filter as the kernel's program, for the test that compares it with the table, in the words of
// seccomp_export_pfc(3).
base::Status export_filter(const Profile& profile, int fd);

struct RefusedCall {
  std::uint64_t id = 0;
  int thread = 0;
  std::string name;  // "openat"; "system call 9999" where it has none
};

// The next call that waits at the listener; nothing if none does. Never blocks. Closed: everybody under this
// filter has ended.
base::Result<std::optional<RefusedCall>> next_refused(int listener);
void refuse(int listener, const RefusedCall& call);  // with kRefused

}  // namespace postern::proc
