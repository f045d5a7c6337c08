// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// mission-control usage: hour by hour, summed up, or as CSV for whoever writes the bill.
#include <memory>

#include "gateway/cli/said.h"
#include "mission/control/commands.h"

namespace postern::mission {
namespace {

using base::Json;
using cli::Column;
using cli::Kind;

// What stands before the counts, and the counts. Of a sum engineers cannot be added: names are not told.
std::vector<Column> with_counts(std::vector<Column> out, bool engineers) {
  out.push_back({"SESSIONS", "counts.sessions", Kind::Number});
  if (engineers) out.push_back({"ENGINEERS", "counts.engineers", Kind::Number});
  out.insert(out.end(), {{"READ", "counts.exchanges_read", Kind::Number},
                         {"WRITE", "counts.exchanges_write", Kind::Number},
                         {"REFUSED", "counts.exchanges_refused", Kind::Number},
                         {"BYTES IN", "counts.bytes_in", Kind::Number},
                         {"BYTES OUT", "counts.bytes_out", Kind::Number},
                         {"COMPONENT", "component"}});
  return out;
}
const std::vector<Column> kHours = with_counts(
    {{"INSTALLATION", "installation"}, {"HOUR", "hour", Kind::Time}, {"WHOLE", "complete"}}, true);
const std::vector<Column> kSums = with_counts({{"INSTALLATION", "installation"},
                                               {"HOURS", "hours", Kind::Number},
                                               {"FROM", "first", Kind::Time},
                                               {"TO", "last", Kind::Time}},
                                              false);
constexpr std::string_view kComponent = "component.";

Json with_component(const Json& items) {
  Json out = Json::array();
  for (const Json& item : items) {
    Json& row = out.emplace_back(item);
    std::string said;
    const Json counts = item.value("counts", Json::object());
    for (const auto& [name, count] : counts.items()) {
      if (name.starts_with(kComponent))
        said += (said.empty() ? "" : " ") + name.substr(kComponent.size()) + "=" + base::dump_json(count);
    }
    if (!said.empty()) row["component"] = said;
  }
  return out;
}

struct WhichUsage {
  std::string installation, since;
  bool sum = false, csv = false;

  std::string show(const Json& answer) const {
    std::string out = cli::to_table(with_component(cli::items_of(answer)), sum ? kSums : kHours,
                                    "No installation has told what it used.");
    if (const std::string next = base::json_text_or(answer, "next", ""); !next.empty())
      out += "\nThere is more: --since " + next + "\n";
    return out;
  }
};

int print_file(cli::Program& program, const std::string& path) {
  const auto server = program.client();
  if (server == nullptr) return cli::kFailed;
  const auto answer = server->call(http::Method::Get, path);
  if (!answer.ok()) return program.complain(answer.error());
  if (!answer->ok()) return program.complain(*answer);
  cli::print(answer->body);
  return cli::kDone;
}

}  // namespace

void add_usage_command(cli::Program& program) {
  auto which = std::make_shared<WhichUsage>();
  CLI::App* usage = program.command(
      &program.app(), "usage", "What installations used, hour by hour, the oldest first",
      "usage --installation 01JD7Z3V5T4Q2N8M6K0H1F9C3B\nusage --since 2026-03-01T00:00:00Z --csv\nusage "
      "--sum",
      [&program, which] {
        const std::string path = "/api/v1/usage" + cli::query_of({{"installation", which->installation},
                                                                  {"since", which->since},
                                                                  {"sum", which->sum ? "true" : ""},
                                                                  {"format", which->csv ? "csv" : ""}});
        if (which->csv) return print_file(program, path);
        return program.ask({http::Method::Get, path, {}},
                           [which](const Json& answer) { return which->show(answer); });
      });
  usage->add_option("--installation", which->installation, "of this one alone")->type_name("ID");
  usage->add_option("--since", which->since, "from the hour of this time on")->type_name("TIME");
  CLI::Option* sum = usage->add_flag("--sum", which->sum, "one line for each installation");
  usage->add_flag("--csv", which->csv, "comma-separated values, a line for each hour")->excludes(sum);
}

}  // namespace postern::mission
