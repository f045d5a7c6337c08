// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `postern update verify`: whether a file is what the vendor signed, judged by whoever installs it and without asking the gateway.
#pragma once

#include "gateway/cli/program.h"

namespace postern::cli {

void add_update_verify(Program& program, CLI::App* group);

}  // namespace postern::cli
