// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "base/log.h"
#include "gateway/supervisor/parts.h"
#include "gateway/supervisor/reload.h"
#include "gateway/supervisor/supervisor_internals.h"

namespace postern::supervisor {
namespace {

base::Json rejection(const std::vector<FileFault>& faults) {
  return {{"file", faults.front().file},
          {"faults", faults.size()},
          {"first_fault", format_faults({faults.front()})}};
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace

void Supervisor::Internals::tell_of_nodes(const Config& before, const std::string& actor) {
  for (const NodeChange& one : node_changes(before, *config))
    ledger.append(one.added ? audit::EventType::NodeAdded : audit::EventType::NodeRemoved, actor, one.node,
                  {{"service", one.service}, {"node", one.node}});
}

void Supervisor::Internals::reload_all(std::string_view kind) {
  crew.each([&](Child& child) {
    if (child.kind() == kind && child.alive()) reload_with_files(child);
  });
}

void Supervisor::Internals::reload_with_files(Child& child) {
  Child::Beginning anew = beginning_of(child, given());
  child.reload(anew.config, anew.names, std::move(anew.fds));
}

void Supervisor::Internals::reload(const std::string& actor, const std::string& from, const OnAnswer& done) {
  const bool handing_over = taking() || (giver != nullptr && giver->busy());
  if (handing_over || std::exchange(reloading, true)) {
    const base::Json busy = base::Json::array(
        {{{"file", plan.config_path},
          {"line", 0},
          {"column", 0},
          {"message", handing_over ? "a hand-over is under way" : "a reload is under way"}}});
    return done(
        {{"config", {{"ok", false}, {"faults", busy}}}, {"policy", {{"ok", false}, {"faults", busy}}}});
  }
  LoadedConfig wanted = load_config(plan.config_path, plan.cores);
  if (wanted.config != nullptr) {
    for (base::Fault& fault : faults_of_change(*config, *wanted.config)) {
      wanted.config_faults.push_back({plan.config_path, std::move(fault)});
    }
  }
  if (wanted.material != nullptr) {
    for (base::Fault& fault : faults_of_token_keys(*config, *material, *wanted.config, *wanted.material))
      wanted.config_faults.push_back({plan.config_path, std::move(fault)});
  }
  if (!wanted.ok()) return reject(wanted, actor, done);
  adopt(std::move(wanted), actor, from, done);
}

void Supervisor::Internals::reject(const LoadedConfig& wanted, const std::string& actor,
                                   const OnAnswer& done) {
  reloading = false;
  const auto tell = [&](const std::vector<FileFault>& faults, audit::EventType type) {
    if (faults.empty()) return;
    base::log_error("nothing was reloaded:\n" + format_faults(faults));
    ledger.append(type, actor, faults.front().file, rejection(faults));
  };
  tell(wanted.config_faults, audit::EventType::ConfigRejected);
  tell(wanted.policy_faults, audit::EventType::PolicyRejected);
  done({{"config", {{"ok", wanted.config_faults.empty()}, {"faults", faults_json(wanted.config_faults)}}},
        {"policy", {{"ok", wanted.policy_faults.empty()}, {"faults", faults_json(wanted.policy_faults)}}}});
}

void Supervisor::Internals::adopt(LoadedConfig wanted, const std::string& actor, const std::string& from,
                                  const OnAnswer& done) {
  const auto next = std::make_shared<Config>(*wanted.config);
  keep_node_numbers(*config, *next, next_node);
  prepare(*material, *next, *wanted.material);
  const std::vector<std::string> changed = differences(*config, *material, *next, *wanted.material);
  const base::Json policy_changes = compare_policies(*material->policy, *wanted.material->policy);
  const bool new_keys = keys_differ(*material, *wanted.material) ||
                        keeper_part(*config, *material) != keeper_part(*next, *wanted.material);
  const auto before = std::exchange(config, next);
  material = std::move(wanted.material);
  put_in_force();
  if (!changed.empty()) spread(changed, new_keys, actor);
  tell_of_nodes(*before, actor);
  if (before->monitoring.every != config->monitoring.every && measure_timer.running())
    measure_timer.start(0, config->monitoring.every * 1000);
  upkeep.tell_of_expiry();
  upkeep.tell_of_flaws();
  revocations.tell_of_crls();
  base::Json answer = {{"config", {{"ok", true}, {"faults", base::Json::array()}, {"changed", changed}}}};
  handover.put_changed(actor, from, policy_changes,
                       [this, answer = std::move(answer), done](const base::Json& policy_answer) {
                         reloading = false;
                         base::Json said = answer;
                         said["policy"] = policy_answer;
                         done(said);
                       });
}

void Supervisor::Internals::spread(const std::vector<std::string>& changed, bool new_keys,
                                   const std::string& actor) {
  ledger.append(audit::EventType::ConfigChanged, actor, plan.config_path,
                {{"file", plan.config_path}, {"changed", joined(changed)}});
  // The keeper first: the new channels to it come to the terminators before their new certificates do.
  if (new_keys) crew.renew_keys(beginning_of(crew.keeper(), given()));
  crew.each([this](Child& child) {
    if (child.kind() == "keeper" || !child.alive()) return;
    if (child.kind() != "enforcer" && child.kind() != "link") return child.reload(part_of(child, given()));
    reload_with_files(child);
  });
}

void Supervisor::Internals::spread_material() {
  crew.renew_keys(beginning_of(crew.keeper(), given()));
  crew.each([this](Child& child) {
    if (!child.alive()) return;
    if (child.kind() == "link") return reload_with_files(child);
    if (child.kind() == "console" || child.kind() == "ledger" ||
        (child.kind() == "terminator" && listener_of(child) == "support"))
      child.reload(part_of(child, given()));
  });
}

}  // namespace postern::supervisor
