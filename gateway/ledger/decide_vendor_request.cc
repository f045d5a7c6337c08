// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Access requests that come from Mission Control (line/asks.h), in an engineer's place: the same terms and the same approval as
// any other, in the name of whom Mission Control says asked. Its id is that of the ask, so that one which comes twice is one.
#include <algorithm>

#include "gateway/ledger/decide_ask.h"
#include "gateway/ledger/request_terms.h"

namespace postern::ledger {
namespace {

using state::Request;
using state::RequestState;

base::Json order_of(const line::Ask& ask) {
  base::Json out{{"reason", ask.reason}, {"ticket", ask.ticket}};
  if (!ask.role.empty()) out["role"] = ask.role;
  if (!ask.capabilities.empty()) out["capabilities"] = ask.capabilities;
  if (!ask.start.empty()) out["start"] = ask.start;
  if (!ask.duration.empty()) out["duration"] = ask.duration;
  return out;
}

bool too_many_of_vendor(const Context& context) {
  return std::count_if(context.state.requests().begin(), context.state.requests().end(),
                       [](const auto& entry) {
                         return entry.second.state == RequestState::Pending &&
                                state::from_mission_control(entry.second.asked_by);
                       }) >= kMostVendorRequests;
}

Decision withdraw_request(const Request& request, const line::Ask& ask) {
  Decision decision;
  Draft draft{audit::EventType::RequestWithdrawn, vendor_actor(ask), {}, request.id, "withdrawn", {}, false};
  draft.detail = Detail()
                     .text("request", request.id)
                     .text("engineer", request.engineer)
                     .text("asked_by", "mission_control")
                     .done();
  decision.events.push_back(std::move(draft));
  return decision;
}

}  // namespace

std::string vendor_actor(const line::Ask& ask) { return std::string(state::kOfMissionControl) + ask.by; }

Decision decide_vendor_request(const Context& context, const line::Ask& ask) {
  const auto known = context.state.requests().find(ask.id);
  if (known != context.state.requests().end()) {
    const bool withdraws = ask.withdrawn && known->second.state == RequestState::Pending &&
                           state::from_mission_control(known->second.asked_by);
    return withdraws ? withdraw_request(known->second, ask) : Decision();
  }
  if (ask.withdrawn) return {};
  if (!context.state.shares("requests"))
    return refuse(403, "not_switched_on",
                  "nobody has switched on there that Mission Control may ask for access");
  if (!context.log_writable) return {};  // it comes again
  const base::Json arguments = order_of(ask);
  const Order order{arguments, Sender::Link, vendor_actor(ask), {}};
  Request request;
  request.id = ask.id;
  request.engineer = ask.engineer;
  request.asked_by = order.actor;
  request.created = request.last_word = context.now;
  request.asked.duration = context.limits.default_grant;
  if (!is_engineer_name(request.engineer)) return invalid("engineer: a name such as alice is needed");
  std::string problem = read_reason(context, order, request.reason);
  if (problem.empty()) problem = read_ticket(context, order, request.ticket);
  if (problem.empty()) problem = read_wanted(context, order, request.asked);
  if (problem.empty()) problem = read_duration(context, order, request.asked.duration);
  if (problem.empty()) problem = read_start(context, order, request.asked.start);
  if (!problem.empty()) return invalid(problem);
  if (too_many_of_vendor(context) || too_many_requests(context, request.engineer))
    return refuse(base::Refusal::LimitReached, "too many requests wait for an answer already");
  request.offer = request.asked;
  request.approvals_needed = approvals_needed(context, request.asked.capabilities);
  Decision decision;
  decision.events.push_back(draft_request_created(request, order));
  return decision;
}

line::Standing standing_of_request(const Context& context, const std::string& id) {
  line::Standing out{id, {}, {}, 0};
  const auto known = context.state.requests().find(id);
  if (known == context.state.requests().end() || !state::from_mission_control(known->second.asked_by))
    return out;
  const Request& request = known->second;
  out.state = std::string(to_text(request.state));
  out.note = request.note;
  if (request.state == RequestState::Pending) {
    const std::string_view engineer = engineer_state(context, request.engineer);
    if (engineer != "approved")
      out.note = engineer == "unknown"
                     ? "the engineer is not known there: an administrator has to add them, too"
                     : "the engineer is not approved there yet";
  }
  if (request.state != RequestState::Approved) return out;
  for (const auto& [grant_id, grant] : context.state.grants()) {
    if (grant.request != id) continue;
    out.until = grant.until;
    if (!grant.ended && grant.until > context.now) continue;
    out.state = "ended";
    out.note = grant.ended_reason.empty() ? "expired" : grant.ended_reason;
  }
  return out;
}

}  // namespace postern::ledger
