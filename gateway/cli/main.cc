// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The command line and the supervisor.
#include "base/crypto.h"
#include "gateway/cli/commands.h"

int main(int argc, char** argv) {
  using namespace postern;
  const base::Status crypto = base::init_crypto();
  if (!crypto.ok()) return cli::fail_with(crypto.error().message);
  cli::Program program;
  cli::add_all_commands(program);
  return program.run(argc, argv);
}
