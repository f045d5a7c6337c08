// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/state/rolling.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace postern::state {
namespace {

using base::Json;
using base::json_bool_or;
using base::json_number_or;
using base::json_text_or;

constexpr std::array<std::string_view, 5> kRollingPhases{"under_way", "rolling_back", "done", "rolled_back",
                                                         "stopped"};
constexpr std::array<std::string_view, 6> kNodePhases{"waiting", "working",      "updated",
                                                      "failed",  "rolling_back", "rolled_back"};

constexpr auto kRollingConcerned = std::to_array<std::string_view>({
    "update.done",
    "update.node_drained",
    "update.node_draining",
    "update.node_failed",
    "update.node_healthy",
    "update.node_rolled_back",
    "update.node_updated",
    "update.rolled_back",
    "update.rolling_back",
    "update.started",
    "update.step_begun",
    "update.step_run",
    "update.stop_asked",
    "update.stopped",
});

template <typename Enum, std::size_t N>
std::optional<Enum> phase_named(const std::array<std::string_view, N>& names, std::string_view text) {
  const auto it = std::find(names.begin(), names.end(), text);
  if (it == names.end()) return std::nullopt;
  return static_cast<Enum>(it - names.begin());
}

RollingNode* node_of(Rolling& rolling, std::string_view name) {
  const auto it = std::find_if(rolling.nodes.begin(), rolling.nodes.end(),
                               [name](const RollingNode& one) { return one.node == name; });
  return it == rolling.nodes.end() ? nullptr : &*it;
}

void begin_rolling(std::optional<Rolling>& rolling, std::string_view subject, const Json& detail,
                   base::Micros at, const std::string& by) {
  Rolling made;
  made.id = subject;
  made.service = json_text_or(detail, "service", "");
  made.version = json_text_or(detail, "version", "");
  made.before = json_text_or(detail, "before", "");
  made.artefact = json_text_or(detail, "artefact", "");
  made.sha256 = json_text_or(detail, "sha256", "");
  made.by = by;
  made.started = made.since = at;
  for (std::string& name : base::json_texts(detail, "nodes")) {
    RollingNode node;
    node.node = std::move(name);
    node.since = at;
    made.nodes.push_back(std::move(node));
  }
  rolling = std::move(made);
}

void step_is_over(RollingNode& node, std::int64_t step) {
  node.steps = std::max(node.steps, step);
  node.under_way = false;
  node.begun = 0;
}

void fold_rolling_node(Rolling& rolling, RollingNode& node, std::string_view type, const Json& detail) {
  const std::int64_t step = json_number_or(detail, "step", 0);
  if (type == "update.node_draining") {
    node.out = true;
    node.steps = 0;
    node.under_way = false;
    node.begun = 0;
    node.phase = rolling.phase == RollingPhase::Back ? NodePhase::RollingBack : NodePhase::Working;
  } else if (type == "update.step_begun") {
    node.under_way = true;
    ++node.begun;
  } else if (type == "update.step_run") {
    node.under_way = false;
    const std::string outcome = json_text_or(detail, "outcome", "");
    if (outcome == "done" || outcome == "tolerated") step_is_over(node, step);
  } else if (type == "update.node_drained" || type == "update.node_healthy") {
    step_is_over(node, step);
  } else if (type == "update.node_updated" || type == "update.node_rolled_back") {
    node.phase = type == "update.node_updated" ? NodePhase::Updated : NodePhase::RolledBack;
    node.out = false;
    node.why.clear();
  } else if (type == "update.node_failed") {
    node.phase = NodePhase::Failed;
    node.under_way = false;
    node.why = json_text_or(detail, "why", "");
  }
}

std::optional<RollingPhase> ended_by(std::string_view type) {
  if (type == "update.done") return RollingPhase::Done;
  if (type == "update.rolled_back") return RollingPhase::RolledBack;
  if (type == "update.stopped") return RollingPhase::Stopped;
  return std::nullopt;
}

Json node_to_json(const RollingNode& node) {
  return {{"node", node.node},   {"phase", static_cast<int>(node.phase)},
          {"steps", node.steps}, {"under_way", node.under_way},
          {"begun", node.begun}, {"out", node.out},
          {"why", node.why},     {"since", node.since}};
}

}  // namespace

std::string_view to_text(RollingPhase phase) { return kRollingPhases.at(static_cast<std::size_t>(phase)); }
std::string_view to_text(NodePhase phase) { return kNodePhases.at(static_cast<std::size_t>(phase)); }

const RollingNode* Rolling::find(std::string_view name) const {
  const auto it =
      std::find_if(nodes.begin(), nodes.end(), [name](const RollingNode& one) { return one.node == name; });
  return it == nodes.end() ? nullptr : &*it;
}

bool Rolling::is_out(std::string_view of_service, std::string_view name) const {
  const RollingNode* found = of_service == service ? find(name) : nullptr;
  return found != nullptr && found->out;
}

bool concerns_rolling(std::string_view event_type) {
  return std::binary_search(kRollingConcerned.begin(), kRollingConcerned.end(), event_type);
}

void fold_rolling(std::optional<Rolling>& rolling, std::string_view type, std::string_view subject,
                  const Json& detail, base::Micros at, const std::string& by) {
  if (type == "update.started") return begin_rolling(rolling, subject, detail, at, by);
  if (!rolling || rolling->id != subject) return;
  rolling->since = at;
  if (RollingNode* node = node_of(*rolling, json_text_or(detail, "node", "")); node != nullptr) {
    fold_rolling_node(*rolling, *node, type, detail);
    node->since = at;
    return;
  }
  if (type == "update.stop_asked") rolling->stop_asked = true;
  if (type == "update.rolling_back") {
    rolling->phase = RollingPhase::Back;
    rolling->ended = 0;
    rolling->why = json_text_or(detail, "why", "");
  }
  if (const auto phase = ended_by(type)) {
    rolling->phase = *phase;
    rolling->ended = at;
    if (const std::string why = json_text_or(detail, "why", ""); !why.empty()) rolling->why = why;
  }
}

Json to_json(const Rolling& rolling) {
  Json nodes = Json::array();
  for (const RollingNode& node : rolling.nodes) nodes.push_back(node_to_json(node));
  return {{"id", rolling.id},
          {"service", rolling.service},
          {"version", rolling.version},
          {"before", rolling.before},
          {"artefact", rolling.artefact},
          {"sha256", rolling.sha256},
          {"by", rolling.by},
          {"phase", static_cast<int>(rolling.phase)},
          {"stop_asked", rolling.stop_asked},
          {"why", rolling.why},
          {"started", rolling.started},
          {"ended", rolling.ended},
          {"since", rolling.since},
          {"nodes", std::move(nodes)}};
}

std::optional<Rolling> rolling_from_json(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  Rolling out;
  out.id = json_text_or(json, "id", "");
  out.service = json_text_or(json, "service", "");
  out.version = json_text_or(json, "version", "");
  out.before = json_text_or(json, "before", "");
  out.artefact = json_text_or(json, "artefact", "");
  out.sha256 = json_text_or(json, "sha256", "");
  out.by = json_text_or(json, "by", "");
  out.why = json_text_or(json, "why", "");
  out.stop_asked = json_bool_or(json, "stop_asked", false);
  out.started = json_number_or(json, "started", 0);
  out.ended = json_number_or(json, "ended", 0);
  out.since = json_number_or(json, "since", 0);
  const std::int64_t phase = json_number_or(json, "phase", -1);
  const auto nodes = json.find("nodes");
  if (out.id.empty() || phase < 0 || phase >= static_cast<std::int64_t>(kRollingPhases.size()) ||
      nodes == json.end() || !nodes->is_array())
    return std::nullopt;
  out.phase = static_cast<RollingPhase>(phase);
  for (const Json& one : *nodes) {
    RollingNode node;
    const std::int64_t at = one.is_object() ? json_number_or(one, "phase", -1) : -1;
    if (at < 0 || at >= static_cast<std::int64_t>(kNodePhases.size())) return std::nullopt;
    node.node = json_text_or(one, "node", "");
    node.phase = static_cast<NodePhase>(at);
    node.steps = json_number_or(one, "steps", 0);
    node.under_way = json_bool_or(one, "under_way", false);
    node.begun = json_number_or(one, "begun", 0);
    node.out = json_bool_or(one, "out", false);
    node.why = json_text_or(one, "why", "");
    node.since = json_number_or(one, "since", 0);
    out.nodes.push_back(std::move(node));
  }
  return out;
}

Json view(const Rolling& rolling) {
  Json nodes = Json::array();
  for (const RollingNode& node : rolling.nodes) {
    Json one{{"node", node.node},   {"state", to_text(node.phase)},
             {"steps", node.steps}, {"under_way", node.under_way},
             {"out", node.out},     {"since", base::format_time(node.since)}};
    if (!node.why.empty()) one["why"] = node.why;
    nodes.push_back(std::move(one));
  }
  Json out{{"id", rolling.id},           {"service", rolling.service},
           {"version", rolling.version}, {"state", to_text(rolling.phase)},
           {"by", rolling.by},           {"started", base::format_time(rolling.started)},
           {"nodes", std::move(nodes)}};
  if (!rolling.before.empty()) out["before"] = rolling.before;
  if (!rolling.artefact.empty()) out["artefact"] = rolling.artefact;
  if (!rolling.sha256.empty()) out["sha256"] = rolling.sha256;
  if (rolling.stop_asked && rolling.under_way()) out["stop_asked"] = true;
  if (!rolling.why.empty()) out["why"] = rolling.why;
  if (rolling.ended != 0) out["ended"] = base::format_time(rolling.ended);
  return out;
}

}  // namespace postern::state
