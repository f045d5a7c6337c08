// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A policy is put in force by the supervisor, at once; what it opens is accepted by an admin, who names the very
// policy that he was shown.
#include "gateway/ledger/deciding.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;

Draft draft_accepted(const Context& context, std::string_view hash, std::string_view reason,
                     const std::string& actor, std::string_view client) {
  Draft draft{EventType::PolicyAccepted, actor, {}, std::string(hash), {}, {}, false};
  draft.detail = Detail()
                     .text("old", context.state.accepted().hash)
                     .text("new", hash)
                     .text("reason", reason)
                     .text("client", client)
                     .done();
  return draft;
}

}  // namespace

Decision decide_policy(const Context& context, const PolicyReading& reading, const Json& order) {
  const policy::ParsedPolicy& parsed = reading.parsed;
  if (parsed.policy == nullptr) {
    std::string message = base::format_faults("policy", parsed.faults);
    return refuse(400, "invalid", message.substr(0, kLongestReason));
  }
  const PolicySummary& next = reading.summary;
  Json reply{
      {"hash", next.hash}, {"capabilities", next.capabilities.size()}, {"operations", next.operations}};
  reply["waits"] = context.state.policy_waits();
  if (next.hash == context.state.policy_hash()) return unchanged(std::move(reply));
  Decision decision;
  std::string actor = base::json_text_or(order, "actor", "gateway");
  if (!is_plain_text(actor, kLongestPeerText) || actor.empty()) actor = "gateway";
  const std::string file = base::json_text_or(order, "file", "policy.yaml");
  Draft draft{EventType::PolicyChanged, std::move(actor), {}, file, {}, {}, false};
  Detail detail;
  detail.text("file", file)
      .text("old", context.state.policy_hash())
      .text("new", next.hash)
      .number("capabilities", static_cast<std::int64_t>(next.capabilities.size()))
      .number("operations", next.operations)
      .number("newly_allowed", reading.newly_allowed)
      .number("no_longer_allowed", reading.no_longer_allowed);
  if (reading.opens) detail.flag("waits", true);
  draft.detail = detail.done();
  decision.events.push_back(std::move(draft));
  if (!reading.opens && next.hash != reading.accepted) {
    const std::string_view reason = reading.accepted.empty() ? "first" : "narrower";
    decision.events.push_back(draft_accepted(context, next.hash, reason, "gateway", ""));
  }
  decision.reply = std::move(reply);
  decision.reply["changed"] = true;
  decision.reply["waits"] = reading.opens;
  return decision;
}

Decision decide_policy_accept(const Context& context, const Order& order) {
  const state::State& state = context.state;
  const std::string hash = order.text("hash");
  if (hash.empty()) return invalid("hash must name the policy that is accepted");
  if (hash != state.policy_hash())
    return conflict("the policy in force is " + state.policy_hash() +
                    ", and not the one that was named: look at what it opens, then accept that");
  if (!state.policy_waits()) return unchanged({{"hash", hash}});
  if (!context.log_writable) return log_closed();
  Decision decision;
  decision.events.push_back(draft_accepted(context, hash, "admin", order.actor, order.from));
  decision.reply = {{"hash", hash}, {"changed", true}};
  return decision;
}

}  // namespace postern::ledger
