// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/serve.h"

#include "gateway/supervisor/supervisor.h"

namespace postern::cli {

int serve(const std::string& config_path) { return supervisor::supervise(config_path); }

}  // namespace postern::cli
