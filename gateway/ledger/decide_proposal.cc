// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/decide_proposal.h"

#include <algorithm>

#include "gateway/ledger/decide_ask.h"
#include "gateway/ledger/deciding.h"
#include "gateway/ledger/request_terms.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using state::Proposal;
using state::ProposalState;
using state::Setting;

state::ProposedCall proposed(const line::AskedCall& call) {
  return {call.method, call.target, call.content_type, call.body};
}

Draft draft_proposal(EventType type, const Proposal& one, std::string actor, std::string_view outcome) {
  return Draft{type, std::move(actor), {}, one.id, std::string(outcome), {}, false};
}

void name_proposal(Detail& detail, const Proposal& one) {
  detail.text("proposal", one.id).text("capability", one.capability);
}

std::size_t written(const std::string& body) {
  std::string escaped;
  base::JsonWriter::escape(escaped, body);
  return escaped.size();
}

Decision not_switched_on() {
  return refuse(403, "not_switched_on",
                "nobody has switched on there that Mission Control may propose changes of settings");
}

Decision withdraw_proposal(const Proposal& known, const line::Ask& ask) {
  Decision decision;
  if (known.state != ProposalState::Pending) return decision;
  Draft draft = draft_proposal(EventType::ProposalWithdrawn, known, vendor_actor(ask), "withdrawn");
  Detail detail;
  name_proposal(detail, known);
  draft.detail = detail.done();
  decision.events.push_back(std::move(draft));
  return decision;
}

// Of the targets that stand in one event.
std::size_t written_targets(const line::Ask& ask) {
  return written(ask.call.target) + (ask.undo ? written(ask.undo->target) : 0);
}

bool too_many_proposals(const Context& context) {
  const auto& all = context.state.proposals();
  return std::count_if(all.begin(), all.end(), [](const auto& one) {
           return one.second.over == 0 && one.second.state != ProposalState::Applied;
         }) >= kMostProposals;
}

const Proposal* find_proposal(const Context& context, const Order& order, Decision& why) {
  const auto it = context.state.proposals().find(order.text("id"));
  if (it != context.state.proposals().end()) return &it->second;
  why = not_found("there is no such proposal");
  return nullptr;
}

const Proposal* find_waiting(const Context& context, const Order& order, Decision& why) {
  const Proposal* one = find_proposal(context, order, why);
  if (one == nullptr) return nullptr;
  if (one->waits_for_admin() && one->expires > context.now) return one;
  why = conflict("this proposal waits for nobody (any more): it is " + std::string(to_text(one->state)));
  return nullptr;
}

bool take_note(const Order& order, std::string& note) {
  note = order.text("note");
  return note.size() <= kLongestReason && base::is_utf8(note);
}

Draft draft_refused(const Proposal& one, std::string actor, std::string_view note, std::string_view from) {
  Draft draft = draft_proposal(EventType::ProposalRefused, one, std::move(actor), "refused");
  draft.closes = true;
  draft.stops = false;
  Detail detail;
  name_proposal(detail, one);
  draft.detail = detail.text("note", note).text("client", from).done();
  return draft;
}

}  // namespace

Judgement judgement_of(const base::Json& answer) {
  const auto text = [&answer](const char* key) {
    return base::printable(base::json_text_or(answer, key, ""), line::kAskText);
  };
  Judgement out{text("code"),      text("why"),   text("capability"),
                text("operation"), text("waits"), base::json_text_or(answer, "read", "")};
  if (!base::is_utf8(out.read)) out.read.clear();
  if (out.code.empty() && (out.capability.empty() || out.operation.empty())) out.code = "malformed";
  if (!out.code.empty() && out.why.empty()) out.why = "the gateway could not judge it";
  return out;
}

bool same_proposal(const Proposal& known, const line::Ask& ask) {
  const bool undo =
      known.undo.has_value() == ask.undo.has_value() && (!ask.undo || *known.undo == proposed(*ask.undo));
  return known.call == proposed(ask.call) && undo && known.watch == ask.watch &&
         known.by == vendor_actor(ask);
}

Decision decide_vendor_proposal(const Context& context, const line::Ask& ask) {
  const auto known = context.state.proposals().find(ask.id);
  if (known != context.state.proposals().end())
    return ask.withdrawn ? withdraw_proposal(known->second, ask) : Decision();
  if (ask.withdrawn) return {};
  if (context.state.sharing_setting(state::kProposals) == Setting::Off || context.limits.grants.signed_only)
    return not_switched_on();
  if (ask.call.target.front() != '/' || (ask.undo && ask.undo->target.front() != '/'))
    return refuse(400, "target_not_canonical",
                  "a target is a path with perhaps a query: it names no host and begins with /");
  if (!state::marks_of(proposed(ask.call)) || !state::marks_of(proposed(ask.call))->empty())
    return invalid("the call has a mark like ${answer.id}: only what undoes it may have one");
  if (ask.undo && !state::marks_of(proposed(*ask.undo)))
    return invalid("undo has a mark of a wrong form: one is written ${answer.NAME}");
  if (written_targets(ask) > kProposalTargets)
    return refuse(base::Refusal::TargetTooLong, "the targets are too long");
  if (written(ask.call.body) + (ask.undo ? written(ask.undo->body) : 0) > kProposalBodies)
    return refuse(base::Refusal::BodyNotAllowed, "the bodies are too long to stand in an event");
  if (too_many_proposals(context))
    return refuse(base::Refusal::LimitReached, "too many proposals wait for an answer already");
  return {};
}

Decision decide_proposal_received(const Context& context, const line::Ask& ask, const Judgement& judged) {
  if (context.state.proposals().contains(ask.id)) return {};
  Decision now = decide_vendor_proposal(context, ask);  // all may be different by now
  if (now.refused) return now;
  if (!judged.code.empty()) return refuse(403, judged.code, judged.why);
  if (!context.log_writable) return {};  // it comes again
  const bool asks = context.state.sharing_setting(state::kProposals) == Setting::Ask;
  const std::int64_t needed = approvals_needed(context, {judged.capability});
  std::string waits = asks ? "proposals are switched to ask" : judged.waits;
  if (needed > 1 && waits.empty()) waits = "the capability needs several approvals";
  // What nobody decides about nobody has to see.
  const bool compares = !waits.empty() && written_targets(ask) + written(judged.read) <= kProposalTargets;
  Draft draft{EventType::ProposalReceived, vendor_actor(ask), {}, ask.id, "pending", {}, false};
  draft.detail = Detail()
                     .text("proposal", ask.id)
                     .text("capability", judged.capability)
                     .text("operation", judged.operation)
                     .text("method", ask.call.method)
                     .text("target", ask.call.target)
                     .text("content_type", ask.call.content_type)
                     .text("body", ask.call.body)
                     .document("undo", ask.undo ? state::to_json(proposed(*ask.undo)) : base::Json())
                     .number("watch_us", ask.watch)
                     .text("reason", ask.reason)
                     .text("ticket", ask.ticket)
                     .text("waits", waits)
                     .text("read", compares ? judged.read : std::string())
                     .number("approvals_needed", needed)
                     .time("expires", context.now + kProposalWaits)
                     .done();
  Decision decision;
  decision.events.push_back(std::move(draft));
  return decision;
}

line::Standing standing_of_proposal(const Context& context, const std::string& id) {
  line::Standing out{id, {}, {}, 0};
  const auto known = context.state.proposals().find(id);
  if (known == context.state.proposals().end()) return out;
  const Proposal& one = known->second;
  out.state = std::string(to_text(one.state));
  out.note = one.state == ProposalState::Refused ? one.note : one.why;
  if (one.state == ProposalState::Pending) out.note = one.waits;
  if (one.state == ProposalState::Pending && one.waits.empty()) out.state = "approved";
  if (one.state == ProposalState::Applying) out.state = "approved";
  if (one.state == ProposalState::Undoing) out.state = "applied";
  if (one.state == ProposalState::Applied) out.until = one.watch_until;
  return out;
}

Decision decide_proposal_approve(const Context& context, const Order& order) {
  Decision decision;
  const Proposal* one = find_waiting(context, order, decision);
  if (one == nullptr) return decision;
  std::string note;
  if (!take_note(order, note)) return invalid("note: at most 2000 bytes");
  if (context.state.sharing_setting(state::kProposals) == Setting::Off)
    return conflict("proposals are switched off");
  const auto by_them = [&order](const std::string& by) {
    return state::person_of(by) == state::person_of(order.actor);
  };
  if (std::any_of(one->approvals.begin(), one->approvals.end(), by_them))
    return conflict("you have approved this already; it needs " + std::to_string(one->approvals_needed) +
                    " administrators");
  if (!context.log_writable) return log_closed();
  const auto given = static_cast<std::int64_t>(one->approvals.size()) + 1;
  Draft draft = draft_proposal(EventType::ProposalApproved, *one, order.actor, "approved");
  Detail detail;
  name_proposal(detail, *one);
  if (one->approvals_needed > 1)
    detail.number("approvals", given).number("approvals_needed", one->approvals_needed);
  draft.detail = detail.text("note", note).text("client", order.from).done();
  decision.events.push_back(std::move(draft));
  decision.reply = state::view(*one, context.now);
  if (given >= one->approvals_needed) decision.reply["state"] = "approved";
  return decision;
}

Decision decide_proposal_refuse(const Context& context, const Order& order) {
  Decision decision;
  const Proposal* one = find_waiting(context, order, decision);
  if (one == nullptr) return decision;
  std::string note;
  if (!take_note(order, note)) return invalid("note: at most 2000 bytes");
  decision.events.push_back(draft_refused(*one, order.actor, note, order.from));
  decision.reply = state::view(*one, context.now);
  decision.reply["state"] = "refused";
  return decision;
}

Decision decide_proposal_undo(const Context& context, const Order& order) {
  Decision decision;
  const Proposal* one = find_proposal(context, order, decision);
  if (one == nullptr) return decision;
  if (!one->may_be_undone(context.now)) {
    if (!one->undo) return conflict("it cannot be undone automatically: it came without a call that does");
    if (one->undo_asked || one->state == ProposalState::Undoing)
      return conflict("it is being undone already");
    if (one->state != ProposalState::Applied && one->state != ProposalState::Unknown)
      return conflict("it is " + std::string(to_text(one->state)) + ": there is nothing to undo");
    return conflict(context.now >= one->undo_until
                        ? "that is possible within 24 hours after it was applied"
                        : "the component's answer did not have what the call needs that undoes it");
  }
  if (!context.log_writable) return log_closed();
  Draft draft = draft_proposal(EventType::ProposalUndoAsked, *one, order.actor, "undo_asked");
  Detail detail;
  name_proposal(detail, *one);
  draft.detail = detail.text("client", order.from).done();
  decision.events.push_back(std::move(draft));
  decision.reply = state::view(*one, context.now);
  decision.reply["state"] = "undoing";
  decision.reply["can_be_undone"] = false;
  return decision;
}

Draft draft_proposal_compared(const Proposal& one, const base::Json& told) {
  Draft draft = draft_proposal(EventType::ProposalCompared, one, "gateway", "compared");
  Detail detail;
  name_proposal(detail, one);
  detail.text("read", one.read);
  put_comparison(detail, told);
  draft.detail = detail.done();
  return draft;
}

Decision decide_proposal_compare(const Context& context, const Order& order) {
  Decision decision;
  const Proposal* one = find_proposal(context, order, decision);
  if (one == nullptr) return decision;
  if (!one->is_to_be_compared()) return conflict("nothing is to be compared with this proposal (any more)");
  if (!context.log_writable) return log_closed();
  decision.events.push_back(draft_proposal_compared(*one, order.arguments));
  return decision;
}

void expire_proposals(const Context& context, Decision& into) {
  for (const auto& [id, one] : context.state.proposals()) {
    if (one.state != ProposalState::Pending || one.expires > context.now) continue;
    Draft draft = draft_proposal(EventType::ProposalExpired, one, "gateway", "expired");
    Detail detail;
    name_proposal(detail, one);
    draft.detail = detail.done();
    into.events.push_back(std::move(draft));
  }
}

void refuse_proposals(const Context& context, const std::string& actor, Decision& into) {
  for (const auto& [id, one] : context.state.proposals()) {
    if (one.state == ProposalState::Pending || one.state == ProposalState::Approved)
      into.events.push_back(draft_refused(one, actor, "proposals were switched off", {}));
  }
}

}  // namespace postern::ledger
