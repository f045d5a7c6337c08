// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How an update begins: who may, whether all nodes are well, and what a dry run says.
#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "gateway/ipc/runner_protocol.h"
#include "gateway/ledger/rolling.h"

namespace postern::ledger {

using audit::EventType;
using base::Json;

namespace {

constexpr std::size_t kSha256Hex = 64;

bool is_sha256_hex(const std::string& text) {
  return text.size() == kSha256Hex && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Json steps_json(const std::vector<RollingStep>& steps) {
  Json out = Json::array();
  for (const RollingStep& step : steps)
    out.push_back({{"kind", to_text(step.kind)},
                   {"does", step.says},
                   {"limit", base::format_duration(step.limit)},
                   {"tolerated", step.tolerated}});
  return out;
}

}  // namespace

void Rolling::begin(const RollingOrder& order, OnBegun begun) {
  if (const auto why = refuse_order(order)) {
    begun({why, Json()});
    return;
  }
  const RollingPlan& plan = *plan_of(order.service);
  seen_.clear();
  beginning_ = Beginning{order, std::move(begun), clock_.monotonic() + kLookTimeout, std::nullopt};
  if (!plan.runs()) {
    beginning_->runner = "";
  } else {
    const std::string why =
        calls_.ask_runner({{"do", "check"}, {"id", order.id}, {"service", order.service}}, {});
    if (!why.empty()) beginning_->runner = why;
  }
  go_on_beginning();
}

std::optional<std::string> Rolling::refuse_order(const RollingOrder& order) const {
  if (under_way())
    return "an update of " + current()->service +
           " is under way: wait until it has ended, or stop it with postern update stop";
  if (beginning_ || told_later_) return "another update is just beginning: try again in a moment";
  const RollingPlan* plan = plan_of(order.service);
  if (plan == nullptr)
    return "the configuration says of no service \"" + base::printable(order.service, 63) +
           "\" how it is updated: it needs a section update with steps";
  if (!is_rolling_version(order.version))
    return "the version must be letters, digits, '.', '_', '+' and '-', 64 at most, and begin with a letter "
           "or a digit, "
           "such as 2.45.1";
  if (order.artefact.empty() != order.sha256.empty() ||
      (!order.sha256.empty() && !is_sha256_hex(order.sha256)))
    return "an artefact needs its SHA-256, 64 hexadecimal digits in lower case";
  if (plan->runs() && !runner_)
    return "the runner, which runs the executables of updates, has ended: restart the gateway";
  return std::nullopt;
}

void Rolling::look_at(const std::string& service, const std::string& node) {
  Seen& seen = seen_[node];
  const base::Nanos now = clock_.monotonic();
  // An enforcer that has no answer by then has none.
  if (seen.task != 0 && now < seen.asked + kLookTimeout) return;
  if (seen.asked != 0 && now < seen.asked + kLookAgain) return;
  seen.asked = now;
  if (service == ipc::kOwnService && node == ipc::kOwnNode) return saw(seen, calls_.look_at_gateway());
  seen.task = calls_.ask_enforcer({{"do", "look"}, {"service", service}, {"node", node}});
}

void Rolling::go_on_beginning() {
  if (told_later_ && calls_.durable() >= told_later_->durable_at) {
    const Later later = *std::exchange(told_later_, std::nullopt);
    later.begun({std::nullopt, later.plan});
  }
  if (!beginning_) return;
  const RollingPlan* plan = plan_of(beginning_->order.service);
  if (plan == nullptr) return finish_beginning("the configuration has changed meanwhile: try again");
  bool known = true;
  for (const std::string& node : plan->nodes) {
    if (!seen_[node].known) look_at(plan->service, node);
    known = known && seen_[node].known;
  }
  const bool late = clock_.monotonic() >= beginning_->deadline;
  if ((!known || !beginning_->runner) && !late) return;
  if (!beginning_->runner) return finish_beginning("the runner does not answer: restart the gateway");
  if (!beginning_->runner->empty()) return finish_beginning(*beginning_->runner);
  finish_beginning(refuse_nodes(beginning_->order, *plan));
}

std::optional<std::string> Rolling::refuse_nodes(const RollingOrder& order, const RollingPlan& plan) const {
  for (const std::string& node : plan.nodes) {
    const Seen& seen = seen_.at(node);
    if (!seen.known) return node + " was not asked in time whether it is healthy: try again";
    if (!seen.healthy)
      return node + " is not healthy (" + seen.why + "): an update begins only where all nodes are";
  }
  for (const std::string& node : nodes_to_update(order, plan)) {
    const std::string& version = seen_.at(node).version;
    const bool fits =
        order.replaces.empty() || !plan.reads_version ||
        std::find(order.replaces.begin(), order.replaces.end(), version) != order.replaces.end();
    if (!fits)
      return node + " is of version " + (version.empty() ? "unknown" : version) +
             ", which this update does not replace";
  }
  if (nodes_to_update(order, plan).empty()) return "all nodes are of version " + order.version + " already";
  return std::nullopt;
}

// Those that are of that version already stay as they are.
std::vector<std::string> Rolling::nodes_to_update(const RollingOrder& order, const RollingPlan& plan) const {
  std::vector<std::string> out;
  for (const std::string& node : plan.nodes) {
    if (!plan.reads_version || seen_.at(node).version != order.version) out.push_back(node);
  }
  return out;
}

Json Rolling::plan_json(const RollingOrder& order, const RollingPlan& plan) const {
  Json nodes = Json::array();
  const std::vector<std::string> wanted = nodes_to_update(order, plan);
  for (const std::string& node : plan.nodes) {
    Json one{{"node", node}, {"healthy", true}};
    one["updates"] = std::find(wanted.begin(), wanted.end(), node) != wanted.end();
    if (!seen_.at(node).version.empty()) one["version"] = seen_.at(node).version;
    nodes.push_back(std::move(one));
  }
  return {{"id", order.id},
          {"service", order.service},
          {"version", order.version},
          {"dry_run", order.dry},
          {"nodes", std::move(nodes)},
          {"min_up", plan.min_up},
          {"pause", base::format_duration(plan.pause)},
          {"reads_version", plan.reads_version},
          {"steps", steps_json(plan.forward)},
          {"roll_back", steps_json(plan.back)}};
}

void Rolling::finish_beginning(const std::optional<std::string>& why) {
  const Beginning done = std::move(*beginning_);
  beginning_.reset();
  state::Rolling named;
  named.id = done.order.id;
  if (why) {
    put(EventType::UpdateRefused, named,
        Detail()
            .text("service", done.order.service)
            .text("version", done.order.version)
            .text("why", *why)
            .text("client", done.order.from)
            .done(),
        done.order.actor);
    return done.begun({why, Json()});
  }
  const RollingPlan& plan = *plan_of(done.order.service);
  const Json shown = plan_json(done.order, plan);
  record_beginning(done.order, plan);
  const bool recorded = done.order.dry || (current() != nullptr && current()->id == done.order.id);
  if (!recorded) return done.begun({"the log cannot be written: try again when it can", Json()});
  if (done.order.dry) return done.begun({std::nullopt, shown});
  told_later_ = Later{work_.durable_at, done.begun, shown};  // whoever asks then finds it
}

void Rolling::record_beginning(const RollingOrder& order, const RollingPlan& plan) {
  state::Rolling named;
  named.id = order.id;
  const std::vector<std::string> nodes = nodes_to_update(order, plan);
  Detail detail;
  detail.text("service", order.service)
      .text("version", order.version)
      .text("before", seen_.at(nodes.front()).version);
  detail.texts("nodes", nodes);
  if (order.dry) {
    put(EventType::UpdateDryRun, named, detail.text("client", order.from).done(), order.actor);
    return;
  }
  detail.number("min_up", plan.min_up).text("artefact", order.artefact).text("sha256", order.sha256);
  detail.text("target", order.target);
  mine_ = order.id;
  work_ = {};
  wants_node_ = 0;
  put(EventType::UpdateStarted, named, detail.text("client", order.from).done(), order.actor);
}

}  // namespace postern::ledger
