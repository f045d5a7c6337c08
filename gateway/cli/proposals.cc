// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Changes of settings that Mission Control proposes.
#include "base/bytes.h"
#include "gateway/cli/change_lines.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/said.h"

namespace postern::cli {
namespace {

using base::Json;

const std::vector<Column> kProposals{{"ID", "id"},
                                     {"BY", "by"},
                                     {"METHOD", "call.method"},
                                     {"TARGET", "call.target"},
                                     {"STATE", "state"},
                                     {"CREATED", "created", Kind::Time}};
const std::vector<Column> kProposal{{"Proposal", "id"},
                                    {"State", "state"},
                                    {"Why", "why"},
                                    {"Proposed by", "by"},
                                    {"Reason", "reason"},
                                    {"Ticket", "ticket"},
                                    {"Operation", "operation"},
                                    {"Capability", "capability"},
                                    {"Waits because", "waits"},
                                    {"Would change", "read"},
                                    {"Approvals", "approvals"},
                                    {"Of", "approvals_needed"},
                                    {"Created", "created", Kind::Time},
                                    {"Until", "expires", Kind::Time},
                                    {"Decided by", "decided_by"},
                                    {"Decided", "decided", Kind::Time},
                                    {"Note", "note"},
                                    {"Applied", "applied", Kind::Time},
                                    {"Answer", "status"},
                                    {"Watched for", "watch"},
                                    {"Watched until", "watched_until", Kind::Time},
                                    {"Can be undone until", "undo_until", Kind::Time}};

// As it is sent, line by line, so that a body cannot pass for anything else.
std::string call_lines(const char* title, const Json& answer, const char* key) {
  const auto call = answer.find(key);
  if (call == answer.end() || !call->is_object()) return {};
  const auto line = [](std::string_view text) {
    return "  | " + base::printable(text, text.size() * 4) + "\n";
  };
  std::string out =
      std::string("\n") + title + "\n" +
      line(base::json_text_or(*call, "method", "") + " " + base::json_text_or(*call, "target", ""));
  if (const std::string type = base::json_text_or(*call, "content_type", ""); !type.empty())
    out += line("Content-Type: " + type);
  const std::string body = base::json_text_or(*call, "body", "");
  if (!body.empty()) out += line("");
  for (std::string_view rest = body; !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    out += line(one);
  }
  return out;
}

std::string show_proposal(const Json& answer) {
  std::string out =
      to_lines(answer, kProposal) + call_lines("What is sent", answer, "call") + comparison_lines(answer);
  if (answer.contains("undo")) return out + call_lines("What undoes it", answer, "undo");
  return out + "\nIt cannot be undone automatically: it came without a call that does.\n";
}

// A table knows no fields of fields.
Json flat(const Json& items) {
  Json out = Json::array();
  for (Json one : items) {
    const Json call = one.value("call", Json::object());
    one["call.method"] = base::json_text_or(call, "method", "");
    one["call.target"] = base::json_text_or(call, "target", "");
    out.push_back(std::move(one));
  }
  return out;
}

std::string path_of_proposal(const std::string& id, const char* end = "") {
  return "/api/v1/proposals/" + path_segment(id) + end;
}

struct ProposalWish {
  std::string id, note;
};

CLI::App* add_decision(Program& program, CLI::App* group, const char* name, const char* says,
                       bool takes_note) {
  auto wish = std::make_shared<ProposalWish>();
  CLI::App* command = program.command(
      group, name, says, std::string("proposal ") + name + " 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
      [&program, wish, name] {
        Json body = Json::object();
        if (!wish->note.empty()) body["note"] = wish->note;
        return program.ask(
            {http::Method::Post, path_of_proposal(wish->id, (std::string("/") + name).c_str()), body},
            show_proposal);
      });
  command->add_option("id", wish->id, "its id, as list shows it")->required()->type_name("ID");
  if (takes_note)
    command->add_option("--note", wish->note, "why; if it is refused, the vendor reads it")
        ->type_name("TEXT");
  return command;
}

}  // namespace

void add_proposal_commands(Program& program) {
  CLI::App* group =
      program.group("proposal", "Changes of the component's settings that Mission Control proposes");
  auto state = std::make_shared<std::string>();
  program
      .command(group, "list", "List them, the newest first", "proposal list --state pending",
               [&program, state] {
                 return program.ask(
                     {http::Method::Get, "/api/v1/proposals" + query_of({{"state", *state}}), {}},
                     [](const Json& answer) {
                       return to_table(flat(items_of(answer)), kProposals, "Nothing was proposed.");
                     });
               })
      ->add_option("--state", *state, "only those: pending, applied, ...")
      ->type_name("STATE");
  auto shown = std::make_shared<std::string>();
  program
      .command(group, "show", "Show one: what is sent, what it would change, and what undoes it",
               "proposal show 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
               [&program, shown] {
                 return program.ask({http::Method::Get, path_of_proposal(*shown), {}}, show_proposal);
               })
      ->add_option("id", *shown, "its id, as list shows it")
      ->required()
      ->type_name("ID");
  add_decision(program, group, "approve", "Approve one that waits: it is applied", true);
  add_decision(program, group, "refuse", "Refuse one that waits; nothing is sent", true);
  add_decision(program, group, "undo", "Have one undone that was applied within 24 hours", false);
}

}  // namespace postern::cli
