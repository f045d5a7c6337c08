// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The intake: tokens of nodes of the component, and the remote gateways that they speak of.
#include "base/bytes.h"
#include "gateway/cli/commands.h"

namespace postern::cli {
namespace {

const std::vector<Column> kIntakeTokens{{"ID", "id"},
                                        {"NAME", "name"},
                                        {"SERVICE", "service"},
                                        {"MADE", "created", Kind::Time},
                                        {"VALID UNTIL", "not_after", Kind::Time}};
const std::vector<Column> kMadeIntakeToken{
    {"ID", "id"}, {"Name", "name"}, {"Service", "service"}, {"Valid until", "not_after", Kind::Time}};
const std::vector<Column> kRemoteGateways{{"NAME", "name"},
                                          {"SERVICE", "service"},
                                          {"REGISTERED", "registered", Kind::Time},
                                          {"LOST SINCE", "lost", Kind::Time}};

std::string show_made_intake_token(const base::Json& answer) {
  return to_lines(answer, kMadeIntakeToken) +
         "\nIt is shown this once: " + base::printable(base::json_text_or(answer, "token", "")) + "\n";
}

struct NewIntakeToken {
  std::string name, service, expires;
};

void add_new_intake_token(Program& program, CLI::App* tokens) {
  auto wanted = std::make_shared<NewIntakeToken>();
  CLI::App* create = program.command(
      tokens, "new", "Make one; it is shown once",
      "intake token new --name nodes --service prometheus\n"
      "intake token new --name node-3 --expires 90d",
      [&program, wanted] {
        base::Json body{{"name", wanted->name}};
        if (!wanted->service.empty()) body["service"] = wanted->service;
        if (!wanted->expires.empty()) body["expires"] = wanted->expires;
        return program.ask({http::Method::Post, "/api/v1/intake/tokens", body}, show_made_intake_token);
      });
  create->add_option("--name", wanted->name, "whose it is: it stands in each event as who said it")
      ->required()
      ->type_name("NAME");
  create
      ->add_option("--service", wanted->service,
                   "the service whose events it sends; any unless said otherwise")
      ->type_name("SERVICE");
  create
      ->add_option("--expires", wanted->expires, "a time, or how long from now; never unless said otherwise")
      ->type_name("T");
}

}  // namespace

void add_intake_commands(Program& program) {
  CLI::App* intake = program.group("intake", "Events of the component's nodes: tokens, remote gateways");
  CLI::App* tokens = program.group(intake, "token", "Tokens with which nodes send events");
  program.command(tokens, "list", "List them", "intake token list", [&program] {
    return program.ask({http::Method::Get, "/api/v1/intake/tokens", {}}, [](const base::Json& answer) {
      return to_table(items_of(answer), kIntakeTokens, "No node has a token.");
    });
  });
  add_new_intake_token(program, tokens);
  auto id = std::make_shared<std::string>();
  program
      .command(tokens, "revoke", "Revoke one: it is worth nothing from now on",
               "intake token revoke 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
               [&program, id] {
                 return program.ask({http::Method::Delete, "/api/v1/intake/tokens/" + path_segment(*id),
                                     base::Json::object()},
                                    [](const base::Json&) { return std::string("Revoked.\n"); });
               })
      ->add_option("id", *id, "its id, as list shows it")
      ->required()
      ->type_name("ID");
  program.command(
      intake, "gateways", "List the remote gateways that registered", "intake gateways", [&program] {
        return program.ask({http::Method::Get, "/api/v1/intake/gateways", {}}, [](const base::Json& answer) {
          return to_table(items_of(answer), kRemoteGateways, "No remote gateway registered.");
        });
      });
}

}  // namespace postern::cli
