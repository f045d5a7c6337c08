// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// mission-control alert: what is wrong in the fleet, and who has taken it on.
#include <memory>

#include "gateway/cli/said.h"
#include "mission/control/commands.h"

namespace postern::mission {
namespace {

const std::vector<cli::Column> kAlerts{{"ID", "id"},
                                       {"SEVERITY", "severity"},
                                       {"STATE", "state"},
                                       {"FIRED", "fired", cli::Kind::Time},
                                       {"INSTALLATION", "installation"},
                                       {"RULE", "rule"},
                                       {"SAYS", "what"},
                                       {"BY", "by"}};

struct WhichAlerts {
  std::string installation, before, limit;
  bool all = false;
};

}  // namespace

void add_alert_commands(cli::Program& program) {
  CLI::App* group = program.group("alert", "What is wrong in the fleet");
  auto which = std::make_shared<WhichAlerts>();
  CLI::App* list = program.command(
      group, "list", "List those that are open, the newest first", "alert list\nalert list --all --limit 20",
      [&program, which] {
        return program.ask({http::Method::Get,
                            "/api/v1/alerts" + cli::query_of({{"state", which->all ? "all" : ""},
                                                              {"installation", which->installation},
                                                              {"before", which->before},
                                                              {"limit", which->limit}}),
                            {}},
                           [](const base::Json& answer) {
                             return cli::to_table(cli::items_of(answer), kAlerts,
                                                  "Nothing is wrong that is known.");
                           });
      });
  list->add_flag("--all", which->all, "those that are resolved, too");
  list->add_option("--installation", which->installation, "of this one alone")->type_name("ID");
  list->add_option("--before", which->before, "older than the one with this number")->type_name("NUMBER");
  list->add_option("--limit", which->limit, "so many at most; 100 unless said otherwise")->type_name("N");
  auto id = std::make_shared<std::string>();
  program
      .command(group, "acknowledge", "Say that you have taken one on",
               "alert acknowledge 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
               [&program, id] {
                 return program.ask(
                     {http::Method::Post, "/api/v1/alerts/" + cli::path_segment(*id) + "/acknowledge",
                      base::Json::object()},
                     [](const base::Json&) { return std::string("Acknowledged.\n"); });
               })
      ->add_option("id", *id, "its id, as list shows it")
      ->required()
      ->type_name("ID");
}

}  // namespace postern::mission
