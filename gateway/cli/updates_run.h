// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `postern update run|progress|stop|roll-back`.
#pragma once

#include "gateway/cli/program.h"

namespace postern::cli {

void add_update_run(Program& program, CLI::App* group);
// Shows how the update of that id goes until it has ended: kDone if it is done on all nodes.
int follow_update(Program& program, Client& gateway, const std::string& id);
// What a dry run says.
std::string show_update_plan(const base::Json& answer);
// `postern update list|show|postpone|run-now|cancel|schedule` (updates_announced.cc).
void add_announced_updates(Program& program, CLI::App* group);

}  // namespace postern::cli
