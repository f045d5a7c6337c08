// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How many bytes of responses a session may receive (sessions.response_bytes of the configuration). What was counted is
// the sum over all enforcers (Tallies); how far a session is, is state, and so is never less after a restart.
#include <algorithm>

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

}  // namespace postern::ledger
