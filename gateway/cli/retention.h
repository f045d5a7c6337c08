// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// postern audit retention: what the log keeps, and what would go next. Reads files; changes nothing.
#pragma once

#include "gateway/cli/program.h"

namespace postern::cli {

void add_retention(Program& program, CLI::App* group);

}  // namespace postern::cli
