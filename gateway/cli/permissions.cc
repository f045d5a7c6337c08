// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The master switch and the capabilities.
#include "gateway/cli/commands.h"
#include "gateway/cli/said.h"

namespace postern::cli {
namespace {

const std::vector<Column> kRemoteAccess{{"Remote access", "mode"},
                                        {"Until", "until", Kind::Time},
                                        {"Changed", "changed", Kind::Time},
                                        {"By", "by"}};
const std::vector<Column> kCapabilities{{"NAME", "name"},
                                        {"CLASS", "class"},
                                        {"SETTING", "setting"},
                                        {"UNTIL", "until", Kind::Time},
                                        {"TITLE", "title"}};
const std::vector<Column> kCapability{{"Capability", "name"},
                                      {"Title", "title"},
                                      {"Setting", "setting"},
                                      {"Until", "until", Kind::Time},
                                      {"Operations", "operations"}};

struct Change {
  std::string name, value, until, reason;
};

base::Json body_of(const char* key, const Change& change) {
  base::Json body{{key, change.value}};
  if (!change.until.empty()) body["until"] = change.until;
  if (!change.reason.empty()) body["reason"] = change.reason;
  return body;
}

void add_change_options(CLI::App* command, Change& change) {
  command->add_option("--until", change.until, "when it ends: 2h, or an RFC 3339 time")->type_name("T");
  command->add_option("--reason", change.reason, "why; stands in the event")->type_name("TEXT");
}

void add_remote_access(Program& program) {
  CLI::App* group =
      program.group("remote-access", "The master switch: whether engineers reach the component at all");
  program.command(group, "show", "Show the switch", "remote-access show", [&program] {
    return program.ask({http::Method::Get, "/api/v1/remote-access", {}},
                       [](const base::Json& answer) { return to_lines(answer, kRemoteAccess); });
  });
  auto change = std::make_shared<Change>();
  CLI::App* set = program.command(
      group, "set", "Set the switch; off ends every session at once",
      "remote-access set all --until 8h\nremote-access set off", [&program, change] {
        return program.ask(
            {http::Method::Put, "/api/v1/remote-access", body_of("mode", *change)},
            [](const base::Json& answer) { return to_lines(answer, kRemoteAccess) + said_of_cut(answer); });
      });
  set->add_option("mode", change->value, "off, approved (with a grant only), read-only, or all")
      ->required()
      ->check(CLI::IsMember({"off", "approved", "read-only", "all"}))
      ->type_name("MODE");
  add_change_options(set, *change);
}

}  // namespace

void add_permission_commands(Program& program) {
  add_remote_access(program);
  CLI::App* group = program.group("capability", "What engineers may do, as the policy bundles it");
  program.command(group, "list", "List capabilities and their settings",
                  "capability list\ncapability list --json", [&program] {
                    return program.ask(
                        {http::Method::Get, "/api/v1/capabilities", {}}, [](const base::Json& answer) {
                          return to_table(items_of(answer), kCapabilities, "The policy has no capabilities.");
                        });
                  });
  auto change = std::make_shared<Change>();
  CLI::App* set = program.command(
      group, "set", "Set a capability; what it takes away is cut at once",
      "capability set metrics.read on\ncapability set silences.write on --until 2h\ncapability set "
      "silences.write off",
      [&program, change] {
        const std::string target = "/api/v1/capabilities/" + path_segment(change->name);
        return program.ask(
            {http::Method::Put, target, body_of("setting", *change)},
            [](const base::Json& answer) { return to_lines(answer, kCapability) + said_of_cut(answer); });
      });
  set->add_option("name", change->name, "name of the capability")->required()->type_name("NAME");
  set->add_option("setting", change->value, "off, ask (with a grant only), or on")
      ->required()
      ->check(CLI::IsMember({"off", "ask", "on"}))
      ->type_name("SETTING");
  add_change_options(set, *change);
}

}  // namespace postern::cli
