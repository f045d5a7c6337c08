// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How many bytes of responses a session may receive (sessions.response_bytes of the configuration). What was counted is
// the sum over all enforcers (Tallies); how far a session is, is state, and so is never less after a restart. And what a
// grant gives that says how much that is, whatever the session (GrantUses).
#include <algorithm>

#include "base/saturating.h"
#include "gateway/ledger/deciding.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using state::Budget;

struct Step {
  Budget budget;
  EventType type;
  std::int64_t Limits::*threshold;
};
// The farthest first: who jumps over one is told the last alone.
constexpr Step kSteps[] = {{Budget::Cut, EventType::SessionBudgetCut, &Limits::cut_bytes},
                           {Budget::Held, EventType::SessionBudgetHeld, &Limits::hold_bytes},
                           {Budget::Warned, EventType::SessionBudgetWarned, &Limits::warn_bytes}};

}  // namespace

Decision decide_budget(const Context& context, const std::string& session) {
  Decision decision;
  const auto known = context.state.sessions().find(session);
  if (known == context.state.sessions().end()) return decision;
  const std::int64_t received = context.tallies.received(session);
  for (const Step& step : kSteps) {
    const std::int64_t threshold = context.limits.*step.threshold;
    if (threshold == 0 || received < threshold || known->second.budget >= step.budget) continue;
    Draft draft{step.type, "gateway", session, known->second.engineer, {}, {}, step.budget != Budget::Warned};
    draft.detail = Detail()
                       .text("engineer", known->second.engineer)
                       .number("response_bytes", received)
                       .number("threshold", threshold)
                       .done();
    decision.measured = step.budget == Budget::Cut;
    decision.events.push_back(std::move(draft));
    break;
  }
  return decision;
}

// One exchange more than there may be ends it, and not the last that may be: that would be cut. Where an exchange waits
// until it is durable (class write), this one is never sent.
Decision decide_grant_uses(const Context& context, std::string_view session) {
  Decision decision;
  const GrantUses& uses = context.tallies.grant_uses();
  const std::string engineer(uses.counted(context.state, session));
  if (engineer.empty()) return decision;
  const std::int64_t under_way = context.tallies.receiving_of([&](std::string_view one) {
    const auto open = context.state.sessions().find(one);
    return open != context.state.sessions().end() && open->second.engineer == engineer;
  });
  for (const auto& [id, use] : uses.of(engineer)) {
    const auto grant = context.state.grants().find(id);
    if (grant == context.state.grants().end() || !grant->second.active(context.now)) continue;
    const GrantUse now{use.exchanges, base::sum_of(use.response_bytes, under_way)};
    const std::int64_t exchanges = grant->second.most_exchanges;
    const std::int64_t bytes = grant->second.most_response_bytes;
    if ((exchanges > 0 && now.exchanges > exchanges) || (bytes > 0 && now.response_bytes >= bytes))
      decision.events.push_back(draft_grant_end(grant->second, "used_up", "gateway", "", &now));
  }
  decision.measured = !decision.events.empty();
  return decision;
}

}  // namespace postern::ledger
