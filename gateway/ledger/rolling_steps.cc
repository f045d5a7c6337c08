// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is done to one node: drain, steps, wait.
#include <algorithm>

#include "gateway/ledger/rolling.h"

namespace postern::ledger {

using audit::EventType;
using base::Json;
using state::NodePhase;

namespace {

const char* direction_of(bool back) { return back ? "roll-back" : "update"; }

std::string why_of(const Json& answer) {
  std::string why = base::json_text_or(answer, "why", "");
  const std::string outcome = base::json_text_or(answer, "outcome", "");
  if (!why.empty()) return why;
  if (outcome == "exit") return "status " + std::to_string(base::json_number_or(answer, "status", 0));
  if (outcome == "signal") return "signal " + std::to_string(base::json_number_or(answer, "signal", 0));
  if (outcome == "timed_out") return "it took longer than its limit, and was killed";
  return "it answered " + std::to_string(base::json_number_or(answer, "status", 0));
}

std::string outcome_of(RollingStep::Kind kind, const Json& answer) {
  if (kind == RollingStep::Kind::Call) return base::json_bool_or(answer, "ok", false) ? "done" : "failed";
  const std::string outcome = base::json_text_or(answer, "outcome", "");
  if (outcome == "timed_out" || outcome == "unknown") return outcome;
  return outcome == "exit" && base::json_number_or(answer, "status", 1) == 0 ? "done" : "failed";
}

}  // namespace

std::string Rolling::wanted_version(const Turn& turn) const {
  if (!turn.plan.reads_version) return {};
  return turn.node.phase == NodePhase::RollingBack ? turn.now.before : turn.now.version;
}

void Rolling::go_on(const Turn& turn) {
  const bool back = turn.node.phase == NodePhase::RollingBack;
  if (turn.step == nullptr) {  // all are done
    put(back ? EventType::UpdateNodeRolledBack : EventType::UpdateNodeUpdated, turn.now,
        Detail()
            .text("service", turn.now.service)
            .text("node", turn.node.node)
            .text("version", wanted_version(turn))
            .done());
    return;
  }
  begin_work(turn);
  switch (turn.step->kind) {
    case RollingStep::Kind::Drain:
      return do_drain(turn);
    case RollingStep::Kind::Wait:
      return do_wait(turn);
    default:
      return do_step(turn);
  }
}

void Rolling::begin_work(const Turn& turn) {
  const bool back = turn.node.phase == NodePhase::RollingBack;
  // What is under way was counted when it was begun.
  const std::int64_t times = turn.node.under_way ? turn.node.begun : turn.node.begun + 1;
  std::string of = turn.now.id + "/" + turn.node.node + "/" + direction_of(back) + "/" +
                   std::to_string(turn.number()) + "/" + std::to_string(times);
  if (work_.of == of) return;
  const std::uint64_t durable_at = work_.durable_at;
  work_ = {};
  work_.of = std::move(of);
  work_.durable_at = durable_at;
  work_.since = clock_.monotonic();
}

void Rolling::do_drain(const Turn& turn) {
  const base::Nanos now = clock_.monotonic();
  if (!work_.sent) {
    work_.sent = true;
    work_.since = now;
    work_.drains = calls_.ask_all_enforcers({{"do", "drain"},
                                             {"service", turn.now.service},
                                             {"node", turn.node.node},
                                             {"limit_us", turn.step->limit},
                                             {"least_us", turn.plan.drain_least}});
  }
  if (!work_.drains.empty() && now < work_.since + turn.step->limit * 1000 + kGrace) return;
  put(EventType::UpdateNodeDrained, turn.now,
      Detail()
          .text("service", turn.now.service)
          .text("node", turn.node.node)
          .number("step", turn.number())
          .number("cut", work_.cut)
          .number("missing", static_cast<std::int64_t>(work_.drains.size()))
          .number("duration_us", (now - work_.since) / 1000)
          .done());
}

void Rolling::do_wait(const Turn& turn) {
  look_at(turn.now.service, turn.node.node);
  const Seen& seen = seen_[turn.node.node];
  const base::Nanos now = clock_.monotonic();
  const std::string version = wanted_version(turn);
  const bool well = seen.known && seen.healthy && (version.empty() || seen.version == version);
  if (!well) work_.healthy_since = 0;
  if (well && work_.healthy_since == 0) work_.healthy_since = now;
  if (well && now >= work_.healthy_since + turn.plan.settle * 1000) {
    put(EventType::UpdateNodeHealthy, turn.now,
        Detail()
            .text("service", turn.now.service)
            .text("node", turn.node.node)
            .number("step", turn.number())
            .text("version", seen.version)
            .number("duration_us", (now - work_.since) / 1000)
            .done());
    return;
  }
  if (now < work_.since + turn.step->limit * 1000) return;
  if (!seen.known) return node_failed(turn, "nobody could ask whether it is healthy");
  if (!seen.healthy) return node_failed(turn, "it was not healthy in time: " + seen.why);
  if (!version.empty() && seen.version != version)
    return node_failed(turn, "it is healthy, but of version " +
                                 (seen.version.empty() ? "unknown" : seen.version) + " and not " + version);
  node_failed(turn, "it was not healthy for long enough");
}

void Rolling::do_step(const Turn& turn) {
  if (work_.resolving) return resolve(turn);
  if (!work_.begun && turn.node.under_way) {  // by a former ledger
    work_.begun = work_.sent = true;
    std::string why = "the ledger came anew while the call was under way";
    if (turn.step->kind == RollingStep::Kind::Run)
      why = calls_.ask_runner({{"do", "ask"}, {"id", work_.of}}, {});
    if (why.empty()) return;  // it answers
    work_.resolving = true;
    work_.why = std::move(why);
    return;
  }
  if (!work_.begun) {
    const bool back = turn.node.phase == NodePhase::RollingBack;
    if (turn.node.begun >= kMostTimes) return node_failed(turn, "its step was interrupted too often");
    Detail detail;
    detail.text("service", turn.now.service).text("node", turn.node.node).number("step", turn.number());
    detail.text("direction", direction_of(back))
        .text("kind", to_text(turn.step->kind))
        .text("does", turn.step->says);
    detail.number("times", turn.node.begun + 1);
    const std::string of = work_.of;
    if (!put(EventType::UpdateStepBegun, turn.now, detail.done())) return;
    work_.begun = true;
    return;  // until that is durable
  }
  const base::Nanos now = clock_.monotonic();
  if (!work_.sent) return send_step(turn);
  if (now < work_.since + turn.step->limit * 1000 + kGrace) return;
  work_.task = 0;
  work_.resolving = true;
  work_.since = now;
  work_.why = "nobody said in time what came of it";
}

void Rolling::send_step(const Turn& turn) {
  const bool back = turn.node.phase == NodePhase::RollingBack;
  const bool run = turn.step->kind == RollingStep::Kind::Run;
  Json order{{"do", run ? "run" : "call"}, {"service", turn.now.service}, {"node", turn.node.node},
             {"list", direction_of(back)}, {"step", turn.number()},       {"version", turn.now.version},
             {"before", turn.now.before}};
  const base::Nanos now = clock_.monotonic();
  std::string why;
  if (run) {
    order["id"] = work_.of;
    if (!turn.now.sha256.empty()) {
      order["sha256"] = turn.now.sha256;
      order["artefact"] = turn.now.artefact;
    }
    why = calls_.ask_runner(order, turn.now.artefact);
    if (!why.empty()) return step_ended(turn, {{"outcome", "refused"}, {"why", why}});
  } else {
    work_.task = calls_.ask_enforcer(order);
    if (work_.task == 0 && now < work_.since + kGrace) return;  // it comes back
    if (work_.task == 0) return step_ended(turn, {{"ok", false}, {"why", "there is no enforcer to send it"}});
  }
  work_.sent = true;
  work_.since = now;
}

// Nobody knows what came of a step: it is not done a second time where it can be seen that it was done, and in an update never.
void Rolling::resolve(const Turn& turn) {
  const bool back = turn.node.phase == NodePhase::RollingBack;
  look_at(turn.now.service, turn.node.node);
  const Seen& seen = seen_[turn.node.node];
  const std::string version = wanted_version(turn);
  const bool shows = seen.known && seen.healthy && !version.empty() && seen.version == version;
  if (shows) {
    return step_ended(turn, {{"ok", true},
                             {"outcome", "exit"},
                             {"status", 0},
                             {"why", work_.why + "; the node is healthy and of version " + version}});
  }
  const bool may_show = !version.empty() && clock_.monotonic() < work_.since + kResolveFor;
  if (may_show) return;
  const std::string why = work_.why + (version.empty() ? "" : "; the node does not show that it was done");
  step_ended(turn, {{"ok", false}, {"outcome", "unknown"}, {"why", why}, {"again", back}});
}

void Rolling::step_ended(const Turn& turn, const Json& answer) {
  const bool back = turn.node.phase == NodePhase::RollingBack;
  std::string outcome = outcome_of(turn.step->kind, answer);
  if (base::json_text_or(answer, "outcome", "") == "unknown") outcome = "unknown";
  const bool done = outcome == "done";
  if (!done && turn.step->tolerated && outcome != "unknown") outcome = "tolerated";
  const std::string why = done ? base::json_text_or(answer, "why", "") : why_of(answer);
  Detail detail;
  detail.text("service", turn.now.service).text("node", turn.node.node).number("step", turn.number());
  detail.text("direction", direction_of(back))
      .text("kind", to_text(turn.step->kind))
      .text("does", turn.step->says);
  detail.text("outcome", outcome);
  const bool run = turn.step->kind == RollingStep::Kind::Run;
  if (answer.contains("status"))
    detail.number(run ? "exit_code" : "status", base::json_number_or(answer, "status", 0));
  if (answer.contains("signal")) detail.number("signal", base::json_number_or(answer, "signal", 0));
  detail.text("why", why);
  if (answer.contains("bytes")) detail.number("bytes", base::json_number_or(answer, "bytes", 0));
  detail.text("tail", base::json_text_or(answer, "tail", ""));
  detail.number("duration_us", (clock_.monotonic() - work_.since) / 1000);
  const std::string node = turn.node.node;
  if (!put(EventType::UpdateStepRun, turn.now, detail.done())) return;
  if (done || outcome == "tolerated" || (back && outcome == "unknown")) {
    work_.of.clear();
    return;
  }
  // The state has moved on beneath turn.
  if (const state::RollingNode* now = current()->find(node); now != nullptr)
    node_failed({*current(), turn.plan, *now, turn.step},
                "step " + std::to_string(now->steps + 1) + " (" + turn.step->says + "): " + why);
}

void Rolling::node_failed(const Turn& turn, const std::string& why) {
  const bool back = turn.now.phase == state::RollingPhase::Back;
  const std::string node = turn.node.node;
  work_.of.clear();
  const bool was_back = turn.node.phase == NodePhase::RollingBack || (back && !turn.node.out);
  if (!put(EventType::UpdateNodeFailed, turn.now,
           Detail()
               .text("service", turn.now.service)
               .text("node", node)
               .text("direction", direction_of(was_back))
               .text("why", why)
               .done()))
    return;
  if (was_back) return end(*current(), RollingOutcome::Stopped, node + " could not be rolled back: " + why);
  if (!back) go_back(*current(), turn.plan, node + ": " + why, "gateway", {});
}

}  // namespace postern::ledger
