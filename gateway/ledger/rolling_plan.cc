// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/rolling_plan.h"

#include <algorithm>
#include <array>

namespace postern::ledger {
namespace {

using base::Json;

constexpr std::array<std::string_view, 4> kStepKinds{"call", "run", "drain", "wait"};
constexpr std::size_t kRollingVersion = 64;  // bytes

std::vector<RollingStep> parse_rolling_steps(const Json& list) {
  std::vector<RollingStep> out;
  for (const Json& json : list) {
    const std::string kind = base::json_text_or(json, "kind", "");
    const auto* const found = std::find(kStepKinds.begin(), kStepKinds.end(), kind);
    if (found == kStepKinds.end()) continue;
    out.push_back({static_cast<RollingStep::Kind>(found - kStepKinds.begin()),
                   base::json_text_or(json, "says", ""), base::json_number_or(json, "limit_us", 0),
                   base::json_bool_or(json, "tolerated", false)});
  }
  return out;
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string_view to_text(RollingStep::Kind kind) { return kStepKinds.at(static_cast<std::size_t>(kind)); }

bool RollingPlan::runs() const {
  const auto run = [](const RollingStep& step) { return step.kind == RollingStep::Kind::Run; };
  return std::any_of(forward.begin(), forward.end(), run) || std::any_of(back.begin(), back.end(), run);
}

std::vector<RollingPlan> parse_rolling_plans(const Json& part) {
  std::vector<RollingPlan> out;
  for (const Json& json : part.value("updates", Json::array())) {
    if (!json.is_object()) continue;
    RollingPlan plan;
    plan.service = base::json_text_or(json, "service", "");
    plan.nodes = base::json_texts(json, "nodes");
    plan.min_up = static_cast<int>(base::json_number_or(json, "min_up", 0));
    plan.pause = base::json_number_or(json, "pause_us", 0);
    plan.settle = base::json_number_or(json, "settle_us", 0);
    plan.drain_least = base::json_number_or(json, "drain_least_us", 0);
    plan.reads_version = base::json_bool_or(json, "reads_version", false);
    plan.forward = parse_rolling_steps(json.value("update", Json::array()));
    plan.back = parse_rolling_steps(json.value("roll-back", Json::array()));
    out.push_back(std::move(plan));
  }
  return out;
}

bool is_rolling_version(std::string_view text) {
  return !text.empty() && text.size() <= kRollingVersion && is_letter_or_digit(text[0]) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter_or_digit(c) || c == '.' || c == '_' || c == '+' || c == '-';
         });
}

}  // namespace postern::ledger
