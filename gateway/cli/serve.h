// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `postern serve`: checks the configuration whole, then becomes the supervisor.
#pragma once

#include <string>

#include "gateway/supervisor/supervisor.h"

namespace postern::cli {

// 0 after a clean stop, 1 if the configuration has faults (all of them on standard error, a line each) or
// nothing can be bound.
int serve(const std::string& config_path, supervisor::Begin begin = supervisor::Begin::Anew);

}  // namespace postern::cli
