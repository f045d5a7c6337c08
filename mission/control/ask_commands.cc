// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// mission-control request and proposal: access that is asked of customers, changes of settings that are proposed to them, and where it
// stands with them.
#include <memory>

#include "base/file.h"
#include "gateway/cli/said.h"
#include "line/asks.h"
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

const std::vector<Column> kProposed{{"ID", "id"},         {"INSTALLATION", "installation"},
                                    {"METHOD", "method"}, {"TARGET", "target"},
                                    {"BY", "by"},         {"STATE", "state"},
                                    {"NOTE", "note"}};
const std::vector<Column> kProposal{{"Id", "id"},
                                    {"Installation", "installation"},
                                    {"State", "state"},
                                    {"Note", "note"},
                                    {"Watched until", "until", Kind::Time},
                                    {"Told", "told", Kind::Time},
                                    {"Proposed by", "by"},
                                    {"Created", "created", Kind::Time},
                                    {"Reason", "reason"},
                                    {"Ticket", "ticket"},
                                    {"Method", "method"},
                                    {"Target", "target"},
                                    {"Body", "body"},
                                    {"Undone by", "undone_by"}};

// A table knows no fields of fields.
Json flat_proposal(Json one) {
  const Json call = one.value("call", Json::object()), undo = one.value("undo", Json::object());
  for (const char* key : {"method", "target", "body"}) one[key] = base::json_text_or(call, key, "");
  const std::string undone = base::json_text_or(undo, "method", "");
  if (!undone.empty()) one["undone_by"] = undone + " " + base::json_text_or(undo, "target", "");
  return one;
}
std::string show_proposed(const Json& answer) { return cli::to_lines(flat_proposal(answer), kProposal); }

std::string show_requests(const Json& items) { return cli::to_table(items, kRequests, "Nothing was asked."); }
std::string show_proposals(const Json& items) {
  Json rows = Json::array();
  for (const Json& one : items) rows.push_back(flat_proposal(one));
  return cli::to_table(rows, kProposed, "Nothing was proposed.");
}

// What the two kinds have in common: kind is "request" or "proposal".
struct AskWords {
  std::string kind;
  std::string (*list)(const Json& items);
  std::string (*one)(const Json& answer);
  std::string path() const { return "/api/v1/" + kind + "s"; }
};

void add_others(cli::Program& program, CLI::App* group, const AskWords& words) {
  auto of = std::make_shared<std::string>();
  program
      .command(group, "list", "List them, the newest first", words.kind + " list",
               [&program, of, words] {
                 return program.ask(
                     {http::Method::Get, words.path() + cli::query_of({{"installation", *of}}), {}},
                     [words](const Json& answer) { return words.list(cli::items_of(answer)); });
               })
      ->add_option("--installation", *of, "of this one alone")
      ->type_name("ID");
  auto shown = std::make_shared<std::string>();
  program
      .command(group, "show", "Show one, and where it stands",
               words.kind + " show 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
               [&program, shown, words] {
                 return program.ask({http::Method::Get, words.path() + "/" + cli::path_segment(*shown), {}},
                                    words.one);
               })
      ->add_option("id", *shown, "its id, as list shows it")
      ->required()
      ->type_name("ID");
  auto taken = std::make_shared<std::string>();
  program
      .command(group, "withdraw", "Take one back that is not over",
               words.kind + " withdraw 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
               [&program, taken, words] {
                 return program.ask(
                     {http::Method::Delete, words.path() + "/" + cli::path_segment(*taken), Json::object()},
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
  add_others(program, group, {"request", show_requests, show_ask});
}

struct Proposed {
  std::string installation, method, target, type, file, undo_method, undo_target, undo_type, undo_file, watch,
      reason, ticket;
};

// Text of a file, or as it is.
base::Result<std::string> text_of(const std::string& given) {
  if (!given.starts_with('@')) return given;
  return base::read_file(given.substr(1), line::kAskBody);
}

base::Result<Json> call_json(const std::string& method, const std::string& target, const std::string& type,
                             const std::string& file) {
  Json out{{"method", method}, {"target", target}};
  if (!type.empty()) out["content_type"] = type;
  if (file.empty()) return out;
  auto body = text_of(file);
  if (!body.ok()) return body.error();
  out["body"] = *std::move(body);
  if (type.empty()) out["content_type"] = "application/json";
  return out;
}

base::Result<Json> body_of(const Proposed& wish) {
  Json body{{"reason", wish.reason}};
  auto call = call_json(wish.method, wish.target, wish.type, wish.file);
  if (!call.ok()) return call.error();
  body["call"] = *std::move(call);
  if (!wish.undo_target.empty()) {
    auto undo = call_json(wish.undo_method, wish.undo_target, wish.undo_type, wish.undo_file);
    if (!undo.ok()) return undo.error();
    body["undo"] = *std::move(undo);
  }
  if (!wish.watch.empty()) body["watch"] = wish.watch;
  if (!wish.ticket.empty()) body["ticket"] = wish.ticket;
  return body;
}

void add_proposed_call(CLI::App* made, Proposed& wish) {
  made->add_option("--method", wish.method, "of the call")->required()->type_name("METHOD");
  made->add_option("--target", wish.target, "its path and query")->required()->type_name("TARGET");
  made->add_option("--body", wish.file, "its body, or @FILE that has it")->type_name("TEXT");
  made->add_option("--content-type", wish.type, "of the body; application/json unless said otherwise")
      ->type_name("TYPE");
  CLI::Option* undo = made->add_option("--undo-method", wish.undo_method, "of the call that takes it back")
                          ->type_name("METHOD");
  made->add_option("--undo-target", wish.undo_target,
                   "its path and query; ${answer.NAME} stands for a member of the component's answer")
      ->needs(undo)
      ->type_name("TARGET");
  undo->needs("--undo-target");
  made->add_option("--undo-body", wish.undo_file, "its body, or @FILE that has it")
      ->needs(undo)
      ->type_name("TEXT");
  made->add_option("--undo-content-type", wish.undo_type, "of that")->needs(undo)->type_name("TYPE");
  made->add_option("--watch", wish.watch, "so long health is watched; if it gets worse, it is taken back")
      ->needs(undo)
      ->type_name("D");
}

void add_proposals(cli::Program& program) {
  CLI::App* group = program.group("proposal", "Changes of settings that are proposed to customers");
  auto wish = std::make_shared<Proposed>();
  CLI::App* made = program.command(
      group, "new", "Propose a change: a call of an operation that the customer's policy lists",
      "proposal new 01JD7Z3V5T4Q2N8M6K0H1F9C3B --method POST --target /alertmanager/api/v2/silences --body "
      "@silence.json --undo-method DELETE --undo-target '/alertmanager/api/v2/silence/${answer.silenceID}' "
      "--watch 10m --reason \"too many pages\"",
      [&program, wish] {
        const auto body = body_of(*wish);
        if (!body.ok()) return cli::fail_with(body.error().message);
        return program.ask(
            {http::Method::Post,
             "/api/v1/installations/" + cli::path_segment(wish->installation) + "/proposals", *body},
            show_proposed);
      });
  made->add_option("installation", wish->installation, "of whose customer")->required()->type_name("ID");
  add_proposed_call(made, *wish);
  made->add_option("--reason", wish->reason, "for the customer's administrators")
      ->required()
      ->type_name("TEXT");
  made->add_option("--ticket", wish->ticket, "the number of a ticket")->type_name("TEXT");
  add_others(program, group, {"proposal", show_proposals, show_proposed});
}

}  // namespace

void add_ask_commands(cli::Program& program) {
  add_requests(program);
  add_proposals(program);
}

}  // namespace postern::mission
