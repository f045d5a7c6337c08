// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Commands about installations.
#include <memory>

#include "base/bytes.h"
#include "gateway/cli/said.h"
#include "mission/control/commands.h"

namespace postern::mission {
namespace {

using base::Json;
using cli::Column;
using cli::Kind;

const std::vector<Column> kEnrolments{{"ID", "id"},
                                      {"CUSTOMER", "customer"},
                                      {"STATE", "state"},
                                      {"CREATED", "created", Kind::Time},
                                      {"EXPIRES", "expires", Kind::Time},
                                      {"INSTALLATION", "installation"}};
const std::vector<Column> kNewEnrolment{
    {"Id", "id"}, {"Customer", "customer"}, {"Good until", "expires", Kind::Time}};
const std::vector<Column> kInstallations{{"ID", "id"},
                                         {"CUSTOMER", "customer"},
                                         {"STATE", "state"},
                                         {"SINCE", "since", Kind::Time},
                                         {"HEARD", "heard", Kind::Time},
                                         {"VERSION", "version"},
                                         {"RING", "updates.ring", Kind::Number},
                                         {"BEHIND", "updates.behind", Kind::Number}};
const std::vector<Column> kInstallation{{"Id", "id"},
                                        {"Customer", "customer"},
                                        {"Name", "name"},
                                        {"State", "state"},
                                        {"Since", "since", Kind::Time},
                                        {"Heard", "heard", Kind::Time},
                                        {"Enrolled", "enrolled", Kind::Time},
                                        {"Version", "version"},
                                        {"Events kept", "events", Kind::Number}};
const std::vector<Column> kCertificates{{"CERTIFICATE", "serial"},
                                        {"ISSUED", "issued", Kind::Time},
                                        {"UNTIL", "until", Kind::Time},
                                        {"FIRST SEEN", "first_seen", Kind::Time},
                                        {"REPLACED BY", "replaced_by"}};
const std::vector<Column> kLog{{"Log", "log.origin"},
                               {"Log's key", "log.key"},
                               {"Events cosigned", "log.size", Kind::Number},
                               {"Cosigned", "log.seen", Kind::Time},
                               {"ANOTHER HISTORY SHOWN", "log.conflict", Kind::Time},
                               {"OTHER KEY OFFERED", "log.offered"}};
const std::vector<Column> kReports{
    {"REPORT", "kind"}, {"OF", "time", Kind::Time}, {"RECEIVED", "received", Kind::Time}, {"SAYS", "says"}};
const std::vector<Column> kEvents{{"NUMBER", "number", Kind::Number},
                                  {"TIME", "time", Kind::Time},
                                  {"INSTALLATION", "installation"},
                                  {"BY", "by"},
                                  {"TYPE", "type"},
                                  {"SAYS", "says"}};

constexpr std::size_t kShown = 120;  // bytes of a body in a table

// Where this Mission Control relays.
std::string tunnel_line(const Json& answer) {
  const Json tunnel = answer.value("tunnel", Json());
  if (!tunnel.is_object()) return {};
  std::string out = "Tunnel: ";
  if (base::json_bool_or(tunnel, "open", false)) {
    out += "open, " + std::to_string(base::json_number_or(tunnel, "connected", 0)) + " connected";
  } else {
    out += "closed: remote access is off there, or nobody has switched the tunnel on, or its line is not up";
  }
  for (const Json& name : tunnel.value("names", Json::array()))
    if (name.is_string()) out += "\n        https://" + base::printable(name.get<std::string>());
  return out + "\n";
}

const std::vector<Column> kHealth{{"HEALTH AT", "time", Kind::Time},
                                  {"STATUS", "status"},
                                  {"NODES", "nodes", Kind::Number},
                                  {"UP", "up", Kind::Number},
                                  {"AVAILABLE %", "availability"},
                                  {"PROCESSED %", "processing"},
                                  {"CPU %", "cpu"},
                                  {"MEMORY %", "memory"},
                                  {"STORAGE %", "storage"}};
constexpr std::size_t kHealthShown = 5;

Json newest_of(const Json& answer, const char* which) {
  const Json health = answer.value("health", Json::object());
  Json out = Json::array();
  for (const Json& row : health.value(which, Json::array())) {
    if (out.size() == kHealthShown) break;
    out.push_back(row);
  }
  return out;
}

std::string show_installation(const Json& answer) {
  Json reports = Json::array();
  const Json said = answer.value("reports", Json::object());
  for (const auto& [kind, report] : said.items()) {
    Json& row = reports.emplace_back(report);
    row["kind"] = kind;
    row["says"] = base::dump_json(report.value("body", Json::object())).substr(0, kShown);
  }
  return cli::to_lines(answer, kInstallation) + tunnel_line(answer) + cli::to_lines(answer, kLog) + "\n" +
         cli::to_table(answer.value("certificates", Json::array()), kCertificates, "No certificate.") + "\n" +
         cli::to_table(reports, kReports, "It has reported nothing.") + "\n" +
         cli::to_table(newest_of(answer, "rows"), kHealth, "It has told nothing of its health.");
}

std::string show_events(const Json& answer) {
  Json rows = Json::array();
  for (const Json& event : cli::items_of(answer)) {
    Json& row = rows.emplace_back(event);
    row["says"] = base::dump_json(event.value("body", Json::object())).substr(0, kShown);
  }
  return cli::to_table(rows, kEvents, "No events.");
}

std::string witness_words(const Json& answer) {
  const std::string key = base::printable(base::json_text_or(answer, "witness", ""));
  if (key.empty()) return {};
  return "\nTo have the installation's log cosigned here, its postern.yaml needs\n\n  log:\n    witnesses:\n"
         "      - name: mission-control\n        mission_control: true\n        verifier_key: " +
         key + "\n";
}

void add_enrolments(cli::Program& program) {
  CLI::App* group = program.group("enrolment", "One-time codes with which installations enrol");
  struct Wish {
    std::string customer, expires;
  };
  auto wish = std::make_shared<Wish>();
  CLI::App* made = program.command(
      group, "new", "Make a code for a customer; it is shown once",
      "enrolment new --customer \"Example Ltd\"\nenrolment new --customer \"Example Ltd\" --expires 2d",
      [&program, wish] {
        Json body{{"customer", wish->customer}};
        if (!wish->expires.empty()) body["expires"] = wish->expires;
        return program.ask({http::Method::Post, "/api/v1/enrolments", body}, [](const Json& answer) {
          return cli::to_lines(answer, kNewEnrolment) +
                 "\nThe code, shown this once and good for one installation: " +
                 base::printable(base::json_text_or(answer, "code", "")) + "\n" + witness_words(answer);
        });
      });
  made->add_option("--customer", wish->customer, "whose the installation will be")
      ->required()
      ->type_name("NAME");
  made->add_option("--expires", wish->expires,
                   "how long the code is good for, 90d at most; 7d unless said otherwise")
      ->type_name("D");
  program.command(group, "list", "List them", "enrolment list", [&program] {
    return program.ask({http::Method::Get, "/api/v1/enrolments", {}}, [](const Json& answer) {
      return cli::to_table(cli::items_of(answer), kEnrolments, "No code was made.");
    });
  });
  auto id = std::make_shared<std::string>();
  program
      .command(group, "withdraw", "Take one back that was not used",
               "enrolment withdraw 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
               [&program, id] {
                 return program.ask(
                     {http::Method::Delete, "/api/v1/enrolments/" + cli::path_segment(*id), Json::object()},
                     [](const Json&) { return std::string("Withdrawn.\n"); });
               })
      ->add_option("id", *id, "its id, as list shows it")
      ->required()
      ->type_name("ID");
}

void add_log(cli::Program& program, CLI::App* group) {
  auto id = std::make_shared<std::string>();
  program
      .command(group, "accept-log",
               "Believe one that its log has another key than before, or is another: ask the customer first",
               "installation accept-log 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
               [&program, id] {
                 return program.ask(
                     {http::Method::Post, "/api/v1/installations/" + cli::path_segment(*id) + "/accept-log",
                      Json::object()},
                     [](const Json&) { return std::string("Accepted.\n"); });
               })
      ->add_option("id", *id, "its id, as list shows it")
      ->required()
      ->type_name("ID");
}

void add_installations(cli::Program& program) {
  CLI::App* group = program.group("installation", "The installations");
  program.command(group, "list", "List them, with their state", "installation list", [&program] {
    return program.ask({http::Method::Get, "/api/v1/installations", {}}, [](const Json& answer) {
      return cli::to_table(cli::items_of(answer), kInstallations, "No installation has enrolled.");
    });
  });
  auto shown = std::make_shared<std::string>();
  program
      .command(group, "show", "Show one: its certificates, and the newest that it reported of each kind",
               "installation show 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
               [&program, shown] {
                 return program.ask(
                     {http::Method::Get, "/api/v1/installations/" + cli::path_segment(*shown), {}},
                     show_installation);
               })
      ->add_option("id", *shown, "its id, as list shows it")
      ->required()
      ->type_name("ID");
  struct Naming {
    std::string id, name;
  };
  auto naming = std::make_shared<Naming>();
  CLI::App* named = program.command(
      group, "name",
      "Give one a name, by which engineers reach it: NAME.domain of the relay; without one, take it away",
      "installation name 01JD7Z3V5T4Q2N8M6K0H1F9C3B acme", [&program, naming] {
        return program.ask(
            {http::Method::Put, "/api/v1/installations/" + cli::path_segment(naming->id) + "/name",
             Json{{"name", naming->name}}},
            [](const Json& answer) {
              const std::string name = base::json_text_or(answer, "name", "");
              return name.empty() ? std::string("It has no name now.\n") : "Named " + name + ".\n";
            });
      });
  named->add_option("id", naming->id, "its id, as list shows it")->required()->type_name("ID");
  named->add_option("name", naming->name, "1 to 63 lower-case letters, digits and hyphens")
      ->type_name("NAME");
  auto retired = std::make_shared<std::string>();
  program
      .command(group, "retire", "End one: its line is closed, its certificates are worth nothing from now on",
               "installation retire 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
               [&program, retired] {
                 return program.ask(
                     {http::Method::Post, "/api/v1/installations/" + cli::path_segment(*retired) + "/retire",
                      Json::object()},
                     [](const Json&) { return std::string("Retired.\n"); });
               })
      ->add_option("id", *retired, "its id, as list shows it")
      ->required()
      ->type_name("ID");
  add_log(program, group);
  add_ring_command(program, group);
}

void add_events(cli::Program& program) {
  struct Which {
    std::string installation, before, limit;
  };
  auto which = std::make_shared<Which>();
  CLI::App* events = program.command(
      &program.app(), "events",
      "What installations reported, and what was noticed about them; the newest first",
      "events --limit 20\nevents --installation 01JD7Z3V5T4Q2N8M6K0H1F9C3B", [&program, which] {
        return program.ask({http::Method::Get,
                            "/api/v1/events" + cli::query_of({{"installation", which->installation},
                                                              {"before", which->before},
                                                              {"limit", which->limit}}),
                            {}},
                           show_events);
      });
  events->add_option("--installation", which->installation, "of this one alone")->type_name("ID");
  events->add_option("--before", which->before, "older than the one with this number")->type_name("NUMBER");
  events->add_option("--limit", which->limit, "so many at most; 100 unless said otherwise")->type_name("N");
}

}  // namespace

void add_fleet_commands(cli::Program& program) {
  add_enrolments(program);
  add_installations(program);
  add_events(program);
  add_usage_command(program);
  add_ask_commands(program);
}

}  // namespace postern::mission
