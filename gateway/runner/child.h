// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One executable that runs: in a process group of its own, its output read to the end and its last bytes kept.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace postern::runner {

struct Started {
  pid_t pid = -1;
  base::UniqueFd ended;   // a pidfd: readable once it has ended
  base::UniqueFd output;  // of a pipe: standard output and error
};

// input: its standard input; invalid: /dev/null. Nothing of ours is left open in it. Errors name what could not be run.
base::Result<Started> start(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                            const base::UniqueFd& input);

void kill_group(pid_t leader, int signal);

// Of the file behind the descriptor, from its first byte on, hexadecimal; and the descriptor stands at the first byte again.
base::Result<std::string> sha256_of(const base::UniqueFd& file);

}  // namespace postern::runner
