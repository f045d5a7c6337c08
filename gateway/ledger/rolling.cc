// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which node is next, and which way; what people and answers say. What is done to a node: rolling_steps.cc.
#include "gateway/ledger/rolling.h"

#include <algorithm>

namespace postern::ledger {

using audit::EventType;
using base::Json;
using state::NodePhase;
using state::RollingNode;
using state::RollingPhase;

Rolling::Rolling(const base::Clock& clock, Calls calls) : clock_(clock), calls_(std::move(calls)) {}

void Rolling::configure(std::vector<RollingPlan> plans) { plans_ = std::move(plans); }

const RollingPlan* Rolling::plan_of(const std::string& service) const {
  const auto it = std::find_if(plans_.begin(), plans_.end(),
                               [&](const RollingPlan& plan) { return plan.service == service; });
  return it == plans_.end() ? nullptr : &*it;
}

const state::Rolling* Rolling::current() const {
  const auto& now = calls_.state();
  return now ? &*now : nullptr;
}

bool Rolling::under_way() const { return current() != nullptr && current()->under_way(); }

Json Rolling::progress() const { return current() == nullptr ? Json() : state::view(*current()); }

bool Rolling::put(EventType type, const state::Rolling& of, std::string detail, const std::string& actor) {
  const auto durable_at = calls_.record(Draft{type, actor, {}, of.id, {}, std::move(detail), false});
  if (durable_at) work_.durable_at = *durable_at;
  return durable_at.has_value();
}

// --- people

std::optional<std::string> Rolling::stop(const std::string& actor, const std::string& from) {
  if (!under_way()) return "no update is under way";
  if (current()->phase == RollingPhase::Back)
    return "the update is being rolled back: that is not stopped half-way";
  if (current()->stop_asked) return std::nullopt;
  if (put(EventType::UpdateStopAsked, *current(),
          Detail().text("service", current()->service).text("client", from).done(), actor))
    return std::nullopt;
  return "the log cannot be written: try again when it can";
}

std::optional<std::string> Rolling::roll_back(const std::string& actor, const std::string& from) {
  const state::Rolling* now = current();
  if (now == nullptr || beginning_) return "there is no update to roll back";
  if (now->phase == RollingPhase::Back) return "the update is being rolled back already";
  if (now->phase == RollingPhase::RolledBack) return "the last update was rolled back already";
  const RollingPlan* plan = plan_of(now->service);
  if (plan == nullptr || plan->back.empty())
    return "the configuration has no roll_back for " + now->service + ", so there is no way back";
  if (plan->runs() && !runner_)
    return "the runner, which runs the executables of updates, has ended: restart the gateway";
  const bool touched = std::any_of(now->nodes.begin(), now->nodes.end(), [](const RollingNode& node) {
    return node.out || node.phase == NodePhase::Updated;
  });
  if (!touched && !now->under_way()) return "the last update reached no node";
  mine_ = now->id;
  go_back(*now, *plan, "an admin wants it", actor, from);
  return std::nullopt;
}

// --- answers

std::optional<Rolling::Turn> Rolling::turn() const {
  if (!under_way()) return std::nullopt;
  const state::Rolling& now = *current();
  const RollingPlan* plan = plan_of(now.service);
  if (plan == nullptr) return std::nullopt;
  const auto it = std::find_if(now.nodes.begin(), now.nodes.end(), [](const RollingNode& node) {
    return node.phase == NodePhase::Working || node.phase == NodePhase::RollingBack;
  });
  if (it == now.nodes.end()) return std::nullopt;
  Turn out{now, *plan, *it};
  const bool forward = it->phase == NodePhase::Working;
  const std::vector<RollingStep>& steps = forward ? plan->forward : plan->back;
  if (it->steps >= 0 && it->steps < static_cast<std::int64_t>(steps.size()))
    out.step = &steps[static_cast<std::size_t>(it->steps)];
  return out;
}

void Rolling::saw(Seen& seen, const Json& answer) {
  seen.task = 0;
  seen.known = true;
  seen.at = clock_.monotonic();
  seen.healthy = base::json_bool_or(answer, "healthy", false);
  seen.why = base::json_text_or(answer, "why", "");
  seen.version = base::json_text_or(answer, "version", "");
}

void Rolling::enforcer_answered(std::uint64_t task, const Json& answer) {
  for (auto& [node, seen] : seen_) {
    if (seen.task == task) saw(seen, answer);
  }
  if (std::erase(work_.drains, task) > 0) work_.cut += base::json_number_or(answer, "cut", 0);
  if (work_.task == task && task != 0) {
    work_.task = 0;
    if (const auto now = turn(); now && now->step != nullptr) step_ended(*now, answer);
  }
  look();
}

void Rolling::enforcer_gone(std::uint64_t task) {
  for (auto& [node, seen] : seen_) {
    if (seen.task == task) seen.task = 0;
  }
  std::erase(work_.drains, task);  // what it had under way has ended with it
  if (work_.task != task || task == 0) return;
  work_.task = 0;
  work_.resolving = true;
  work_.since = clock_.monotonic();
  work_.why = "the enforcer that sent the call ended before its answer came";
}

void Rolling::runner_answered(const Json& answer) {
  const std::string id = base::json_text_or(answer, "id", "");
  if (beginning_ && base::json_text_or(answer, "do", "") == "check" && id == beginning_->order.id) {
    beginning_->runner = base::json_bool_or(answer, "ok", false)
                             ? ""
                             : base::json_text_or(answer, "why", "the runner cannot run what is configured");
    return look();
  }
  if (id.empty() || id != work_.of || !work_.sent || work_.resolving) return;
  const std::string outcome = base::json_text_or(answer, "outcome", "");
  if (outcome == "running") return;
  const auto now = turn();
  if (!now || now->step == nullptr || now->step->kind != RollingStep::Kind::Run) return;
  if (outcome == "unknown") {
    work_.resolving = true;
    work_.since = clock_.monotonic();
    work_.why = "the gateway was restarted while the step ran";
  } else {
    step_ended(*now, answer);
  }
  look();
}

void Rolling::runner_gone() {
  runner_ = false;
  if (beginning_)
    beginning_->runner = "the runner, which runs the executables of updates, has ended: restart the gateway";
  const auto now = turn();
  if (!now || now->step == nullptr || now->step->kind != RollingStep::Kind::Run || !work_.sent) return;
  work_.resolving = true;
  work_.since = clock_.monotonic();
  work_.why = "the runner ended while the step ran";
}

// --- time

void Rolling::look() {
  go_on_beginning();
  if (!under_way()) return;
  const state::Rolling& now = *current();
  const RollingPlan* plan = plan_of(now.service);
  if (plan == nullptr)
    return end(now, RollingOutcome::Stopped,
               "the configuration does not say any more how the service is updated");
  if (now.id != mine_) {
    Detail detail;
    detail.text("service", now.service);
    if (const auto at = turn()) detail.text("node", at->node.node).number("step", at->number());
    if (!put(EventType::UpdateResumed, now, detail.text("why", "the ledger came anew").done())) return;
    mine_ = now.id;
    seen_.clear();
    work_.of.clear();
  }
  if (calls_.durable() < work_.durable_at) return;
  advance(now, *plan);
}

void Rolling::advance(const state::Rolling& now, const RollingPlan& plan) {
  if (const auto at = turn()) {
    // Rolled back in the middle of a node: what runs on it ends first.
    if (at->back() && at->node.phase == NodePhase::Working && !at->node.under_way)
      return enter(now, plan, at->node);
    return go_on(*at);
  }
  if (now.phase == RollingPhase::Back) return next_back(now, plan);
  next_node(now, plan);
}

void Rolling::next_node(const state::Rolling& now, const RollingPlan& plan) {
  base::Micros last = 0;
  for (const RollingNode& node : now.nodes) {
    // The ledger ended between the two events.
    if (node.phase == NodePhase::Failed)
      return go_back(now, plan, node.node + ": " + node.why, "gateway", {});
    if (node.phase == NodePhase::Updated) last = std::max(last, node.since);
    if (node.phase != NodePhase::Waiting) continue;
    if (now.stop_asked) return end(now, RollingOutcome::Stopped, "an admin stopped it");
    if (last != 0 && clock_.wall() < last + plan.pause) return;
    return enter(now, plan, node);
  }
  end(now, RollingOutcome::Done, {});
}

// The one that failed first, then the others, the last one first.
void Rolling::next_back(const state::Rolling& now, const RollingPlan& plan) {
  for (const RollingNode& node : now.nodes) {
    if (node.phase == NodePhase::Failed && node.out) return enter(now, plan, node);
  }
  for (auto node = now.nodes.rbegin(); node != now.nodes.rend(); ++node) {
    if (node->phase == NodePhase::Updated) return enter(now, plan, *node);
  }
  end(now, RollingOutcome::RolledBack, now.why);
}

bool Rolling::others_suffice(const RollingPlan& plan, const std::string& node, std::string& why) {
  int healthy = 0;
  for (const std::string& other : plan.nodes) {
    if (other == node) continue;
    look_at(plan.service, other);
    const Seen& seen = seen_[other];
    const bool fresh = seen.known && clock_.monotonic() < seen.at + kFresh;
    if (fresh && seen.healthy) {
      ++healthy;
    } else if (fresh) {
      why = other + " is not healthy" + (seen.why.empty() ? "" : " (" + seen.why + ")");
    }
  }
  if (healthy >= plan.min_up) return true;
  why = "of the other nodes " + std::to_string(healthy) + " are healthy, and min_up is " +
        std::to_string(plan.min_up) + (why.empty() ? "" : ": " + why);
  return false;
}

void Rolling::enter(const state::Rolling& now, const RollingPlan& plan, const RollingNode& node) {
  std::string why;
  if (!node.out && !others_suffice(plan, node.node, why)) {
    const base::Nanos at = clock_.monotonic();
    if (wants_node_ == 0) wants_node_ = at;
    if (at < wants_node_ + kResolveFor) return;
    wants_node_ = 0;
    return node_failed({now, plan, node, nullptr}, why);
  }
  wants_node_ = 0;
  seen_.clear();
  work_.of.clear();
  put(EventType::UpdateNodeDraining, now,
      Detail().text("service", now.service).text("node", node.node).done());
}

void Rolling::go_back(const state::Rolling& now, const RollingPlan& plan, const std::string& why,
                      const std::string& actor, const std::string& from) {
  if (plan.back.empty())
    return end(now, RollingOutcome::Stopped, why + "; the configuration has no roll_back");
  put(EventType::UpdateRollingBack, now,
      Detail().text("service", now.service).text("why", why).text("client", from).done(), actor);
}

void Rolling::end(const state::Rolling& now, RollingOutcome outcome, const std::string& why) {
  const std::string id = now.id;
  Detail detail;
  detail.text("service", now.service).text("version", now.version).text("why", why);
  std::vector<std::string> updated, left;
  for (const RollingNode& node : now.nodes) {
    if (node.phase == NodePhase::Updated) updated.push_back(node.node);
    if (node.phase == NodePhase::Waiting) left.push_back(node.node);
  }
  EventType type = EventType::UpdateRolledBack;
  if (outcome == RollingOutcome::Done) {
    type = EventType::UpdateDone;
    detail.texts("nodes", updated);
  } else if (outcome == RollingOutcome::Stopped) {
    type = EventType::UpdateStopped;
    detail.texts("updated", updated).texts("left", left);
  }
  detail.number("duration_us", clock_.wall() - now.started);
  if (put(type, now, detail.done()) && ended_) ended_(id, outcome, why);
}

}  // namespace postern::ledger
