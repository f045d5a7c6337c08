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
                                   {"Extends", "extends"},
                                   {"Asked by", "asked_by"},
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
                                 {"Reason", "reason"},
                                 {"Ticket", "ticket"},
                                 {"By", "by"},
                                 {"Signed by", "signed_by", Kind::List},
                                 {"Exchanges at most", "most_exchanges", Kind::Number},
                                 {"Bytes at most", "most_response_bytes", Kind::Number},
                                 {"Request", "request"}};

// Who has approved, how many are missing, and what was said.
std::string said_of_request(const base::Json& request) {
  std::string out;
  const base::Json approvals = request.value("approvals", base::Json::array());
  const auto given = static_cast<std::int64_t>(approvals.size());
  const std::int64_t needed = base::json_number_or(request, "approvals_needed", 1);
  if (needed > 1 || given > 1) {
    out += "Approvals: " + std::to_string(given) + " of " + std::to_string(needed);
    for (const base::Json& one : approvals) out += ", " + display(one, {"", "by"});
    out += "\n";
  }
  for (const base::Json& one : request.value("talk", base::Json::array())) {
    out += display(one, {"", "by"}) + " at " + display(one, {"", "at", Kind::Time}) + ": " +
           display(one, {"", "text"}) + "\n";
  }
  return out;
}

std::string show_request(const base::Json& answer) {
  return to_lines(answer, kRequest) + said_of_request(answer);
}
std::string show_grant(const base::Json& answer) { return to_lines(answer, kGrant) + said_of_cut(answer); }
// Of a grant: for whom it waits. Of a request: it takes more approvals first.
std::string show_given(const base::Json& answer) {
  if (base::json_text_or(answer, "state", "") == "pending")
    return show_request(answer) + "It takes more approvals: nothing is given yet.\n";
  const std::string engineer = base::json_text_or(answer, "engineer_state", "approved");
  if (engineer == "approved") return show_grant(answer);
  return show_grant(answer) + (engineer == "unknown"
                                   ? "The engineer is not known yet: this holds once they are "
                                     "added and approved.\n"
                                   : "The engineer is not approved yet.\n");
}

struct AccessRequestWish {
  std::string id, state, role, duration, reason, start, note, text;
  std::string engineer, from, until, ticket;
  bool void_earlier = false;
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
        if (!wish->start.empty()) body["start"] = wish->start;
        if (!wish->note.empty()) body["note"] = wish->note;
        if (wish->void_earlier) body["void_earlier"] = true;
        return program.ask(
            {http::Method::Post, "/api/v1/requests/" + path_segment(wish->id) + "/approve", body},
            show_given);
      });
  approve->add_option("id", wish->id, "of the request")->required()->type_name("ID");
  approve->add_option("--capability", wish->capabilities, "instead of those asked for; may be repeated")
      ->type_name("NAME");
  approve->add_option("--role", wish->role, "instead of what was asked for")->type_name("ROLE");
  approve->add_option("--duration", wish->duration, "instead of the one asked for")->type_name("D");
  approve->add_option("--start", wish->start, "instead of the one asked for; now, or RFC 3339")
      ->type_name("T");
  approve->add_option("--note", wish->note, "to the engineer")->type_name("TEXT");
  approve->add_flag("--void-earlier", wish->void_earlier,
                    "also if others approved something else already: theirs become void");
}

void add_ask_back(Program& program, CLI::App* group) {
  auto wish = std::make_shared<AccessRequestWish>();
  CLI::App* ask = program.command(
      group, "ask-back", "Ask the engineer about a request; the answer is in request show",
      "request ask-back 01JD7Z3V5T4Q2N8M6K0H1F9C3B --text 'which cluster?'", [&program, wish] {
        const std::string target = "/api/v1/requests/" + path_segment(wish->id) + "/ask-back";
        return program.ask({http::Method::Post, target, {{"text", wish->text}}}, show_request);
      });
  ask->add_option("id", wish->id, "of the request")->required()->type_name("ID");
  ask->add_option("--text", wish->text, "the question, at most 1000 bytes")->required()->type_name("TEXT");
}

void add_give(Program& program, CLI::App* group) {
  auto wish = std::make_shared<AccessRequestWish>();
  CLI::App* give = program.command(
      group, "give", "Give a grant that nobody asked for, also to an engineer who has not come yet",
      "grant give --engineer alice --role viewer --from 2026-03-01T08:00:00Z --for 4h --ticket SUP-4711",
      [&program, wish] {
        base::Json body{{"engineer", wish->engineer}};
        if (!wish->capabilities.empty()) body["capabilities"] = wish->capabilities;
        const std::pair<const char*, const std::string&> texts[] = {
            {"role", wish->role},         {"from", wish->from},     {"until", wish->until},
            {"duration", wish->duration}, {"ticket", wish->ticket}, {"reason", wish->reason}};
        for (const auto& [key, text] : texts) {
          if (!text.empty()) body[key] = text;
        }
        return program.ask({http::Method::Post, "/api/v1/grants", body}, show_given);
      });
  give->add_option("--engineer", wish->engineer, "who gets it")->required()->type_name("NAME");
  give->add_option("--role", wish->role, "all capabilities of the role")->type_name("ROLE");
  give->add_option("--capability", wish->capabilities, "instead of a role; may be repeated")
      ->type_name("NAME");
  give->add_option("--from", wish->from, "when it begins: RFC 3339, or from now (2h); at once without it")
      ->type_name("T");
  give->add_option("--until", wish->until, "when it ends: RFC 3339, or from now")->type_name("T");
  give->add_option("--for", wish->duration, "how long it holds, instead of --until")->type_name("D");
  give->add_option("--ticket", wish->ticket, "to which it belongs")->type_name("TEXT");
  give->add_option("--reason", wish->reason, "why; the engineer reads it")->type_name("TEXT");
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
  add_ask_back(program, requests);
  add_refuse(program, requests);

  CLI::App* grants = program.group("grant", "What was allowed, for how long");
  add_list(program, grants, "grant", {"active", "ended", "all"}, kGrants);
  add_give(program, grants);
  add_signed_grants(program, grants, show_given);
  add_by_id(program, grants, {http::Method::Get, "/api/v1/grants/", {}}, "show", "Show one grant", "",
            show_grant);
  add_by_id(program, grants, {http::Method::Post, "/api/v1/grants/", base::Json::object()}, "revoke",
            "Revoke a grant; what it allowed is cut at once", "/revoke", show_grant);
}

}  // namespace postern::cli
