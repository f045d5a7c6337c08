// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// mission-control request: access that is asked of customers, and where it stands with them.
#include <memory>

#include "gateway/cli/said.h"
#include "mission/control/commands.h"

namespace postern::mission {
namespace {

using base::Json;
using cli::Column;
using cli::Kind;

const std::vector<Column> kRequests{
    {"ID", "id"},       {"INSTALLATION", "installation"}, {"ENGINEER", "engineer"}, {"BY", "by"},
    {"STATE", "state"}, {"UNTIL", "until", Kind::Time},   {"NOTE", "note"}};
const std::vector<Column> kAsk{{"Id", "id"},
                               {"Installation", "installation"},
                               {"State", "state"},
                               {"Note", "note"},
                               {"Until", "until", Kind::Time},
                               {"Told", "told", Kind::Time},
                               {"Asked by", "by"},
                               {"Created", "created", Kind::Time},
                               {"Reason", "reason"},
                               {"Ticket", "ticket"},
                               {"Engineer", "engineer"},
                               {"Role", "role"},
                               {"Capabilities", "capabilities"},
                               {"Start", "start"},
                               {"Duration", "duration"}};

std::string show_ask(const Json& answer) { return cli::to_lines(answer, kAsk); }

void add_others(cli::Program& program, CLI::App* group) {
  auto of = std::make_shared<std::string>();
  program
      .command(group, "list", "List them, the newest first", "request list",
               [&program, of] {
                 return program.ask(
                     {http::Method::Get, "/api/v1/requests" + cli::query_of({{"installation", *of}}), {}},
                     [](const Json& answer) {
                       return cli::to_table(cli::items_of(answer), kRequests, "Nothing was asked.");
                     });
               })
      ->add_option("--installation", *of, "of this one alone")
      ->type_name("ID");
  auto shown = std::make_shared<std::string>();
  program
      .command(group, "show", "Show one, and where it stands", "request show 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
               [&program, shown] {
                 return program.ask({http::Method::Get, "/api/v1/requests/" + cli::path_segment(*shown), {}},
                                    show_ask);
               })
      ->add_option("id", *shown, "its id, as list shows it")
      ->required()
      ->type_name("ID");
  auto taken = std::make_shared<std::string>();
  program
      .command(group, "withdraw", "Take one back that is not over",
               "request withdraw 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
               [&program, taken] {
                 return program.ask(
                     {http::Method::Delete, "/api/v1/requests/" + cli::path_segment(*taken), Json::object()},
                     [](const Json&) { return std::string("Withdrawn. Where it stands, show says.\n"); });
               })
      ->add_option("id", *taken, "its id, as list shows it")
      ->required()
      ->type_name("ID");
}

void add_requests(cli::Program& program) {
  CLI::App* group = program.group("request", "Access that is asked of customers for an engineer");
  struct Wish {
    std::string installation, engineer, role, reason, ticket, start, duration;
    std::vector<std::string> capabilities;
  };
  auto wish = std::make_shared<Wish>();
  CLI::App* made = program.command(
      group, "new", "Ask a customer for access; their administrators decide",
      "request new 01JD7Z3V5T4Q2N8M6K0H1F9C3B --engineer alice --role viewer --reason \"disk alert\" "
      "--ticket SUP-7 "
      "--duration 4h",
      [&program, wish] {
        Json body{{"engineer", wish->engineer}, {"reason", wish->reason}};
        if (!wish->role.empty()) body["role"] = wish->role;
        if (!wish->capabilities.empty()) body["capabilities"] = wish->capabilities;
        if (!wish->ticket.empty()) body["ticket"] = wish->ticket;
        if (!wish->start.empty()) body["start"] = wish->start;
        if (!wish->duration.empty()) body["duration"] = wish->duration;
        return program.ask(
            {http::Method::Post,
             "/api/v1/installations/" + cli::path_segment(wish->installation) + "/requests", body},
            show_ask);
      });
  made->add_option("installation", wish->installation, "of whose customer")->required()->type_name("ID");
  made->add_option("--engineer", wish->engineer, "for whom, as the customer calls them")
      ->required()
      ->type_name("NAME");
  made->add_option("--role", wish->role, "a role of the customer's policy")->type_name("ROLE");
  made->add_option("--capability", wish->capabilities, "or capabilities of it; may be repeated")
      ->type_name("NAME");
  made->add_option("--reason", wish->reason, "for the customer's administrators")
      ->required()
      ->type_name("TEXT");
  made->add_option("--ticket", wish->ticket, "the number of a ticket")->type_name("TEXT");
  made->add_option("--start", wish->start, "when it begins; with the approval unless said otherwise")
      ->type_name("TIME");
  made->add_option("--duration", wish->duration,
                   "for how long; as the customer has configured unless said otherwise")
      ->type_name("D");
  add_others(program, group);
}

}  // namespace

void add_ask_commands(cli::Program& program) { add_requests(program); }

}  // namespace postern::mission
