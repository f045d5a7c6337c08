// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Mission Control: the command line and the supervisor.
#include "base/crypto.h"
#include "gateway/cli/commands.h"
#include "mission/control/commands.h"

int main(int argc, char** argv) {
  using namespace postern;
  const base::Status crypto = base::init_crypto();
  if (!crypto.ok()) return cli::fail_with(crypto.error().message);
  cli::Program program(mission::control_words());
  mission::add_control_commands(program);
  mission::add_fleet_commands(program);
  mission::add_alert_commands(program);
  mission::add_people_commands(program);
  mission::add_audit_commands(program);
  mission::add_store_commands(program);
  cli::add_generate_commands(program);
  return program.run(argc, argv);
}
