// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// mission-control request and proposal: what is asked of customers, and where it stands with them.
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include "gateway/cli/said.h"
#include "mission/control/commands.h"

namespace postern::mission {
namespace {

using base::Json;
using cli::Column;
using cli::Kind;

const std::vector<Column> kRequests{{"ID", "id"},
                                    {"INSTALLATION", "installation"},
                                    {"ENGINEER", "engineer"},
                                    {"BY", "by"},
                                    {"STATE", "state"},
                                    {"UNTIL", "until", Kind::Time},
                                    {"NOTE", "note"}};
const std::vector<Column> kProposals{{"ID", "id"},
                                     {"INSTALLATION", "installation"},
                                     {"CALL", "called"},
                                     {"BY", "by"},
                                     {"STATE", "state"},
                                     {"NOTE", "note"}};
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
                               {"Duration", "duration"},
                               {"Call", "called"},
                               {"Body", "call.body"},
                               {"Undo", "undoing"},
                               {"Undo's body", "undo.body"},
                               {"Watch health for", "watch"}};

std::string called(const Json& item, const char* key) {
  const Json call = item.value(key, Json::object());
  return base::json_text_or(call, "method", "") + " " + base::json_text_or(call, "target", "");
}

Json with_call(Json item) {
  if (item.contains("call")) item["called"] = called(item, "call");
  if (item.contains("undo")) item["undoing"] = called(item, "undo");
  return item;
}

std::string show_ask(const Json& answer) { return cli::to_lines(with_call(answer), kAsk); }

void add_shared(cli::Program& program, CLI::App* group, const std::string& name, const std::vector<Column>& columns) {
  auto of = std::make_shared<std::string>();
  program
      .command(group, "list", "List them, the newest first", name + " list",
               [&program, of, name, &columns] {
                 return program.ask({http::Method::Get, "/api/v1/" + name + "s" + cli::query_of({{"installation", *of}}), {}},
                                    [&columns](const Json& answer) {
                                      Json rows = Json::array();
                                      for (const Json& item : cli::items_of(answer)) rows.push_back(with_call(item));
                                      return cli::to_table(rows, columns, "Nothing was asked.");
                                    });
               })
      ->add_option("--installation", *of, "of this one alone")
      ->type_name("ID");
  auto shown = std::make_shared<std::string>();
  program
      .command(group, "show", "Show one, and where it stands", name + " show 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
               [&program, shown, name] {
                 return program.ask({http::Method::Get, "/api/v1/" + name + "s/" + cli::path_segment(*shown), {}}, show_ask);
               })
      ->add_option("id", *shown, "its id, as list shows it")
      ->required()
      ->type_name("ID");
  auto taken = std::make_shared<std::string>();
  program
      .command(group, "withdraw", "Take one back that is not over", name + " withdraw 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
               [&program, taken, name] {
                 return program.ask(
                     {http::Method::Delete, "/api/v1/" + name + "s/" + cli::path_segment(*taken), Json::object()},
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
      "request new 01JD7Z3V5T4Q2N8M6K0H1F9C3B --engineer alice --role viewer --reason \"disk alert\" --ticket SUP-7 "
      "--duration 4h",
      [&program, wish] {
        Json body{{"engineer", wish->engineer}, {"reason", wish->reason}};
        if (!wish->role.empty()) body["role"] = wish->role;
        if (!wish->capabilities.empty()) body["capabilities"] = wish->capabilities;
        if (!wish->ticket.empty()) body["ticket"] = wish->ticket;
        if (!wish->start.empty()) body["start"] = wish->start;
        if (!wish->duration.empty()) body["duration"] = wish->duration;
        return program.ask({http::Method::Post,
                            "/api/v1/installations/" + cli::path_segment(wish->installation) + "/requests", body},
                           show_ask);
      });
  made->add_option("installation", wish->installation, "of whose customer")->required()->type_name("ID");
  made->add_option("--engineer", wish->engineer, "for whom, as the customer calls them")->required()->type_name("NAME");
  made->add_option("--role", wish->role, "a role of the customer's policy")->type_name("ROLE");
  made->add_option("--capability", wish->capabilities, "or capabilities of it; may be repeated")->type_name("NAME");
  made->add_option("--reason", wish->reason, "for the customer's administrators")->required()->type_name("TEXT");
  made->add_option("--ticket", wish->ticket, "the number of a ticket")->type_name("TEXT");
  made->add_option("--start", wish->start, "when it begins; with the approval unless said otherwise")->type_name("TIME");
  made->add_option("--duration", wish->duration, "for how long; as the customer has configured unless said otherwise")
      ->type_name("D");
  add_shared(program, group, "request", kRequests);
}

}  // namespace

void add_ask_commands(cli::Program& program) { add_requests(program); }

}  // namespace postern::mission
