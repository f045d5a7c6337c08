// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// mission-control store: what is done with a store while nobody serves it.
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "gateway/supervisor/process.h"
#include "mission/control/commands.h"
#include "mission/control/config.h"

namespace postern::mission {
namespace {

int move_by_program(cli::Program& program, const std::string& to) {
  const Loaded loaded = load(supervisor::absolute(program.config_path()));
  if (loaded.config == nullptr) return cli::fail_with("the configuration has faults:\n" + loaded.faults);
  cli::Client server(loaded.config->control_socket.path);
  if (server.call(http::Method::Get, "/api/v1/status").ok())
    return cli::fail_with(
        "Mission Control is running, and writes to the store that would be moved: stop every server first");
  const auto roles = supervisor::find_roles();
  if (!roles.ok()) return cli::fail_with(roles.error().message);
  const std::string mover = *roles + "/store-move";
  ::execl(mover.c_str(), "mission-control", program.config_path().c_str(), to.c_str(),
          program.json() ? "json" : "text", static_cast<char*>(nullptr));
  return cli::fail_with(base::fail_errno(mover, errno).message);
}

}  // namespace

void add_store_commands(cli::Program& program) {
  CLI::App* group = program.group("store", "What Mission Control knows, while nobody serves it");
  auto to = std::make_shared<std::string>();
  program
      .command(group, "move",
               "Carry the store over to the empty one of another configuration: from SQLite to PostgreSQL, "
               "or back",
               "store move --to /etc/mission-control/with-postgresql.yaml",
               [&program, to] { return move_by_program(program, *to); })
      ->add_option("--to", *to, "the configuration that will be served from then on")
      ->required()
      ->type_name("FILE");
}

}  // namespace postern::mission
