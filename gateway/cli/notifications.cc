// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who outside is told of what happens.
#include "gateway/cli/commands.h"
#include "gateway/cli/said.h"

namespace postern::cli {
namespace {

const std::vector<Column> kTargets{{"NAME", "name"},
                                   {"KIND", "kind"},
                                   {"TO", "where"},
                                   {"STATE", "state"},
                                   {"WAITING", "waiting"},
                                   {"LAST DELIVERED", "delivered", Kind::Time},
                                   {"LAST FAILED", "failed", Kind::Time},
                                   {"PROBLEM", "problem"}};

}  // namespace

void add_notification_commands(Program& program) {
  CLI::App* targets = program.group("notification", "Who outside is told of what happens");
  program.command(
      targets, "list", "List the targets, and whether notifications arrive", "notification list", [&program] {
        return program.ask({http::Method::Get, "/api/v1/notifications", {}}, [](const base::Json& answer) {
          return to_table(items_of(answer), kTargets, "The configuration names no targets.");
        });
      });
  auto name = std::make_shared<std::string>();
  CLI::App* test = program.command(
      targets, "test", "Send a target a notification now", "notification test pager", [&program, name] {
        return program.ask(
            {http::Method::Post, "/api/v1/notifications/" + path_segment(*name) + "/test",
             base::Json::object()},
            [](const base::Json&) {
              return std::string("Sent. Whether it arrives, postern notification list says.\n");
            });
      });
  test->add_option("name", *name, "of the target, as list shows it")->required()->type_name("NAME");
}

}  // namespace postern::cli
