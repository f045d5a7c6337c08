// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `postern update sources`.
#pragma once

#include "gateway/cli/program.h"

namespace postern::cli {

void add_update_sources(Program& program, CLI::App* group);

}  // namespace postern::cli
