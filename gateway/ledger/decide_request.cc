// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Access requests: made, talked about, refused, withdrawn. Approvals are in decide_approval.cc.
#include <algorithm>

#include "gateway/ledger/request_terms.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using state::Message;
using state::Request;
using state::RequestState;

// A grant of the engineer's own that holds: of others' none is told apart from none.
std::string read_extends(const Context& context, const Order& order, Request& request) {
  request.extends = order.text("extends");
  if (request.extends.empty()) return "";
  const auto grant = context.state.grants().find(request.extends);
  if (grant == context.state.grants().end() || grant->second.engineer != request.engineer ||
      grant->second.ended || grant->second.until <= context.now)
    return "extends: this is no grant of yours that still holds";
  if (!order.has("role") && !order.has("capabilities")) {
    request.asked.role = grant->second.role;
    request.asked.capabilities = grant->second.capabilities;
  }
  return "";
}

Decision close_request(const Context& context, Request request, EventType type, RequestState state,
                       const Order& order) {
  Decision decision;
  request.state = state;
  request.decided = context.now;
  decision.events.push_back(draft_request(type, request, to_text(state), order));
  request.by = decision.events.back().actor;
  decision.reply = order.sender == Sender::Enforcer ? view_own(request) : view(request);
  return decision;
}

// One message more in the talk about the request.
Decision say(const Context& context, Request request, EventType type, const Order& order) {
  const std::string text = trim(order.text("text"));
  if (text.empty() || text.size() > kLongestMessage) return invalid("a text of 1 to 1000 bytes is needed");
  if (!context.log_writable) return log_closed();
  Draft draft{type, order.actor, {}, request.id, {}, {}, false};
  if (order.sender == Sender::Enforcer) draft.actor = actor_of(request.engineer);
  draft.detail = Detail()
                     .text("request", request.id)
                     .text("engineer", request.engineer)
                     .text("text", text)
                     .text("client", order.from)
                     .done();
  request.talk.push_back({draft.actor, text, context.now});
  Decision decision;
  decision.reply = order.sender == Sender::Enforcer ? view_own(request) : view(request);
  decision.events.push_back(std::move(draft));
  return decision;
}

bool was_asked(const Request& request) {
  return !request.talk.empty() && request.talk.back().by.starts_with("admin:");
}

// The engineer's own pending request, in a session that is open.
const Request* find_own(const Context& context, const Order& order, Decision& why) {
  const auto session = context.state.sessions().find(order.text("session"));
  if (session == context.state.sessions().end()) {
    why = refuse(base::Refusal::SessionEnded, "the session has ended");
    return nullptr;
  }
  // Another engineer's request is answered like none: ids tell nothing.
  const auto request = context.state.requests().find(order.text("id"));
  if (request != context.state.requests().end() && request->second.engineer == session->second.engineer)
    return find_pending(context, order, why);
  why = not_found("no access request has this id");
  return nullptr;
}

}  // namespace

Decision decide_request_create(const Context& context, const Order& order) {
  const auto session = context.state.sessions().find(order.text("session"));
  if (session == context.state.sessions().end()) {
    return refuse(base::Refusal::SessionEnded, "the session has ended");
  }
  Request request;
  request.engineer = session->second.engineer;
  request.created = request.last_word = context.now;
  request.asked.duration = context.limits.default_grant;
  std::string problem = read_reason(context, order, request.reason);
  if (problem.empty()) problem = read_ticket(context, order, request.ticket);
  if (problem.empty()) problem = read_extends(context, order, request);
  if (problem.empty()) problem = read_wanted(context, order, request.asked);
  if (problem.empty()) problem = read_duration(context, order, request.asked.duration);
  if (problem.empty()) problem = read_start(context, order, request.asked.start);
  if (!problem.empty()) return invalid(problem);
  if (const std::string gone = unknown_capabilities(context, request.asked.capabilities); !gone.empty())
    return conflict("the policy does not have " + gone + " any more: ask for what it has");
  if (too_many_requests(context, request.engineer)) {
    return refuse(base::Refusal::LimitReached, "too many requests wait for an answer already");
  }
  if (!context.log_writable) return log_closed();
  request.id = context.ids.make(context.now);
  request.offer = request.asked;
  request.approvals_needed = approvals_needed(context, request.asked.capabilities);
  Decision decision;
  decision.events.push_back(draft_request_created(request, order));
  decision.events.back().session = session->first;
  decision.reply = view_own(request);
  return decision;
}

Decision decide_request_ask_back(const Context& context, const Order& order) {
  Decision why;
  const Request* pending = find_pending(context, order, why);
  if (pending == nullptr) return why;
  if (!pending->asked_by.empty())
    return conflict(state::from_mission_control(pending->asked_by)
                        ? "Mission Control made this request: there is no engineer to ask about it; refuse "
                          "it with a reason"
                        : "an administrator made this request: there is no engineer to ask about it");
  if (pending->talk.size() + 2 > kMostTalk)
    return refuse(base::Refusal::LimitReached, "enough was said about this request: decide it");
  return say(context, *pending, EventType::RequestQuestioned, order);
}

Decision decide_request_answer(const Context& context, const Order& order) {
  Decision why;
  const Request* pending = find_own(context, order, why);
  if (pending == nullptr) return why;
  if (!was_asked(*pending)) return conflict("nothing is asked about this request that is not answered yet");
  Decision decision = say(context, *pending, EventType::RequestAnswered, order);
  if (!decision.events.empty()) decision.events.back().session = order.text("session");
  return decision;
}

Decision decide_request_refuse(const Context& context, const Order& order) {
  Decision why;
  const Request* pending = find_pending(context, order, why);
  if (pending == nullptr) return why;
  Request request = *pending;
  request.note = trim(order.text("reason"));
  if (request.note.empty() || request.note.size() > kLongestReason)
    return invalid("a reason of 1 to 2000 bytes is needed");
  if (!context.log_writable) return log_closed();
  return close_request(context, std::move(request), EventType::RequestRefused, RequestState::Refused, order);
}

Decision decide_request_withdraw(const Context& context, const Order& order) {
  Decision why;
  const Request* pending = find_own(context, order, why);
  if (pending == nullptr) return why;
  if (!context.log_writable) return log_closed();
  Request request = *pending;
  request.note.clear();
  Decision decision =
      close_request(context, std::move(request), EventType::RequestWithdrawn, RequestState::Withdrawn, order);
  decision.events.back().session = order.text("session");
  return decision;
}

}  // namespace postern::ledger
