// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Access requests and the grants that come of them.
#include <algorithm>
#include <set>

#include "gateway/ledger/deciding.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Micros;
using state::Grant;
using state::Request;
using state::RequestState;

// Reads role and capabilities into what the role holds, or what was listed; a sentence if that cannot be.
std::string read_wanted(const Context& context, const Order& order, std::string& role,
                        std::vector<std::string>& capabilities) {
  std::vector<std::string> listed;
  if (!order.texts("capabilities", listed)) return "capabilities must be a list of names";
  if (order.has("role")) {
    if (!listed.empty()) return "name either a role or capabilities, not both";
    const auto known = context.policy.roles.find(order.text("role"));
    if (known == context.policy.roles.end()) return "the policy has no role of that name";
    role = known->first;
    listed = known->second;
  } else if (!listed.empty()) {
    role.clear();
  } else {
    return capabilities.empty() ? "name a role, or at least one capability" : "";
  }
  const std::set<std::string> names(listed.begin(), listed.end());
  if (names.empty() || names.size() > kMostListed) return "the number of capabilities must be 1 to 500";
  std::size_t bytes = 0;
  for (const std::string& name : names) {
    bytes += name.size();
    if (bytes > kMostListedBytes) return "the names of the capabilities are too long together; ask for fewer";
    if (context.policy.capabilities.count(name) == 0)
      return "the policy does not have every capability that is named";
  }
  capabilities.assign(names.begin(), names.end());
  return "";
}

std::string read_duration(const Context& context, const Order& order, Micros& duration) {
  if (order.has("duration")) {
    const auto parsed = base::parse_duration(order.text("duration"));
    if (!parsed.ok()) return "duration: " + parsed.error().message;
    duration = *parsed;
  }
  if (duration <= context.limits.longest_grant) return "";
  return "duration: at most " + base::format_duration(context.limits.longest_grant);
}

std::string read_start(const Context& context, const Order& order, std::optional<Micros>& start) {
  if (!order.has("start")) return "";
  const auto parsed = base::parse_time(order.text("start"));
  if (!parsed.ok()) return "start: " + parsed.error().message;
  if (*parsed > context.now + kLatestStart) return "start: at most 90 days from now";
  if (*parsed > context.now) start = *parsed;
  return "";
}

Draft draft_request(EventType type, const Request& request, std::string_view outcome, const Order& order) {
  Draft draft{type, order.actor, {}, request.id, std::string(outcome), {}, false};
  if (order.sender == Sender::Enforcer) draft.actor = actor_of(request.engineer);
  Detail detail;
  detail.text("request", request.id).text("engineer", request.engineer);
  if (type == EventType::RequestCreated || type == EventType::RequestApproved) {
    detail.text("role", request.role).texts("capabilities", request.capabilities);
    if (type == EventType::RequestCreated)
      detail.text("reason", request.reason).text("ticket", request.ticket);
    detail.time("starts", request.start).number("duration_us", request.duration);
  }
  draft.detail = detail.text("note", request.note).text("client", order.from).done();
  return draft;
}

bool too_many_requests(const Context& context, const std::string& engineer) {
  std::int64_t all = 0;
  std::int64_t theirs = 0;
  for (const auto& [id, request] : context.state.requests()) {
    if (request.state != RequestState::Pending) continue;
    ++all;
    if (request.engineer == engineer) ++theirs;
  }
  return all >= kMostPending || theirs >= kMostPendingPerEngineer;
}

// The request that is still to be decided, or why there is none.
const Request* find_pending(const Context& context, const Order& order, Decision& why) {
  const auto it = context.state.requests().find(order.text("id"));
  if (it == context.state.requests().end()) {
    why = not_found("no access request has this id");
    return nullptr;
  }
  if (it->second.state == RequestState::Pending) return &it->second;
  why = conflict("this request is " + std::string(to_text(it->second.state)) + " already");
  return nullptr;
}

Decision close_request(const Context& context, Request request, EventType type, RequestState state,
                       const Order& order) {
  Decision decision;
  request.state = state;
  request.decided = context.now;
  decision.events.push_back(draft_request(type, request, to_text(state), order));
  request.by = decision.events.back().actor;
  decision.reply = view(request);
  return decision;
}

Draft draft_grant_start(const Grant& grant, const std::string& role, const Order& order) {
  Draft draft{EventType::GrantStarted, order.actor, {}, grant.id, {}, {}, false};
  draft.detail = Detail()
                     .text("grant", grant.id)
                     .text("request", grant.request)
                     .text("engineer", grant.engineer)
                     .text("role", role)
                     .texts("capabilities", grant.capabilities)
                     .time("starts", grant.from)
                     .time("expires", grant.until)
                     .done();
  return draft;
}

}  // namespace

Decision decide_request_create(const Context& context, const Order& order) {
  const auto session = context.state.sessions().find(order.text("session"));
  if (session == context.state.sessions().end()) {
    return refuse(base::Refusal::SessionEnded, "the session has ended");
  }
  Request request;
  request.engineer = session->second.engineer;
  request.reason = order.text("reason");
  request.ticket = order.text("ticket");
  request.created = context.now;
  request.duration = context.limits.default_grant;
  if (request.reason.empty() || request.reason.size() > kLongestReason)
    return invalid("a reason of 1 to 2000 bytes is needed");
  if (request.ticket.size() > kLongestReason) return invalid("ticket: at most 2000 bytes");
  std::string problem = read_wanted(context, order, request.role, request.capabilities);
  if (problem.empty()) problem = read_duration(context, order, request.duration);
  if (problem.empty()) problem = read_start(context, order, request.start);
  if (!problem.empty()) return invalid(problem);
  if (too_many_requests(context, request.engineer)) {
    return refuse(base::Refusal::LimitReached, "too many requests wait for an answer already");
  }
  if (!context.log_writable) return log_closed();
  request.id = context.ids.make(context.now);
  Decision decision;
  decision.events.push_back(draft_request(EventType::RequestCreated, request, {}, order));
  decision.events.back().session = session->first;
  decision.reply = view(request);
  return decision;
}

Decision decide_request_approve(const Context& context, const Order& order) {
  Decision why;
  const Request* pending = find_pending(context, order, why);
  if (pending == nullptr) return why;
  Request request = *pending;
  request.note = order.text("note");
  if (request.note.size() > kLongestReason) return invalid("note: at most 2000 bytes");
  std::string problem = read_wanted(context, order, request.role, request.capabilities);
  if (problem.empty()) problem = read_duration(context, order, request.duration);
  if (!problem.empty()) return invalid(problem);
  const auto engineer = context.state.engineers().find(request.engineer);
  if (engineer == context.state.engineers().end() || !engineer->second.approved) {
    return conflict("the engineer who asked is not approved any more");
  }
  if (!context.log_writable) return log_closed();
  const Micros from = std::max(context.now, request.start.value_or(context.now));
  const Grant grant{context.ids.make(context.now),
                    request.engineer,
                    request.id,
                    request.capabilities,
                    from,
                    from + request.duration,
                    false,
                    {},
                    0};
  Decision decision =
      close_request(context, request, EventType::RequestApproved, RequestState::Approved, order);
  decision.events.push_back(draft_grant_start(grant, request.role, order));
  decision.reply = view(grant, context.now);
  return decision;
}

Decision decide_request_refuse(const Context& context, const Order& order) {
  Decision why;
  const Request* pending = find_pending(context, order, why);
  if (pending == nullptr) return why;
  Request request = *pending;
  request.note = order.text("reason");
  if (request.note.empty() || request.note.size() > kLongestReason)
    return invalid("a reason of 1 to 2000 bytes is needed");
  if (!context.log_writable) return log_closed();
  return close_request(context, std::move(request), EventType::RequestRefused, RequestState::Refused, order);
}

Decision decide_request_withdraw(const Context& context, const Order& order) {
  Decision why;
  const Request* pending = find_pending(context, order, why);
  if (pending == nullptr) return why;
  const auto session = context.state.sessions().find(order.text("session"));
  if (session == context.state.sessions().end()) {
    return refuse(base::Refusal::SessionEnded, "the session has ended");
  }
  // Another engineer's request is answered like none: ids tell nothing.
  if (session->second.engineer != pending->engineer) return not_found("no access request has this id");
  if (!context.log_writable) return log_closed();
  Decision decision =
      close_request(context, *pending, EventType::RequestWithdrawn, RequestState::Withdrawn, order);
  decision.events.back().session = session->first;
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
