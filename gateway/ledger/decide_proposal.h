// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What becomes of changes that Mission Control proposes (state/proposal.h), before anything is sent and after it was: what is taken in,
// what admins say of it, and what time does. Pure, as decide_command.h. Whether the policy lists the call says an enforcer
// (Judgement), who judges all calls; what runs it is proposals.h.
#pragma once

#include <string>

#include "gateway/ledger/decide_command.h"
#include "line/asks.h"

namespace postern::ledger {

struct Order;

inline constexpr std::int64_t kMostProposals = 20;  // that wait or are under way
inline constexpr base::Micros kProposalWaits = 24LL * 3600 * base::kWallSecond;
inline constexpr std::size_t kProposalBodies =
    40'000;  // bytes of both bodies, as JSON has them: they stand in one event
inline constexpr std::size_t kProposalTargets =
    12'000;  // of both targets: they stand in one frame for an enforcer

// What an enforcer says of a proposal's calls, as the policy and the switches are now.
struct Judgement {
  std::string code, why;              // it cannot be; code empty: it can
  std::string capability, operation;  // of the call
  std::string waits;  // why an admin has to approve it; empty: the policy and the switches do not want that
  std::string
      read;  // target of the document that the call would change; empty: the policy names none that may be read
};
Judgement judgement_of(const base::Json& answer);

// What is known without an enforcer. Neither refused nor events: if it is not in the state, an enforcer has to judge it.
Decision decide_vendor_proposal(const Context& context, const line::Ask& ask);
Decision decide_proposal_received(const Context& context, const line::Ask& ask, const Judgement& judged);
// Whether an ask of a proposal that is known says the same as that one.
bool same_proposal(const state::Proposal& known, const line::Ask& ask);
line::Standing standing_of_proposal(const Context& context, const std::string& id);

Decision decide_proposal_approve(const Context& context, const Order& order);
Decision decide_proposal_refuse(const Context& context, const Order& order);
Decision decide_proposal_undo(const Context& context, const Order& order);
// By an enforcer, and once: what it would change, for whoever decides (as hold.compare).
Decision decide_proposal_compare(const Context& context, const Order& order);
// told: as put_comparison() takes it (deciding.h).
Draft draft_proposal_compared(const state::Proposal& one, const base::Json& told);
void expire_proposals(const Context& context, Decision& into);
// Proposals were switched off: those that wait are refused with it.
void refuse_proposals(const Context& context, const std::string& actor, Decision& into);

}  // namespace postern::ledger
