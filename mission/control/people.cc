// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Commands about the vendor's people, and what they did. On the machine this needs no sign-in of its own, so it is the way back
// in for whoever has lost password or second factor.
#include <memory>

#include "gateway/cli/accounts.h"
#include "gateway/cli/said.h"
#include "gateway/http/target.h"
#include "mission/control/commands.h"

namespace postern::mission {
namespace {

using cli::Kind;

const std::vector<cli::Column> kActs{{"NUMBER", "number", Kind::Number},
                                     {"TIME", "time", Kind::Time},
                                     {"WHAT", "type"},
                                     {"TO", "subject"},
                                     {"WHO", "actor"},
                                     {"FROM", "from"}};

struct ActsWish {
  std::string actor, type, before, limit = "100";
};

std::string acts_path(const ActsWish& wish) {
  std::string path = "/api/v1/acts?limit=" + cli::path_segment(wish.limit);
  for (const auto& [name, value] :
       {std::pair{"actor", wish.actor}, {"type", wish.type}, {"before", wish.before}}) {
    if (!value.empty()) path.append("&").append(name).append("=").append(cli::path_segment(value));
  }
  return path;
}

}  // namespace

void add_people_commands(cli::Program& program) {
  cli::add_account_commands(program, {"person",
                                      "Who of the vendor may sign in at the page",
                                      "a person",
                                      "people",
                                      "/api/v1/people",
                                      {"viewer", "operator", "administrator"},
                                      "viewer: who reads; operator: who also enrols and retires; "
                                      "administrator: who decides about people too"});
  auto wish = std::make_shared<ActsWish>();
  CLI::App* acts = program.command(
      &program.app(), "acts", "What people did, the newest first",
      "acts\nacts --actor person:alice --type enrolment", [&program, wish] {
        return program.ask({http::Method::Get, acts_path(*wish), {}}, [](const base::Json& answer) {
          return cli::to_table(cli::items_of(answer), kActs, "Nobody has done anything yet.");
        });
      });
  acts->add_option("--actor", wish->actor, "whose: person:alice; person:uid-0 on this machine")
      ->type_name("WHO");
  acts->add_option("--type", wish->type, "itself, and what begins with it and a dot: person, enrolment.made")
      ->type_name("TYPE");
  acts->add_option("--before", wish->before, "older than that number")->type_name("NUMBER");
  acts->add_option("--limit", wish->limit, "how many; 100 unless said otherwise")->type_name("N");
}

}  // namespace postern::mission
