// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Engineers, and the passes with which they sign in.
#include "gateway/cli/commands.h"
#include "gateway/cli/said.h"

namespace postern::cli {
namespace {

const std::vector<Column> kEngineers{
    {"NAME", "name"}, {"STATE", "state"}, {"EMAIL", "email"}, {"ADDED", "added", Kind::Time}};
const std::vector<Column> kEngineer{{"Engineer", "name"},
                                    {"State", "state"},
                                    {"E-mail", "email"},
                                    {"Added", "added", Kind::Time},
                                    {"Certificates", "certificates", Kind::List}};
const std::vector<Column> kPass{
    {"Engineer", "engineer"}, {"Expires", "expires", Kind::Time}, {"Link", "link"}, {"Pass", "pass"}};

std::string show_engineer(const base::Json& answer) {
  return to_lines(answer, kEngineer) + said_of_cut(answer);
}

void add_by_name(Program& program, CLI::App* group, const char* verb, const char* description,
                 http::Method method, const char* path_end) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = program.command(
      group, verb, description, std::string("engineer ") + verb + " alice",
      [&program, name, method, path_end] {
        return program.ask(
            {method, "/api/v1/engineers/" + path_segment(*name) + path_end, base::Json::object()},
            show_engineer);
      });
  command->add_option("name", *name, "name of the engineer")->required()->type_name("NAME");
}

void add_engineer_add(Program& program, CLI::App* group) {
  struct New {
    std::string name, email;
    std::vector<std::string> certificates;
  };
  auto engineer = std::make_shared<New>();
  CLI::App* add =
      program.command(group, "add", "Make an engineer known; they sign in once approved",
                      "engineer add alice --email alice@vendor.example", [&program, engineer] {
                        base::Json body{{"name", engineer->name}};
                        if (!engineer->email.empty()) body["email"] = engineer->email;
                        if (!engineer->certificates.empty()) body["certificates"] = engineer->certificates;
                        return program.ask({http::Method::Post, "/api/v1/engineers", body}, show_engineer);
                      });
  add->add_option("name", engineer->name, "name of the engineer: lower case letters, digits, . _ -")
      ->required()
      ->type_name("NAME");
  add->add_option("--email", engineer->email, "as the engineer's certificate says it")->type_name("ADDRESS");
  add->add_option("--certificate", engineer->certificates,
                  "SHA-256 of a certificate to accept; may be repeated")
      ->type_name("HEX");
}

}  // namespace

void add_engineer_commands(Program& program) {
  CLI::App* group = program.group("engineer", "The vendor's people who may sign in");
  program.command(group, "list", "List engineers", "engineer list", [&program] {
    return program.ask({http::Method::Get, "/api/v1/engineers", {}}, [](const base::Json& answer) {
      return to_table(items_of(answer), kEngineers, "No engineers.");
    });
  });
  add_engineer_add(program, group);
  add_by_name(program, group, "approve", "Approve an engineer, so that they can sign in", http::Method::Post,
              "/approve");
  add_by_name(program, group, "remove", "Remove an engineer and end their sessions", http::Method::Delete,
              "");

  CLI::App* passes = program.group("pass", "Signed, single-use, short-lived sign-ins");
  struct Wish {
    std::string engineer, expires;
  };
  auto wish = std::make_shared<Wish>();
  CLI::App* issue = program.command(
      passes, "issue", "Issue a pass; whoever holds it can sign in once",
      "pass issue --engineer alice\npass issue --engineer alice --expires 5m", [&program, wish] {
        base::Json body{{"engineer", wish->engineer}};
        if (!wish->expires.empty()) body["expires"] = wish->expires;
        return program.ask({http::Method::Post, "/api/v1/passes", body},
                           [](const base::Json& answer) { return to_lines(answer, kPass); });
      });
  issue->add_option("--engineer", wish->engineer, "for whom")->required()->type_name("NAME");
  issue->add_option("--expires", wish->expires, "how long it can be used; 15m unless said otherwise")
      ->type_name("D");
}

}  // namespace postern::cli
