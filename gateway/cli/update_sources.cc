// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where the vendor's updates come from: docs/UPDATES.md, "At the customer".
#include "gateway/cli/update_sources.h"

#include "base/bytes.h"
#include "gateway/cli/table.h"

namespace postern::cli {
namespace {

using base::Json;

const std::vector<Column> kSource{
    {"Root", "root.version"},           {"Root ends", "root.expires", Kind::Time},
    {"Timestamp", "timestamp.version"}, {"Timestamp ends", "timestamp.expires", Kind::Time},
    {"Targets", "targets.version"},     {"Targets end", "targets.expires", Kind::Time},
    {"Looked", "looked", Kind::Time},   {"Problem", "problem"}};
const std::vector<Column> kOffered{{"NAME", "name"},
                                   {"OF", "of"},
                                   {"VERSION", "version"},
                                   {"SEVERITY", "severity"},
                                   {"BYTES", "bytes", Kind::Number},
                                   {"HERE", "have", Kind::Number},
                                   {"STATE", "state"},
                                   {"WHY", "why"}};
const std::vector<Column> kNotCounted{{"LEFT OUT", "name"}, {"WHY", "why"}};

std::string state_of_offer(const Json& offer) {
  if (base::json_bool_or(offer, "suspended", false)) return "suspended";
  if (base::json_bool_or(offer, "whole", false)) return "here";
  return base::json_bool_or(offer, "wanted", false) ? "fetched" : "offered";
}

std::string show_sources(const Json& answer) {
  if (!base::json_bool_or(answer, "configured", false))
    return "No root of the vendor's is configured, or this installation is not enrolled: set "
           "mission_control.updates.root in postern.yaml (docs/UPDATES.md).\n";
  std::string out = to_lines(answer, kSource) + "\n";
  if (!base::json_bool_or(answer, "shared", false))
    return out + "Nothing is asked of Mission Control: postern sharing set updates on\n";
  Json offers = answer.value("offers", Json::array());
  for (Json& offer : offers) offer["state"] = state_of_offer(offer);
  out += to_table(offers, kOffered, "Nothing is offered.");
  const Json left_out = answer.value("left_out", Json::array());
  return left_out.empty() ? out : out + "\n" + to_table(left_out, kNotCounted, "");
}

}  // namespace

void add_update_sources(Program& program, CLI::App* group) {
  auto look = std::make_shared<bool>(false);
  CLI::App* sources = program.command(
      group, "sources",
      "Show what is believed of the vendor's updates, what is offered, and how far it is here",
      "update sources\nupdate sources --look", [&program, look] {
        if (*look)
          return program.ask({http::Method::Post, "/api/v1/updates/sources/look", Json::object()},
                             show_sources);
        return program.ask({http::Method::Get, "/api/v1/updates/sources", {}}, show_sources);
      });
  sources->add_flag("--look", *look, "have Mission Control asked for news now");
}

}  // namespace postern::cli
