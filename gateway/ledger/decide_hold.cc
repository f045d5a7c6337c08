// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Calls that wait for an admin. An enforcer announces one, and hears what became of it as a change of the state:
// a pass once it is durable, all else at once.
#include <algorithm>

#include "audit/detail.h"
#include "gateway/ledger/deciding.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using state::Hold;

// With all escapes an event of it stays below audit::kEventLimit.
constexpr std::size_t kLongestTarget = 4'096, kLongestName = 256, kLongestBody = 40'000;
constexpr std::size_t kLongestDocument = 24U << 10U;    // and as much for its patch
constexpr int kDeepest = audit::kDetailDepthLimit - 1;  // nested, of both
constexpr std::size_t kLongestWhy = 512;

Draft draft_hold(EventType type, const Hold& hold, std::string_view outcome, std::string actor) {
  Draft draft{type, std::move(actor), hold.session, hold.id, std::string(outcome), {}, false};
  draft.closes =
      type == EventType::HoldRefused || type == EventType::HoldExpired || type == EventType::HoldWithdrawn;
  return draft;
}

void name(Detail& detail, const Hold& hold) {
  detail.text("hold", hold.id)
      .text("engineer", hold.engineer)
      .text("capability", hold.capability)
      .text("operation", hold.operation)
      .text("because", hold.because);
}

std::int64_t waited(const Context& context, const Hold& hold) {
  return std::max<base::Micros>(0, context.now - hold.created);
}

bool too_many_holds(const Context& context, const std::string& session) {
  const auto& holds = context.state.holds();
  const auto theirs = std::count_if(holds.begin(), holds.end(),
                                    [&](const auto& entry) { return entry.second.session == session; });
  return static_cast<std::int64_t>(holds.size()) >= context.limits.holds ||
         theirs >= context.limits.holds_per_session;
}

// Why the engineer has this capability at all: what was asked for, if it was asked for.
void take_reason(const Context& context, Hold& hold) {
  for (const auto& [id, grant] : context.state.grants()) {
    if (grant.engineer != hold.engineer || !grant.active(context.now)) continue;
    if (std::find(grant.capabilities.begin(), grant.capabilities.end(), hold.capability) ==
        grant.capabilities.end())
      continue;
    hold.request = grant.request;
    hold.reason = grant.reason;
    const auto request = context.state.requests().find(grant.request);
    if (request != context.state.requests().end()) hold.reason = request->second.reason;
  }
}

// Of the JSON text of it; what escaping would make too long is not shown, but counted and hashed.
bool is_readable(const std::string& body) {
  std::string escaped;
  base::JsonWriter::escape(escaped, body);
  return escaped.size() <= kLongestBody;
}

// What is told, if an event can hold it; null if it is not there, or cannot be.
base::Json fitting(const base::Json& told, const char* key) {
  const auto found = told.find(key);
  if (found == told.end()) return nullptr;
  const bool fits =
      audit::depth_of(*found) <= kDeepest && audit::as_detail(*found).size() <= kLongestDocument;
  return fits ? *found : base::Json();
}

const Hold* find(const Context& context, const Order& order, Decision& why) {
  const auto it = context.state.holds().find(order.text("id"));
  const bool own = order.sender != Sender::Enforcer ||
                   (it != context.state.holds().end() &&
                    it->second.enforcer == base::json_number_or(order.arguments, "enforcer", -1));
  if (it != context.state.holds().end() && own) return &it->second;
  why = not_found("no call with this id waits (any more)");
  return nullptr;
}

}  // namespace

void put_comparison(Detail& detail, const base::Json& told) {
  if (const std::string hash = base::json_text_or(told, "before_sha256", ""); !hash.empty())
    detail.number("before_bytes", base::json_number_or(told, "before_bytes", 0))
        .text("before_sha256", hash.substr(0, kLongestName));
  detail.document("document", fitting(told, "document"));
  if (told.contains("changes")) detail.number("changes", base::json_number_or(told, "changes", 0));
  const base::Json patch = fitting(told, "patch");
  detail.document("patch", patch.is_array() ? patch : base::Json())
      .text("why", base::json_text_or(told, "why", "").substr(0, kLongestWhy));
}

Draft draft_hold_expired(const Context& context, const Hold& hold) {
  Draft draft = draft_hold(EventType::HoldExpired, hold, "expired", "gateway");
  Detail detail;
  name(detail, hold);
  draft.detail = detail.number("waited_us", waited(context, hold)).done();
  return draft;
}

Decision decide_hold_create(const Context& context, const Order& order) {
  const auto session = context.state.sessions().find(order.text("session"));
  if (session == context.state.sessions().end())
    return refuse(base::Refusal::SessionEnded, "the session has ended");
  Hold hold;
  hold.session = session->first;
  hold.engineer = session->second.engineer;
  hold.enforcer = base::json_number_or(order.arguments, "enforcer", 0);
  hold.capability = order.text("capability");
  hold.operation = order.text("operation");
  hold.method = order.text("method");
  if (order.text("because") == state::kBudgetPass) hold.because = state::kBudgetPass;
  hold.target = order.text("target");
  if (hold.target.size() > kLongestTarget)
    return refuse(base::Refusal::TargetTooLong, "this call waits for an admin, who is shown at most " +
                                                    std::to_string(kLongestTarget) + " bytes of its address");
  hold.content_type = order.text("content_type");
  if (hold.content_type.size() > kLongestName)
    return refuse(base::Refusal::BodyNotAllowed, "this call waits for an admin, who is shown at most " +
                                                     std::to_string(kLongestName) +
                                                     " bytes of its content type");
  hold.client = order.text("client");
  hold.body = order.text("body");
  hold.body_bytes = base::json_number_or(order.arguments, "body_bytes", 0);
  hold.body_sha256 = order.text("body_sha256");
  hold.read = order.text("read").substr(0, kLongestTarget);
  for (const std::string* text : {&hold.capability, &hold.operation, &hold.method, &hold.client}) {
    if (text->size() > kLongestTarget) return invalid("a name is too long");
  }
  if (!is_readable(hold.body)) hold.body.clear();
  if (too_many_holds(context, hold.session))
    return refuse(base::Refusal::LimitReached, "too many calls wait for an admin already");
  if (!context.log_writable) return log_closed();
  take_reason(context, hold);
  hold.id = context.ids.make(context.now);
  hold.created = context.now;
  hold.expires = context.now + context.limits.hold_wait;
  Decision decision;
  Draft draft = draft_hold(EventType::HoldCreated, hold, "waiting", actor_of(hold.engineer));
  Detail detail;
  name(detail, hold);
  draft.detail = detail.number("enforcer", hold.enforcer)
                     .text("method", hold.method)
                     .text("target", hold.target)
                     .text("content_type", hold.content_type)
                     .text("body", hold.body)
                     .number("body_bytes", hold.body_bytes)
                     .text("body_sha256", hold.body_sha256)
                     .text("read", hold.read)
                     .text("reason", hold.reason)
                     .text("request", hold.request)
                     .text("client", hold.client)
                     .time("expires", hold.expires)
                     .done();
  decision.events.push_back(std::move(draft));
  decision.reply = view(hold);
  return decision;
}

Decision decide_hold_compare(const Context& context, const Order& order) {
  Decision decision;
  const Hold* hold = find(context, order, decision);
  if (hold == nullptr) return decision;
  if (hold->read.empty() || hold->before.at > 0) return conflict("nothing is to be compared with this call");
  if (!context.log_writable) return log_closed();
  Draft draft = draft_hold(EventType::HoldCompared, *hold, "compared", "gateway");
  Detail detail;
  name(detail, *hold);
  detail.text("read", hold->read);
  put_comparison(detail, order.arguments);
  draft.detail = detail.done();
  decision.events.push_back(std::move(draft));
  return decision;
}

Decision decide_hold_withdraw(const Context& context, const Order& order) {
  Decision decision;
  const Hold* hold = find(context, order, decision);
  if (hold == nullptr) return decision;
  Draft draft = draft_hold(EventType::HoldWithdrawn, *hold, "withdrawn", actor_of(hold->engineer));
  Detail detail;
  name(detail, *hold);
  draft.detail = detail.text("why", order.text("why").substr(0, kLongestName))
                     .number("waited_us", waited(context, *hold))
                     .done();
  decision.events.push_back(std::move(draft));
  return decision;
}

Decision decide_hold_pass(const Context& context, const Order& order) {
  Decision decision;
  const Hold* hold = find(context, order, decision);
  if (hold == nullptr) return decision;
  if (hold->expires <= context.now) return conflict("this call has waited too long");
  if (order.has("for_session") && !order.arguments["for_session"].is_boolean())
    return invalid("for_session must be true or false");
  if (!context.log_writable) return log_closed();
  const bool for_session = base::json_bool_or(order.arguments, "for_session", false);
  Draft draft = draft_hold(EventType::HoldPassed, *hold, "passed", order.actor);
  Detail detail;
  name(detail, *hold);
  if (for_session) detail.flag("for_session", true);
  draft.detail = detail.number("waited_us", waited(context, *hold)).text("client", order.from).done();
  decision.events.push_back(std::move(draft));
  decision.reply = view(*hold);
  decision.reply["state"] = "passed";
  decision.reply["for_session"] = for_session;
  return decision;
}

Decision decide_hold_refuse(const Context& context, const Order& order) {
  Decision decision;
  const Hold* hold = find(context, order, decision);
  if (hold == nullptr) return decision;
  const std::string note = order.text("note");
  if (note.size() > kLongestReason) return invalid("note: at most 2000 bytes");
  Draft draft = draft_hold(EventType::HoldRefused, *hold, "refused", order.actor);
  Detail detail;
  name(detail, *hold);
  draft.detail =
      detail.text("note", note).number("waited_us", waited(context, *hold)).text("client", order.from).done();
  decision.events.push_back(std::move(draft));
  decision.reply = view(*hold);
  decision.reply["state"] = "refused";
  return decision;
}

}  // namespace postern::ledger
