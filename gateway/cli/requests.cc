// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Access requests and the grants that come of them.
#include "gateway/cli/commands.h"
#include "gateway/cli/said.h"

namespace postern::cli {
namespace {

const std::vector<Column> kRequests{{"ID", "id"},
                                    {"STATE", "state"},
                                    {"ENGINEER", "engineer"},
                                    {"DURATION", "duration"},
                                    {"CAPABILITIES", "capabilities", Kind::List},
                                    {"REASON", "reason"}};
const std::vector<Column> kRequest{{"Request", "id"},
                                   {"State", "state"},
                                   {"Engineer", "engineer"},
                                   {"Role", "role"},
                                   {"Capabilities", "capabilities", Kind::List},
                                   {"Reason", "reason"},
                                   {"Ticket", "ticket"},
                                   {"Start", "start", Kind::Time},
                                   {"Duration", "duration"},
                                   {"Created", "created", Kind::Time},
                                   {"Decided", "decided", Kind::Time},
                                   {"By", "by"},
                                   {"Note", "note"}};
const std::vector<Column> kGrants{{"ID", "id"},
                                  {"STATE", "state"},
                                  {"ENGINEER", "engineer"},
                                  {"UNTIL", "until", Kind::Time},
                                  {"CAPABILITIES", "capabilities", Kind::List}};
const std::vector<Column> kGrant{{"Grant", "id"},
                                 {"State", "state"},
                                 {"Why ended", "ended_reason"},
                                 {"Engineer", "engineer"},
                                 {"Capabilities", "capabilities", Kind::List},
                                 {"From", "from", Kind::Time},
                                 {"Until", "until", Kind::Time},
                                 {"Request", "request"}};

std::string show_request(const base::Json& answer) { return to_lines(answer, kRequest); }
std::string show_grant(const base::Json& answer) { return to_lines(answer, kGrant) + said_of_cut(answer); }

struct AccessRequestWish {
  std::string id, state, role, duration, reason;
  std::vector<std::string> capabilities;
};

void add_approve(Program& program, CLI::App* group) {
  auto wish = std::make_shared<AccessRequestWish>();
  CLI::App* approve = program.command(
      group, "approve", "Approve a request, perhaps less than was asked for",
      "request approve 01JD7Z3V5T4Q2N8M6K0H1F9C3B\nrequest approve 01JD7Z3V5T4Q2N8M6K0H1F9C3B --duration 2h",
      [&program, wish] {
        base::Json body = base::Json::object();
        if (!wish->capabilities.empty()) body["capabilities"] = wish->capabilities;
        if (!wish->role.empty()) body["role"] = wish->role;
        if (!wish->duration.empty()) body["duration"] = wish->duration;
        return program.ask(
            {http::Method::Post, "/api/v1/requests/" + path_segment(wish->id) + "/approve", body},
            show_grant);
      });
  approve->add_option("id", wish->id, "of the request")->required()->type_name("ID");
  approve->add_option("--capability", wish->capabilities, "instead of those asked for; may be repeated")
      ->type_name("NAME");
  approve->add_option("--role", wish->role, "instead of what was asked for")->type_name("ROLE");
  approve->add_option("--duration", wish->duration, "instead of the one asked for")->type_name("D");
}

void add_refuse(Program& program, CLI::App* group) {
  auto wish = std::make_shared<AccessRequestWish>();
  CLI::App* refuse = program.command(
      group, "refuse", "Refuse a request",
      "request refuse 01JD7Z3V5T4Q2N8M6K0H1F9C3B --reason 'not before Monday'", [&program, wish] {
        const std::string target = "/api/v1/requests/" + path_segment(wish->id) + "/refuse";
        return program.ask({http::Method::Post, target, {{"reason", wish->reason}}}, show_request);
      });
  refuse->add_option("id", wish->id, "of the request")->required()->type_name("ID");
  refuse->add_option("--reason", wish->reason, "why; the engineer reads it")->required()->type_name("TEXT");
}

void add_list(Program& program, CLI::App* group, const char* what, std::vector<std::string> states,
              const std::vector<Column>& columns) {
  auto wish = std::make_shared<AccessRequestWish>();
  const std::string target = std::string("/api/v1/") + what + "s";
  CLI::App* list = program.command(
      group, "list", "List them, newest first", std::string(what) + " list --state " + states.front(),
      [&program, wish, target, &columns] {
        return program.ask(
            {http::Method::Get, target + query_of({{"state", wish->state}}), {}},
            [&columns](const base::Json& answer) { return to_table(items_of(answer), columns, "None."); });
      });
  list->add_option("--state", wish->state, "only these")
      ->check(CLI::IsMember(std::move(states)))
      ->type_name("STATE");
}

void add_by_id(Program& program, CLI::App* group, const Request& request, const char* verb,
               const char* description, const char* path_end, const Show& show) {
  auto id = std::make_shared<std::string>();
  CLI::App* command = program.command(
      group, verb, description, group->get_name() + " " + verb + " 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
      [&program, id, request, path_end, show] {
        return program.ask({request.method, request.target + path_segment(*id) + path_end, request.body},
                           show);
      });
  command->add_option("id", *id, "its id, as list shows it")->required()->type_name("ID");
}

}  // namespace

void add_request_commands(Program& program) {
  CLI::App* requests = program.group("request", "What engineers ask for");
  add_list(program, requests, "request", {"pending", "approved", "refused", "withdrawn", "expired", "all"},
           kRequests);
  add_by_id(program, requests, {http::Method::Get, "/api/v1/requests/", {}}, "show", "Show one request", "",
            show_request);
  add_approve(program, requests);
  add_refuse(program, requests);

  CLI::App* grants = program.group("grant", "What was allowed, for how long");
  add_list(program, grants, "grant", {"active", "ended", "all"}, kGrants);
  add_by_id(program, grants, {http::Method::Get, "/api/v1/grants/", {}}, "show", "Show one grant", "",
            show_grant);
  add_by_id(program, grants, {http::Method::Post, "/api/v1/grants/", base::Json::object()}, "revoke",
            "Revoke a grant; what it allowed is cut at once", "/revoke", show_grant);
}

}  // namespace postern::cli
