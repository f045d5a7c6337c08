// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Grants that come as documents, signed with the customer's keys: whoever brings one adds nothing to it.
#include <algorithm>

#include "certs/signed_grant.h"
#include "gateway/ledger/request_terms.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Micros;

Decision turn_down(const Order& order, const certs::OpenedGrant& opened, int status, std::string why) {
  Decision decision = refuse(status, status == 409 ? "conflict" : "denied", why);
  Draft draft{EventType::GrantRefused, order.actor, {}, opened.grant.id, "refused", {}, false};
  draft.detail = Detail()
                     .text("grant", opened.grant.id)
                     .text("engineer", opened.grant.engineer)
                     .texts("signed_by", opened.signers)
                     .text("why", why)
                     .text("client", order.from)
                     .done();
  decision.events.push_back(std::move(draft));
  return decision;
}

std::string installation_of(const Context& context) {
  const auto key = certs::parse_verifier_key(context.log_key);
  return key.ok() ? key->name : std::string();
}

// Why it cannot start, by what it says alone; empty: it can.
std::string wrong_with(const Context& context, const certs::SignedGrant& grant) {
  const std::string here = installation_of(context);
  if (grant.installation != here) return "it is for " + grant.installation + ", and this is " + here;
  if (grant.until <= context.now) return "it ended on " + base::format_time(grant.until);
  if (grant.from > context.now + kLatestStart)
    return "it begins on " + base::format_time(grant.from) + ", and " + base::format_duration(kLatestStart) +
           " from now is the latest here";
  if (grant.until - grant.from > context.limits.longest_grant)
    return "it holds for " + base::format_duration(grant.until - grant.from) + ", and " +
           base::format_duration(context.limits.longest_grant) + " is the most here";
  if (!is_engineer_name(grant.engineer)) return "its engineer has a name that nobody can have here";
  return {};
}

}  // namespace

Decision decide_grant_apply(const Context& context, const Order& order) {
  const auto& rules = context.limits.grants;
  if (rules.signers.empty()) return conflict("no key may sign grants here: grants.signers names none");
  const auto opened = certs::open_grant(order.text("document"), rules.signers);
  if (!opened.ok()) return turn_down(order, {}, 403, opened.error().message);
  const certs::SignedGrant& wanted = opened->grant;
  if (installation_of(context).empty())
    return refuse(base::Refusal::GatewayError,
                  "the keeper has not said yet what this installation is called: try again");
  if (const std::string why = wrong_with(context, wanted); !why.empty())
    return turn_down(order, *opened, 403, why);
  if (context.state.was_applied(wanted.id))
    return turn_down(order, *opened, 409, "this document was applied before, and is good for one time");
  if (wanted.until <= context.state.forgotten_until())
    return turn_down(order, *opened, 409,
                     "so many documents were applied that nobody knows any more whether this one was: sign "
                     "one that ends after " +
                         base::format_time(context.state.forgotten_until()));
  base::Json terms = base::Json::object();
  if (wanted.role.empty())
    terms["capabilities"] = wanted.capabilities;
  else
    terms["role"] = wanted.role;
  state::Terms given;
  const std::string problem = read_wanted(context, {terms, order.sender, order.actor, order.from}, given);
  if (!problem.empty()) return turn_down(order, *opened, 403, problem);
  const std::int64_t needed = approvals_needed(context, given.capabilities);
  if (static_cast<std::int64_t>(opened->signers.size()) < needed)
    return turn_down(order, *opened, 403, "it takes the signatures of " + std::to_string(needed) + " keys");
  if (too_many_grants(context)) return refuse(base::Refusal::LimitReached, "too many grants hold already");
  if (!context.log_writable) return log_closed();
  state::Grant grant;
  grant.id = wanted.id;
  grant.engineer = wanted.engineer;
  grant.role = given.role;
  grant.capabilities = given.capabilities;
  grant.reason = wanted.reason;
  grant.ticket = wanted.ticket;
  grant.by = order.actor;
  grant.from = wanted.from;
  grant.until = wanted.until;
  grant.signed_by = opened->signers;
  grant.most_exchanges = wanted.exchanges;
  grant.most_response_bytes = wanted.response_bytes;
  Decision decision;
  decision.events.push_back(draft_grant_start(grant, order));
  decision.reply = view(grant, context.now);
  decision.reply["engineer_state"] = engineer_state(context, grant.engineer);
  return decision;
}

}  // namespace postern::ledger
