// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// API tokens of admins, for scripts.
#include "base/bytes.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/said.h"

namespace postern::cli {
namespace {

const std::vector<Column> kTokens{{"ID", "id"},
                                  {"NAME", "name"},
                                  {"OWNER", "admin"},
                                  {"RANK", "rank"},
                                  {"SCOPES", "scopes", Kind::List},
                                  {"FROM", "networks", Kind::List},
                                  {"VALID UNTIL", "not_after", Kind::Time},
                                  {"LAST USED", "last_used.at", Kind::Time},
                                  {"FROM THERE", "last_used.client"}};
const std::vector<Column> kMade{{"ID", "id"},
                                {"Name", "name"},
                                {"Owner", "admin"},
                                {"Rank", "rank"},
                                {"Scopes", "scopes", Kind::List},
                                {"From", "networks", Kind::List},
                                {"Valid until", "not_after", Kind::Time}};

std::string show_made(const base::Json& answer) {
  return to_lines(answer, kMade) +
         "\nIt is shown this once: " + base::printable(base::json_text_or(answer, "token", "")) + "\n";
}

struct NewToken {
  std::string name, admin, rank = "auditor", expires;
  std::vector<std::string> scopes, networks;
};

void add_create(Program& program, CLI::App* tokens) {
  auto wanted = std::make_shared<NewToken>();
  CLI::App* create = program.command(
      tokens, "create", "Make one; it is shown once",
      "token create backup --admin admin\n"
      "token create deploy --admin admin --rank admin --scope read,policy --from 192.0.2.0/24 --expires 30d",
      [&program, wanted] {
        base::Json body{
            {"name", wanted->name},
            {"admin", wanted->admin},
            {"rank", wanted->rank},
            {"scopes", wanted->scopes.empty() ? std::vector<std::string>{"read"} : wanted->scopes},
            {"networks", wanted->networks}};
        if (!wanted->expires.empty()) body["expires"] = wanted->expires;
        return program.ask({http::Method::Post, "/api/v1/tokens", body}, show_made);
      });
  create->add_option("name", wanted->name, "what it is for")->required()->type_name("NAME");
  create->add_option("--admin", wanted->admin, "whose it is: without that account it is worth nothing")
      ->required()
      ->type_name("ACCOUNT");
  create->add_option("--rank", wanted->rank, "auditor (reads and changes nothing) unless said otherwise")
      ->type_name("auditor|admin");
  create
      ->add_option("--scope", wanted->scopes,
                   "read, requests, permissions, sessions, policy, engineers; read unless said otherwise")
      ->delimiter(',')
      ->type_name("SCOPE,...");
  create
      ->add_option("--from", wanted->networks,
                   "addresses that it may be used from; any unless said otherwise")
      ->delimiter(',')
      ->type_name("CIDR,...");
  create
      ->add_option("--expires", wanted->expires,
                   "a time, or how long from now; 90d unless said otherwise, a year at most")
      ->type_name("T");
}

}  // namespace

void add_token_commands(Program& program) {
  CLI::App* tokens = program.group("token", "API tokens of admins, for scripts");
  program.command(tokens, "list", "List them", "token list", [&program] {
    return program.ask({http::Method::Get, "/api/v1/tokens", {}}, [](const base::Json& answer) {
      return to_table(items_of(answer), kTokens, "No token is valid.");
    });
  });
  add_create(program, tokens);
  auto id = std::make_shared<std::string>();
  program
      .command(tokens, "revoke", "Revoke one: it is worth nothing from now on",
               "token revoke 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
               [&program, id] {
                 return program.ask(
                     {http::Method::Delete, "/api/v1/tokens/" + path_segment(*id), base::Json::object()},
                     [](const base::Json&) { return std::string("Revoked.\n"); });
               })
      ->add_option("id", *id, "its id, as list shows it")
      ->required()
      ->type_name("ID");
}

}  // namespace postern::cli
