// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/updates_part.h"

#include <algorithm>
#include <array>

#include "gateway/ipc/runner_protocol.h"

namespace postern::supervisor {
namespace {

using base::Json;

constexpr std::array<const char*, 4> kActionKinds{"call", "run", "drain", "wait"};

bool reads_version_of(const Config& config, const std::string& service) {
  for (const Monitoring::Service& one : config.monitoring.services) {
    if (one.name != service) continue;
    for (const Monitoring::Source& source : one.sources) {
      if (std::any_of(source.values.begin(), source.values.end(),
                      [](const measure::Wanted& value) { return value.name == measure::kVersion; }))
        return true;
    }
  }
  return false;
}

Json plan_steps_json(const Update& update, bool back) {
  Json out = Json::array();
  for (const UpdateAction& action : actions_of(update, back)) {
    Json one{{"kind", kActionKinds.at(static_cast<std::size_t>(action.kind))}, {"limit_us", action.limit}};
    if (action.step != nullptr) one["says"] = action.step->says();
    if (action.tolerated) one["tolerated"] = true;
    out.push_back(std::move(one));
  }
  return out;
}

template <typename Write>
Json numbered(const Update& update, bool back, UpdateAction::Kind kind, Write write) {
  Json out = Json::array();
  std::int64_t number = 0;
  for (const UpdateAction& action : actions_of(update, back)) {
    ++number;
    if (action.kind != kind) continue;
    Json one = write(*action.step);
    one["step"] = number;
    one["limit_us"] = action.limit;
    out.push_back(std::move(one));
  }
  return out;
}

Json call_json(const UpdateStep& step) {
  return {{"method", step.method},      {"path", step.path}, {"body", step.body},
          {"type", step.type},          {"role", step.role}, {"status_from", step.status_from},
          {"status_to", step.status_to}};
}

}  // namespace

Json ledger_updates_json(const Config& config) {
  Json out = Json::array();
  for (const auto& [name, of, service] : updates_of(config)) {
    const Update& update = *of;
    Json nodes = Json::array();
    if (service == nullptr) nodes.push_back(ipc::kOwnNode);
    if (service != nullptr)
      for (const Node& node : service->nodes) nodes.push_back(node.url);
    const int others = static_cast<int>(nodes.size()) - 1;
    out.push_back({{"service", name},
                   {"nodes", std::move(nodes)},
                   {"min_up", update.min_up < 0 ? others : update.min_up},
                   {"pause_us", update.pause},
                   {"settle_us", update.settle},
                   {"drain_least_us", update.drain_least},
                   {"reads_version", update.own || reads_version_of(config, name)},
                   {"update", plan_steps_json(update, false)},
                   {"roll-back", plan_steps_json(update, true)}});
  }
  return out;
}

Json calendar_json(const MissionControl::Updates& updates, const LineMaterial& material) {
  Json windows = Json::array();
  for (std::size_t i = 0; i < updates.windows.size() && i < material.update_zones.size(); ++i) {
    Json zone = Json::array();
    for (const LocalOffset& one : material.update_zones[i]) zone.push_back({one.since, one.seconds});
    const MissionControl::Window& window = updates.windows[i];
    windows.push_back({{"days", window.days},
                       {"from_minutes", window.from},
                       {"length_us", window.length},
                       {"zone", std::move(zone)}});
  }
  return {{"windows", std::move(windows)}, {"notice_us", updates.notice}};
}

Json enforcer_updates_json(const Config& config) {
  Json out = Json::object();
  for (const Service& service : config.services) {
    if (!service.update) continue;
    for (const bool back : {false, true})
      out[service.name][back ? "roll-back" : "update"] =
          numbered(*service.update, back, UpdateAction::Kind::Call, call_json);
  }
  return out;
}

Json runner_setup_json(const Config& config) {
  Json updates = Json::object();
  std::string user;
  for (const auto& [name, update, service] : updates_of(config)) {
    if (!update->runs()) continue;
    user = update->run_as;
    for (const bool back : {false, true})
      updates[name][back ? "roll-back" : "update"] =
          numbered(*update, back, UpdateAction::Kind::Run, [](const UpdateStep& step) {
            return Json{{"argv", step.argv}};
          });
  }
  if (updates.empty()) return nullptr;
  return {{"user", user}, {"updates", std::move(updates)}};
}

}  // namespace postern::supervisor
