// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `postern update run|progress|stop|roll-back`.
#pragma once

#include "gateway/cli/program.h"

namespace postern::cli {

void add_update_run(Program& program, CLI::App* group);

}  // namespace postern::cli
