// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Approvals of an access request. Several admins may have to give one, of the very same terms: an approval of other terms
// makes those before it void, and is refused unless it says that it means to.
#include <algorithm>

#include "gateway/ledger/request_terms.h"

namespace postern::ledger {
namespace {

using state::Approval;
using state::Grant;
using state::Request;
using state::RequestState;
using state::Terms;

// A start that has passed, and none at all, are the same: at once.
base::Micros start_of(const Terms& terms, base::Micros now) {
  return std::max(now, terms.start.value_or(now));
}

bool same_terms(const Terms& a, const Terms& b, base::Micros now) {
  return a.role == b.role && a.capabilities == b.capabilities && a.duration == b.duration &&
         start_of(a, now) == start_of(b, now);
}

// What the order makes of the offer, or why not.
std::optional<Decision> read_offer(const Context& context, const Order& order, Request& request) {
  const std::string note = order.text("note");
  if (note.size() > kLongestReason) return invalid("note: at most 2000 bytes");
  if (!note.empty()) request.note = note;
  std::string problem = read_wanted(context, order, request.offer);
  if (problem.empty()) problem = read_duration(context, order, request.offer.duration);
  if (problem.empty()) problem = read_start(context, order, request.offer.start);
  if (!problem.empty()) return invalid(problem);
  const std::string gone = unknown_capabilities(context, request.offer.capabilities);
  if (!gone.empty())
    return conflict("the policy does not have " + gone + " any more: approve other capabilities, or refuse");
  return std::nullopt;
}

// Of "admin:alice", and of "admin:alice/TOKEN", a token of hers: the same admin counts once.
std::string_view person_of(std::string_view actor) { return actor.substr(0, actor.find('/')); }

// Whom an approval of the request's new terms leaves without theirs.
std::vector<std::string> take_approval(const Context& context, const Request& before, Request& request,
                                       const std::string& by) {
  std::erase_if(request.approvals, [&by](const Approval& one) { return person_of(one.by) == person_of(by); });
  std::vector<std::string> voided;
  if (!same_terms(before.offer, request.offer, context.now)) {
    for (const Approval& one : request.approvals) voided.push_back(one.by);
    request.approvals.clear();
  }
  request.approvals.push_back({by, context.now});
  return voided;
}

std::string shown_names(const std::vector<std::string>& actors) {
  std::string names;
  for (const std::string& actor : actors) {
    names.append(names.empty() ? "" : ", ").append(name_of_admin(actor));
  }
  return names;
}

Grant grant_of(const Context& context, const Request& request, const std::string& by) {
  Grant grant;
  grant.id = context.ids.make(context.now);
  grant.engineer = request.engineer;
  grant.request = request.id;
  grant.role = request.offer.role;
  grant.reason = request.reason;
  grant.ticket = request.ticket;
  grant.by = by;
  grant.capabilities = request.offer.capabilities;
  grant.from = start_of(request.offer, context.now);
  // What is extended goes on where it ends, so that nothing of either is lost.
  const auto extended = context.state.grants().find(request.extends);
  if (extended != context.state.grants().end() && extended->second.active(context.now))
    grant.from = std::max(grant.from, extended->second.until);
  grant.until = grant.from + request.offer.duration;
  return grant;
}

}  // namespace

Decision decide_request_approve(const Context& context, const Order& order) {
  if (context.limits.grants.signed_only)
    return only_signed("what is asked for is given by a signed document");
  Decision why;
  const Request* pending = find_pending(context, order, why);
  if (pending == nullptr) return why;
  Request request = *pending;
  if (auto problem = read_offer(context, order, request)) return std::move(*problem);
  const auto engineer = context.state.engineers().find(request.engineer);
  const bool known = engineer != context.state.engineers().end() && engineer->second.approved;
  if (!known && request.asked_by.empty()) return conflict("the engineer who asked is not approved any more");
  request.approvals_needed = approvals_needed(context, request.offer.capabilities);
  const auto voided = take_approval(context, *pending, request, std::string(state::person_of(order.actor)));
  if (!voided.empty() && !order.flag("void_earlier")) {
    return refuse(409, "approvals_void",
                  "other terms were approved by " + shown_names(voided) +
                      " already; approving these makes that void: say void_earlier to do so");
  }
  const auto given = static_cast<std::int64_t>(request.approvals.size());
  const bool enough = given >= request.approvals_needed;
  const bool again = request.approvals.size() == pending->approvals.size() && voided.empty() &&
                     same_terms(request.offer, pending->offer, context.now);
  if (!enough && again && given > 0) {
    return conflict("you have approved this already; " + std::to_string(request.approvals_needed - given) +
                    " of " + std::to_string(request.approvals_needed) +
                    " approvals are missing, of other administrators");
  }
  if (!context.log_writable) return log_closed();
  if (enough) request.state = RequestState::Approved;
  request.last_word = context.now;
  Decision decision;
  decision.events.push_back(draft_request_approved(request, voided, order));
  if (!enough) {
    decision.reply = view(request);
    return decision;
  }
  const Grant grant = grant_of(context, request, order.actor);
  decision.events.push_back(draft_grant_start(grant, order));
  decision.reply = view(grant, context.now);
  return decision;
}

}  // namespace postern::ledger
