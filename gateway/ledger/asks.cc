// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/asks.h"

#include <algorithm>
#include <utility>

namespace postern::ledger {
namespace {

using audit::EventType;
using line::AskKind;

Decision too_often() {
  Decision decision;
  decision.refused = CommandRefused{429, "limit_reached", "Mission Control asks too often"};
  return decision;
}

}  // namespace

const Asks::Listed* Asks::find_listed(const std::string& id) const {
  const auto found =
      std::find_if(listed_.begin(), listed_.end(), [&id](const Listed& one) { return one.id == id; });
  return found == listed_.end() ? nullptr : &*found;
}

line::Standing Asks::standing(const Listed& one) const {
  const line::Standing known = one.kind == AskKind::Proposal ? standing_of_proposal(calls_.context(), one.id)
                                                             : standing_of_request(calls_.context(), one.id);
  return known.state.empty() ? one.not_taken : known;
}

void Asks::take(const base::Json& answer) {
  const line::Asks asks = line::parse_asks(answer);
  std::vector<Listed> next;
  for (const line::Ask& ask : asks.good) take_one(ask, next);
  for (const line::FaultyAsk& ask : asks.faulty) {
    const Listed* before = ask.id.empty() ? nullptr : find_listed(ask.id);
    if (!ask.id.empty() && ask.kind)
      next.push_back({*ask.kind, ask.id, {}, {ask.id, "not_taken", ask.why, 0}});
    if (before == nullptr) refuse_ask(ask, "malformed");
  }
  listed_ = std::move(next);
}

void Asks::take_one(const line::Ask& ask, std::vector<Listed>& next) {
  const Listed* before = find_listed(ask.id);
  Listed one{ask.kind, ask.id, ask.stands, before == nullptr ? line::Standing() : before->not_taken,
             before != nullptr && before->differed};
  // What was not taken in stays so under its id.
  if (one.not_taken.state.empty())
    ask.kind == AskKind::Proposal ? take_proposal(ask, one) : take_request(ask, one);
  next.push_back(std::move(one));
}

void Asks::take_request(const line::Ask& ask, Listed& one) {
  const bool fresh = standing(one).state.empty() && !ask.withdrawn;
  Decision decision = fresh && arrivals_.take(kPace, clock_.monotonic()) > 0
                          ? too_often()
                          : decide_vendor_request(calls_.context(), ask);
  settle(ask, std::move(decision), one);
}

// Who judges it is an enforcer, which takes a moment: until then nothing is said of it.
void Asks::take_proposal(const line::Ask& ask, Listed& one) {
  const Context context = calls_.context();
  const auto known = context.state.proposals().find(ask.id);
  if (known != context.state.proposals().end() && !same_proposal(known->second, ask) && !one.differed) {
    one.differed = true;
    refuse_ask({ask.id, ask.kind, ask.by, "it came again with another content: the first one counts"},
               "changed", &ask);
  }
  const bool fresh = known == context.state.proposals().end() && !ask.withdrawn;
  if (fresh && calls_.is_judging(ask.id)) return;
  Decision decision = fresh && arrivals_.take(kPace, clock_.monotonic()) > 0
                          ? too_often()
                          : decide_vendor_proposal(context, ask);
  const bool wants_judge = fresh && !decision.refused && context.log_writable;
  settle(ask, std::move(decision), one);
  if (wants_judge) calls_.judge(ask);
}

void Asks::judged(const line::Ask& ask, const Judgement& judgement) {
  const auto found =
      std::find_if(listed_.begin(), listed_.end(), [&ask](const Listed& one) { return one.id == ask.id; });
  if (found == listed_.end()) return;  // Mission Control does not want it any more
  settle(ask, decide_proposal_received(calls_.context(), ask, judgement), *found);
}

void Asks::settle(const line::Ask& ask, Decision decision, Listed& one) {
  if (decision.refused) {
    refuse_ask({ask.id, ask.kind, ask.by, decision.refused->message}, decision.refused->code, &ask);
    one.not_taken = {ask.id, "not_taken", decision.refused->message, 0};
  } else if (!decision.events.empty()) {
    calls_.perform(std::move(decision));
  } else if (ask.withdrawn && standing(one).state.empty()) {
    one.not_taken = {ask.id, "withdrawn", {}, 0};
  }
}

void Asks::refuse_ask(const line::FaultyAsk& ask, const std::string& code, const line::Ask* whole) {
  if (refusals_.take(kPace, clock_.monotonic()) > 0) {
    ++unrecorded_;
    return;
  }
  const bool proposal = ask.kind == AskKind::Proposal;
  Draft draft{proposal ? EventType::ProposalNotTaken : EventType::RequestNotTaken,
              std::string(state::kOfMissionControl) + (ask.by.empty() ? "unknown" : ask.by),
              {},
              ask.id,
              "refused",
              {},
              false};
  Detail detail;
  detail.text(proposal ? "proposal" : "request", ask.id);
  if (proposal && whole != nullptr)
    detail.text("method", whole->call.method).text("target", whole->call.target);
  if (!proposal && whole != nullptr) detail.text("engineer", whole->engineer);
  draft.detail = detail.text("code", code)
                     .text("why", ask.why)
                     .number("unrecorded", std::exchange(unrecorded_, 0))
                     .done();
  calls_.record(draft);
}

std::vector<line::Report> Asks::due() {
  under_way_.clear();
  std::vector<line::Report> out;
  const base::Micros now = clock_.wall();
  for (const Listed& one : listed_) {
    const line::Standing stands = standing(one);
    if (stands.state.empty() || stands.state == one.told) continue;
    out.push_back({ids_.make(now), line::Kind::Standing, 1, now, line::to_json(stands)});
    under_way_.push_back({out.back().id, one.id, stands.state});
  }
  return out;
}

void Asks::taken(const line::Taken& answer) {
  for (const Told& told : under_way_) {
    if (std::find(answer.ids.begin(), answer.ids.end(), told.report) == answer.ids.end()) continue;
    for (Listed& one : listed_) {
      if (one.id == told.ask) one.told = told.state;
    }
  }
  under_way_.clear();
}

}  // namespace postern::ledger
