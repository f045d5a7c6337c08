// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/control/commands.h"

#include <memory>

#include "gateway/cli/said.h"
#include "mission/control/init.h"
#include "mission/control/supervisor.h"

namespace postern::mission {
namespace {

using cli::Column;
using cli::Kind;

const std::vector<Column> kFigures{{"Version", "version"},
                                   {"Domain", "domain"},
                                   {"Witness", "witness"},
                                   {"Its log's key", "log.key"},
                                   {"Acts signed", "log.signed", Kind::Number},
                                   {"LOG NOT SIGNED", "log.problem"},
                                   {"Started", "started", Kind::Time},
                                   {"Connected", "connected", Kind::Number},
                                   {"Store", "store.why"},
                                   {"Up", "installations.up", Kind::Number},
                                   {"Late", "installations.late", Kind::Number},
                                   {"New", "installations.new", Kind::Number},
                                   {"Retired", "installations.retired", Kind::Number},
                                   {"Tunnels wait", "tunnel.waiting", Kind::Number},
                                   {"Relayed now", "tunnel.connected", Kind::Number}};
const std::vector<Column> kRoles{{"ROLE", "name"},
                                 {"STATE", "state"},
                                 {"PID", "pid", Kind::Number},
                                 {"RESTARTS", "restarts", Kind::Number},
                                 {"STARTED", "started", Kind::Time},
                                 {"REASON", "reason"}};
const std::vector<Column> kServers{{"SERVER", "id"},
                                   {"ON", "name"},
                                   {"VERSION", "version"},
                                   {"CONNECTED", "connected", Kind::Number},
                                   {"STARTED", "started", Kind::Time}};
const std::vector<Column> kListeners{{"LISTENER", "name"},
                                     {"ADDRESS", "address"},
                                     {"CERTIFICATE UNTIL", "certificate.not_after", Kind::Time},
                                     {"SUBJECT", "certificate.subject"}};

std::string show_status(const base::Json& answer) {
  return cli::to_lines(answer, kFigures) + "\n" +
         cli::to_table(answer.value("listeners", base::Json::array()), kListeners, "") + "\n" +
         cli::to_table(answer.value("servers", base::Json::array()), kServers, "The store is away.") + "\n" +
         cli::to_table(answer.value("roles", base::Json::array()), kRoles, "");
}

void add_init(cli::Program& program) {
  auto options = std::make_shared<InitOptions>();
  CLI::App* command = program.command(&program.app(), "init", "Make a folder with everything it needs",
                                      "init --dir /etc/mission-control --name mission.example.com\n"
                                      "init --dir mc --name mission.example.com --line-listen 127.0.0.1:8444",
                                      [&program, options] {
                                        options->json = program.json();
                                        return init(*options);
                                      });
  command->add_option("--dir", options->directory, "the folder; nothing in it is overwritten")
      ->required()
      ->type_name("DIR");
  command
      ->add_option("--name", options->domain,
                   "the DNS name under which installations reach it; it stands in their certificates")
      ->required()
      ->type_name("DOMAIN");
  command
      ->add_option("--line-listen", options->listen,
                   "where installations come in; 0.0.0.0:8444 unless said otherwise")
      ->type_name("ADDRESS:PORT");
  command
      ->add_option("--admin-listen", options->admin_listen,
                   "where the vendor's people come in; 127.0.0.1:9444 unless said otherwise")
      ->type_name("ADDRESS:PORT");
  command->add_option("--host", options->names, "another host under which installations and people reach it")
      ->type_name("HOST");
  command
      ->add_option("--line-certificate", options->certificate,
                   "the line's certificate chain, where there is one already")
      ->type_name("FILE");
  command->add_option("--line-key", options->key, "and its private key")->type_name("FILE");
  command
      ->add_option("--user", options->user,
                   "the account that it runs as; postern unless said otherwise, when root makes it")
      ->type_name("USER");
}

}  // namespace

cli::ProgramWords control_words() {
  return {"mission-control",
          "The vendor's end: installations report to it over lines that only they can open.",
          "/etc/mission-control/mission-control.yaml",
          "MISSION_CONTROL_CONFIG",
          "Mission Control",
          "/run/mission-control/control.sock"};
}

void add_control_commands(cli::Program& program) {
  add_init(program);
  program.command(&program.app(), "serve", "Run it, until SIGTERM; SIGHUP reads the configuration again",
                  "serve --config /etc/mission-control/mission-control.yaml",
                  [&program] { return supervise(program.config_path()); });
  program.command(&program.app(), "status", "How it is, and how many installations are", "status",
                  [&program] {
                    return program.ask({http::Method::Get, "/api/v1/status", {}}, show_status);
                  });
}

}  // namespace postern::mission
