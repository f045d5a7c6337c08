// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Starts the runner (gateway/runner/runner.h): before root is given up, because it becomes an account of its own, and before the outer
// wall, behind which nobody runs a program.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/supervisor/config.h"

namespace postern::supervisor {

struct StartedRunner {
  base::UniqueFd socket;  // for the ledgers; invalid: there is nothing to run
  base::Json about;       // of status: {"pid","user"}; null likewise
};
// Waits until it is ready.
base::Result<StartedRunner> start_runner(const Config& config, const std::string& roles_directory);

}  // namespace postern::supervisor
