// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The line to the vendor's Mission Control.
#include <cstdlib>
#include <iostream>

#include "base/bytes.h"
#include "gateway/cli/commands.h"

namespace postern::cli {
namespace {

const std::vector<Column> kLine{{"Mission Control", "url"},
                                {"Its version", "version"},
                                {"Through the proxy", "proxy"},
                                {"State", "state"},
                                {"Because", "why"},
                                {"Since", "since", Kind::Time},
                                {"Attempts", "attempts", Kind::Number},
                                {"Next attempt", "next", Kind::Time},
                                {"Installation", "installation"},
                                {"Customer", "customer"},
                                {"Certificate by", "certificate.issuer"},
                                {"Valid until", "certificate.not_after", Kind::Time},
                                {"Revocation", "revocation"},
                                {"Health there", "reports.health.status"},
                                {"Told so", "reports.health.time", Kind::Time},
                                {"Nodes at least", "reports.health.minimum.nodes", Kind::Number},
                                {"Cores at least", "reports.health.minimum.cores", Kind::Number},
                                {"Memory at least", "reports.health.minimum.memory", Kind::Number}};

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kSkewSaid = 60 * kMillion;  // microseconds; less is not worth a word

std::string tunnel_text(const base::Json& tunnel) {
  if (!tunnel.is_object()) return {};
  const auto number = [&](const char* key) { return std::to_string(base::json_number_or(tunnel, key, 0)); };
  std::string out = "Tunnel: ";
  out += base::json_bool_or(tunnel, "open", false)
             ? "open, " + number("connected") + " connected, " + number("waiting") + " requests wait"
             : "closed";
  if (const std::string why = base::json_text_or(tunnel, "why", ""); !why.empty())
    out += "; " + base::printable(why);
  return out + "\n";
}

// Why Mission Control thinks that this installation is not well.
std::string show_reasons(const base::Json& link) {
  const base::Json reports = link.value("reports", base::Json());
  const base::Json health = reports.is_object() ? reports.value("health", base::Json()) : base::Json();
  std::string out;
  if (!health.is_object()) return out;
  for (const std::string& reason : base::json_texts(health, "reasons"))
    out += "  " + base::printable(reason) + "\n";
  return out.empty() ? out : "\nIts reasons:\n" + out;
}

std::string show_link(const base::Json& link) {
  if (!link.is_object())
    return "No Mission Control is configured: set mission_control in postern.yaml "
           "(docs/MISSION_CONTROL_LINE.md).\n";
  std::string out = to_lines(link, kLine) + show_reasons(link);
  if (const std::int64_t skew = base::json_number_or(link, "skew_us", 0); std::abs(skew) > kSkewSaid)
    out += "\nIts clock is " + std::to_string(std::abs(skew) / kMillion) + " s " +
           (skew > 0 ? "ahead of" : "behind") + " the one here: one of the two is wrong.\n";
  out += tunnel_text(link.value("tunnel", base::Json()));
  if (base::json_text_or(link, "state", "") == "not_enrolled")
    out += "\nThe vendor gives a one-time code; then: postern link enrol CODE\n";
  return out;
}

bool all_steps_good(const base::Json& answer) {
  const base::Json steps = answer.value("steps", base::Json::array());
  bool good = !steps.empty();
  for (const base::Json& step : steps) good = good && base::json_bool_or(step, "ok", false);
  return good;
}

std::string show_steps(const base::Json& answer) {
  std::string out;
  for (const base::Json& step : answer.value("steps", base::Json::array())) {
    const bool ok = base::json_bool_or(step, "ok", false);
    std::string name = base::printable(base::json_text_or(step, "step", ""));
    name.resize(std::max<std::size_t>(name.size(), 12), ' ');
    out += std::string(ok ? "ok      " : "FAILED  ") + name +
           base::printable(base::json_text_or(step, "said", "")) + "  (" +
           std::to_string(base::json_number_or(step, "took_us", 0) / 1000) + " ms)\n";
  }
  return out;
}

const std::vector<Column> kShared{{"NAME", "name"},
                                  {"SETTING", "setting"},
                                  {"BY", "by"},
                                  {"SINCE", "changed", Kind::Time},
                                  {"WHAT", "title"}};
const std::vector<Column> kSharedOne{{"Name", "name"}, {"Setting", "setting"}, {"What", "title"}};

// Each kind with its fields behind it.
base::Json with_fields(const base::Json& kinds) {
  base::Json out = base::Json::array();
  for (const base::Json& kind : kinds) {
    out.push_back(kind);
    for (const base::Json& field : kind.value("fields", base::Json::array())) out.push_back(field);
  }
  return out;
}

std::string show_preview(const base::Json& answer) {
  return (base::json_bool_or(answer, "shared", false) ? "It is shared.\n"
                                                      : "It is not shared: nothing of this is sent.\n") +
         answer.value("body", base::Json()).dump(2) + "\n";
}

std::string show_sent(const base::Json& answer) {
  std::string out;
  const base::Json items = answer.value("items", base::Json::array());
  for (auto item = items.rbegin(); item != items.rend(); ++item)
    out += local_time(base::json_text_or(*item, "time", "")) + "  " +
           to_json_line(item->value("sent", base::Json())) + "\n";
  return out.empty() ? "Nothing was sent yet.\n" : out;
}

void add_sharing(Program& program) {
  CLI::App* group =
      program.group("sharing", "What Mission Control is told, and whether engineers may come through it");
  program.command(group, "list", "List what can be shared, and whether it is", "sharing list", [&program] {
    return program.ask({http::Method::Get, "/api/v1/sharing", {}}, [](const base::Json& answer) {
      return to_table(with_fields(answer["items"]), kShared, "Nothing.");
    });
  });
  struct Wish {
    std::string name, setting;
  };
  auto wish = std::make_shared<Wish>();
  CLI::App* set = program.command(
      group, "set", "Share it, or no longer",
      "sharing set events on\nsharing set tunnel on\nsharing set proposals ask", [&program, wish] {
        return program.ask({http::Method::Put, "/api/v1/sharing/" + path_segment(wish->name),
                            base::Json{{"setting", wish->setting}}},
                           [](const base::Json& answer) { return to_lines(answer, kSharedOne); });
      });
  set->add_option("name", wish->name,
                  "what: health, usage, events, tunnel, requests, updates, proposals, or a field such as "
                  "health.version")
      ->required()
      ->type_name("NAME");
  set->add_option("setting", wish->setting, "off or on; of proposals also ask")
      ->required()
      ->check(CLI::IsMember({"off", "ask", "on"}))
      ->type_name("SETTING");
}

}  // namespace

void add_link_commands(Program& program) {
  CLI::App* group = program.group("link", "The line to the vendor's Mission Control");
  program.command(group, "show", "Show whether the line is up, and who this installation is there",
                  "link show", [&program] {
                    const auto link_of = [](const base::Json& status) {
                      return status.value("link", base::Json());
                    };
                    return program.ask({http::Method::Get, "/api/v1/status", {}, {}, link_of}, show_link);
                  });

  auto code = std::make_shared<std::string>();
  program
      .command(group, "enrol", "Enrol this installation with the one-time code that the vendor gave",
               "link enrol 7H2KQ-9MZ3T-W4XPB-C8R6D\nlink enrol - < code",
               [&program, code] {
                 if (*code == "-") std::getline(std::cin, *code);
                 return program.ask({http::Method::Post, "/api/v1/link/enrol", base::Json{{"code", *code}}},
                                    show_link);
               })
      ->add_option("code", *code, "the code; - takes the first line of standard input")
      ->required()
      ->type_name("CODE");

  auto limit = std::make_shared<int>(50);
  program
      .command(group, "sent", "Show copies of what Mission Control was sent, the newest last",
               "link sent\nlink sent --limit 500 --json",
               [&program, limit] {
                 return program.ask(
                     {http::Method::Get, "/api/v1/link/sent?limit=" + std::to_string(*limit), {}}, show_sent);
               })
      ->add_option("--limit", *limit, "documents at most, 500 at most; 50 unless said otherwise")
      ->check(CLI::Range(1, 500))
      ->type_name("N");

  auto kind = std::make_shared<std::string>();
  program
      .command(group, "preview", "Show what Mission Control would be sent now, whether it is shared or not",
               "link preview health\nlink preview usage --json",
               [&program, kind] {
                 return program.ask({http::Method::Get, "/api/v1/link/preview/" + path_segment(*kind), {}},
                                    show_preview);
               })
      ->add_option("kind", *kind, "health or usage")
      ->required()
      ->check(CLI::IsMember({"health", "usage"}))
      ->type_name("KIND");

  program.command(group, "check", "Try the line step by step, and say which step fails and why", "link check",
                  [&program] {
                    return program.ask(
                        {http::Method::Post, "/api/v1/link/check", base::Json::object(), all_steps_good},
                        show_steps);
                  });
  add_sharing(program);
}

}  // namespace postern::cli
