// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Puts a role behind its walls: limits, then Landlock, then the filter of system calls. In this order, because
// Landlock holds for one thread and those it starts: the pool's threads are born behind it, and the filter
// then closes over all of them, and takes away what building walls needs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/proc/profile.h"

namespace postern::proc {

struct Walls {
  std::string kernel;                // its release: "6.1.0-18-amd64"
  int landlock_abi = 0;              // 0: there is none
  bool filtered = false;             // system calls
  std::string profile;               // hash_of the row
  std::vector<std::string> files;    // that the row's paths grant, of the system: "read /etc/x"
  std::vector<std::string> missing;  // a sentence for each wall that this kernel cannot build: what is lost
  base::UniqueFd listener;           // of the filter: to be handed to the supervisor
};

std::string kernel_release();

// The process has one thread. state_directory: of rows with paths; folders that the row names beneath it are
// made if they are missing. start_pool is called between the walls if the row has a pool. A wall that the
// kernel lacks is not a failure; one that cannot be built for another reason is.
base::Result<Walls> confine(const Profile& profile, const std::string& state_directory,
                            const std::function<void()>& start_pool);

}  // namespace postern::proc
