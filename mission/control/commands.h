// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `mission-control`: its commands, on the command line that `postern` has. Exit codes likewise.
#pragma once

#include "gateway/cli/program.h"

namespace postern::mission {

cli::ProgramWords control_words();
void add_control_commands(cli::Program& program);  // init, serve, status
void add_fleet_commands(cli::Program& program);    // enrolment, installation, events, usage
void add_people_commands(cli::Program& program);   // person, acts
void add_ask_commands(cli::Program& program);      // request, proposal
void add_update_commands(cli::Program& program);   // update_commands.cc
void add_ring_command(cli::Program& program, CLI::App* installations);  // likewise
void add_usage_command(cli::Program& program);
void add_alert_commands(cli::Program& program);  // alert
void add_store_commands(cli::Program& program);  // store
void add_audit_commands(cli::Program& program);  // audit

}  // namespace postern::mission
