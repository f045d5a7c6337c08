// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/request_terms.h"

#include <algorithm>
#include <set>

namespace postern::ledger {

using audit::EventType;
using base::Micros;
using state::Request;
using state::RequestState;

namespace {

Detail& put_terms(Detail& detail, const state::Terms& terms) {
  return detail.text("role", terms.role)
      .texts("capabilities", terms.capabilities)
      .time("starts", terms.start)
      .number("duration_us", terms.duration);
}

std::string_view asked_by(const Request& request) {
  if (request.asked_by.empty()) return "";
  return state::from_mission_control(request.asked_by) ? "mission_control" : "admin";
}

Draft request_draft(EventType type, const Request& request, std::string_view outcome, const Order& order) {
  Draft draft{type, order.actor, {}, request.id, std::string(outcome), {}, false};
  if (order.sender == Sender::Enforcer) draft.actor = actor_of(request.engineer);
  return draft;
}

}  // namespace

std::string trim(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string read_reason(const Context& context, const Order& order, std::string& reason) {
  reason = trim(order.text("reason"));
  const std::string chosen = order.text("template");
  if (!chosen.empty()) {
    const auto& known = context.limits.request_form.reasons;
    if (std::find(known.begin(), known.end(), chosen) == known.end())
      return "template: this is none of the reasons to choose from";
    reason = reason.empty() ? chosen : chosen + ": " + reason;
  }
  if (reason.empty() || reason.size() > kLongestReason) return "a reason of 1 to 2000 bytes is needed";
  return "";
}

std::string read_ticket(const Context& context, const Order& order, std::string& ticket) {
  ticket = trim(order.text("ticket"));
  const RequestForm& form = context.limits.request_form;
  const std::string hint = form.ticket_hint.empty() ? "" : " (" + form.ticket_hint + ")";
  if (ticket.size() > kLongestReason) return "ticket: at most 2000 bytes";
  if (ticket.empty()) return form.ticket_required ? "ticket: the number of a ticket is needed" + hint : "";
  if (form.ticket != nullptr && !form.ticket->matches(ticket))
    return "ticket: this does not look like the number of one" + hint;
  return "";
}

std::string read_wanted(const Context& context, const Order& order, state::Terms& terms) {
  std::vector<std::string> listed;
  if (!order.texts("capabilities", listed)) return "capabilities must be a list of names";
  if (order.has("role")) {
    if (!listed.empty()) return "name either a role or capabilities, not both";
    const auto known = context.policy.roles.find(order.text("role"));
    if (known == context.policy.roles.end()) return "the policy has no role of that name";
    terms.role = known->first;
    listed = known->second;
  } else if (!listed.empty()) {
    terms.role.clear();
  } else {
    return terms.capabilities.empty() ? "name a role, or at least one capability" : "";
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
  terms.capabilities.assign(names.begin(), names.end());
  return "";
}

std::string read_duration(const Context& context, const Order& order, Micros& duration) {
  if (order.has("duration")) {
    const auto parsed = base::parse_duration(order.text("duration"));
    if (!parsed.ok()) return "duration: " + parsed.error().message;
    duration = *parsed;
  }
  if (duration < kShortestGrant) return "duration: at least " + base::format_duration(kShortestGrant);
  if (duration <= context.limits.longest_grant) return "";
  return "duration: at most " + base::format_duration(context.limits.longest_grant);
}

std::string read_start(const Context& context, const Order& order, std::optional<Micros>& start) {
  if (!order.has("start")) return "";
  if (order.text("start") == "now") {
    start = context.now;
    return "";
  }
  const auto parsed = base::parse_time(order.text("start"));
  if (!parsed.ok()) return "start: " + parsed.error().message;
  if (*parsed > context.now + kLatestStart) return "start: at most 90 days from now";
  if (*parsed < context.now - kJustNow) return "start: this time is over";
  start = std::max(*parsed, context.now);
  return "";
}

std::string unknown_capabilities(const Context& context, const std::vector<std::string>& capabilities) {
  std::string names;
  for (const std::string& name : capabilities) {
    if (context.policy.capabilities.count(name) == 0) names += (names.empty() ? "" : ", ") + name;
  }
  return names;
}

std::int64_t approvals_needed(const Context& context, const std::vector<std::string>& capabilities) {
  std::int64_t most = 1;
  const auto look = [&](const std::map<std::string, std::int64_t, std::less<>>& approvals) {
    for (const std::string& name : capabilities) {
      if (const auto more = approvals.find(name); more != approvals.end())
        most = std::max(most, more->second);
    }
  };
  look(context.policy.approvals);
  if (context.state.policy_waits()) look(context.policy.accepted_approvals);
  return most;
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

const Request* find_pending(const Context& context, const Order& order, Decision& why) {
  const auto it = context.state.requests().find(order.text("id"));
  if (it == context.state.requests().end()) {
    why = not_found("no access request has this id");
    return nullptr;
  }
  const Request& request = it->second;
  if (request.state == RequestState::Pending) return &request;
  const bool by_admin = order.sender == Sender::Console && request.by.starts_with("admin:");
  why = conflict("this request is " + std::string(to_text(request.state)) + " already" +
                 (by_admin ? ", by " + request.by.substr(6) : ""));
  return nullptr;
}

Draft draft_request(EventType type, const Request& request, std::string_view outcome, const Order& order) {
  Draft draft = request_draft(type, request, outcome, order);
  draft.detail = Detail()
                     .text("request", request.id)
                     .text("engineer", request.engineer)
                     .text("note", request.note)
                     .text("client", order.from)
                     .done();
  return draft;
}

Draft draft_request_created(const Request& request, const Order& order) {
  Draft draft = request_draft(EventType::RequestCreated, request, {}, order);
  Detail detail;
  detail.text("request", request.id).text("engineer", request.engineer);
  put_terms(detail, request.asked);
  draft.detail = detail.text("reason", request.reason)
                     .text("ticket", request.ticket)
                     .text("extends", request.extends)
                     .text("asked_by", asked_by(request))
                     .number("approvals_needed", request.approvals_needed)
                     .text("client", order.from)
                     .done();
  return draft;
}

Draft draft_request_approved(const Request& request, const std::vector<std::string>& voided,
                             const Order& order) {
  Draft draft = request_draft(EventType::RequestApproved, request, to_text(request.state), order);
  Detail detail;
  detail.text("request", request.id).text("engineer", request.engineer);
  put_terms(detail, request.offer);
  draft.detail = detail.number("approvals", static_cast<std::int64_t>(request.approvals.size()))
                     .number("approvals_needed", request.approvals_needed)
                     .texts("voided", voided)
                     .text("note", request.note)
                     .text("client", order.from)
                     .done();
  return draft;
}

std::string_view engineer_state(const Context& context, const std::string& name) {
  const auto engineer = context.state.engineers().find(name);
  if (engineer == context.state.engineers().end()) return "unknown";
  return engineer->second.approved ? "approved" : "added";
}

bool too_many_grants(const Context& context) {
  return std::count_if(context.state.grants().begin(), context.state.grants().end(),
                       [](const auto& entry) { return !entry.second.ended; }) >= kMostGrants;
}

Decision only_signed(std::string_view what) {
  return refuse(403, "denied",
                std::string(what) +
                    " alone here (grants.signed_only): postern grant sign makes one, postern "
                    "grant apply starts it");
}

Draft draft_grant_start(const state::Grant& grant, const Order& order) {
  Draft draft{EventType::GrantStarted, order.actor, {}, grant.id, {}, {}, false};
  Detail detail;
  detail.text("grant", grant.id)
      .text("request", grant.request)
      .text("engineer", grant.engineer)
      .text("role", grant.role)
      .texts("capabilities", grant.capabilities)
      .time("starts", grant.from)
      .time("expires", grant.until)
      .text("reason", grant.reason)
      .text("ticket", grant.ticket)
      .texts("signed_by", grant.signed_by);
  if (grant.most_exchanges > 0) detail.number("most_exchanges", grant.most_exchanges);
  if (grant.most_response_bytes > 0) detail.number("most_response_bytes", grant.most_response_bytes);
  draft.detail = detail.text("client", order.from).done();
  return draft;
}

}  // namespace postern::ledger
