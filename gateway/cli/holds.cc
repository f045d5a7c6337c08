// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Calls that wait for an admin to let them pass.
#include "base/bytes.h"
#include "gateway/cli/change_lines.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/said.h"

namespace postern::cli {
namespace {

const std::vector<Column> kHolds{{"ID", "id"},           {"ENGINEER", "engineer"},
                                 {"METHOD", "method"},   {"TARGET", "target"},
                                 {"BODY", "body_bytes"}, {"UNTIL", "expires", Kind::Time}};
const std::vector<Column> kHold{{"Hold", "id"},
                                {"State", "state"},
                                {"Engineer", "engineer"},
                                {"Session", "session"},
                                {"From", "client"},
                                {"Call", "method"},
                                {"Target", "target"},
                                {"Operation", "operation"},
                                {"Capability", "capability"},
                                {"Reason", "reason"},
                                {"Request", "request"},
                                {"Content type", "content_type"},
                                {"Body bytes", "body_bytes"},
                                {"Body SHA-256", "body_sha256"},
                                {"Would change", "read"},
                                {"Since", "created", Kind::Time},
                                {"Until", "expires", Kind::Time}};

// The body as it would be sent, line by line, so that it cannot pass for anything else; then what it would change.
std::string show_hold(const base::Json& answer) {
  std::string out = to_lines(answer, kHold);
  std::string_view body;
  const std::string text = base::json_text_or(answer, "body", "");
  for (body = text; !body.empty();) {
    const std::string_view line = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(body.size(), line.size() + 1));
    out += "  | " + base::printable(line, line.size() * 4) + "\n";
  }
  return out + comparison_lines(answer);
}

std::string path_of(const std::string& id, const char* end = "") {
  return "/api/v1/holds/" + path_segment(id) + end;
}

}  // namespace

void add_hold_commands(Program& program) {
  CLI::App* holds = program.group("hold", "Calls that wait for an admin to let them pass");
  program.command(holds, "list", "List them, the one that waits for longest first", "hold list", [&program] {
    return program.ask({http::Method::Get, "/api/v1/holds", {}}, [](const base::Json& answer) {
      return to_table(items_of(answer), kHolds, "No call waits.");
    });
  });

  auto shown = std::make_shared<std::string>();
  program
      .command(holds, "show", "Show one with its body", "hold show 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
               [&program, shown] {
                 return program.ask({http::Method::Get, path_of(*shown), {}}, show_hold);
               })
      ->add_option("id", *shown, "its id, as list shows it")
      ->required()
      ->type_name("ID");

  struct Wish {
    std::string id, note;
    bool for_session = false;
  };
  auto passed = std::make_shared<Wish>();
  CLI::App* pass = program.command(
      holds, "pass", "Let a call pass",
      "hold pass 01JD7Z3V5T4Q2N8M6K0H1F9C3B\nhold pass 01JD7Z3V5T4Q2N8M6K0H1F9C3B --for-session",
      [&program, passed] {
        base::Json body = base::Json::object();
        if (passed->for_session) body["for_session"] = true;
        return program.ask({http::Method::Post, path_of(passed->id, "/pass"), body}, show_hold);
      });
  pass->add_option("id", passed->id, "its id, as list shows it")->required()->type_name("ID");
  pass->add_flag("--for-session", passed->for_session,
                 "later calls of the same operation in this session pass too");

  auto refused = std::make_shared<Wish>();
  CLI::App* refuse = program.command(
      holds, "refuse", "Refuse a call; nothing is sent",
      "hold refuse 01JD7Z3V5T4Q2N8M6K0H1F9C3B --note 'not before Monday'", [&program, refused] {
        base::Json body = base::Json::object();
        if (!refused->note.empty()) body["note"] = refused->note;
        return program.ask({http::Method::Post, path_of(refused->id, "/refuse"), body}, show_hold);
      });
  refuse->add_option("id", refused->id, "its id, as list shows it")->required()->type_name("ID");
  refuse->add_option("--note", refused->note, "why; the engineer reads it")->type_name("TEXT");
}

}  // namespace postern::cli
