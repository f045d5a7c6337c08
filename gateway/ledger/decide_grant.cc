// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Grants that an admin gives without having been asked, and takes back.
#include <algorithm>

#include "gateway/ledger/request_terms.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Micros;
using state::Grant;
using state::Request;

// When it begins, and until when or for how long it holds, out of what the order says. A sentence if that cannot be.
std::string read_span(const Context& context, const Order& order, state::Terms& terms) {
  if (order.has("start")) {
    const auto from = base::parse_until(order.text("start"), context.now);
    if (!from.ok()) return "from: " + from.error().message;
    if (*from > context.now + kLatestStart) return "from: at most 90 days from now";
    terms.start = *from;
  }
  terms.duration = context.limits.default_grant;
  if (order.has("until")) {
    if (order.has("duration")) return "say either until or how long, not both";
    const auto until = base::parse_until(order.text("until"), context.now);
    if (!until.ok()) return "until: " + until.error().message;
    terms.duration = *until - terms.start.value_or(context.now);
    if (terms.duration <= 0) return "until: it would end before it begins";
  }
  return read_duration(context, order, terms.duration);
}

Decision start_grant(const Context& context, const Request& wish, const Order& order) {
  Grant grant;
  grant.id = context.ids.make(context.now);
  grant.engineer = wish.engineer;
  grant.role = wish.asked.role;
  grant.reason = wish.reason;
  grant.ticket = wish.ticket;
  grant.by = order.actor;
  grant.capabilities = wish.asked.capabilities;
  grant.from = wish.asked.start.value_or(context.now);
  grant.until = grant.from + wish.asked.duration;
  Decision decision;
  decision.events.push_back(draft_grant_start(grant, order));
  decision.reply = view(grant, context.now);
  return decision;
}

// What takes several admins is a request with its first approval, whoever begins.
Decision start_request(const Context& context, Request request, const Order& order) {
  if (too_many_requests(context, request.engineer))
    return refuse(base::Refusal::LimitReached, "too many requests wait for an answer already");
  request.id = context.ids.make(context.now);
  request.created = request.last_word = context.now;
  request.offer = request.asked;
  request.asked_by = order.actor;
  Decision decision;
  decision.events.push_back(draft_request_created(request, order));
  request.approvals.push_back({std::string(state::person_of(order.actor)), context.now});
  decision.events.push_back(draft_request_approved(request, {}, order));
  decision.reply = view(request);
  return decision;
}

}  // namespace

Decision decide_grant_give(const Context& context, const Order& order) {
  if (context.limits.grants.signed_only) return only_signed("a grant is given by a signed document");
  Request wish;
  wish.engineer = order.text("engineer");
  wish.reason = order.text("reason");
  wish.ticket = order.text("ticket");
  if (!is_engineer_name(wish.engineer)) return invalid("engineer: a name such as alice is needed");
  if (wish.reason.size() > kLongestReason) return invalid("reason: at most 2000 bytes");
  if (wish.ticket.size() > kLongestReason) return invalid("ticket: at most 2000 bytes");
  std::string problem = read_wanted(context, order, wish.asked);
  if (problem.empty()) problem = read_span(context, order, wish.asked);
  if (!problem.empty()) return invalid(problem);
  if (too_many_grants(context)) return refuse(base::Refusal::LimitReached, "too many grants hold already");
  if (!context.log_writable) return log_closed();
  wish.approvals_needed = approvals_needed(context, wish.asked.capabilities);
  Decision decision =
      wish.approvals_needed > 1 ? start_request(context, wish, order) : start_grant(context, wish, order);
  if (!decision.refused) decision.reply["engineer_state"] = engineer_state(context, wish.engineer);
  return decision;
}

Decision decide_grant_revoke(const Context& context, const Order& order) {
  const auto it = context.state.grants().find(order.text("id"));
  if (it == context.state.grants().end()) return not_found("no grant has this id");
  if (it->second.ended || it->second.until <= context.now) return conflict("this grant has ended already");
  Grant grant = it->second;
  Decision decision;
  decision.measured = true;
  decision.events.push_back(draft_grant_end(grant, "revoked", order.actor, order.from));
  grant.ended = true;
  grant.ended_reason = "revoked";
  decision.reply = view(grant, context.now);
  return decision;
}

}  // namespace postern::ledger
