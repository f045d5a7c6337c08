// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The master switch and the capabilities. The one subtle thing is which change takes something away: see
// takes_away().
#include <algorithm>

#include "gateway/ledger/decide_proposal.h"
#include "gateway/ledger/request_terms.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;
using base::Micros;
using state::RemoteAccess;
using state::Setting;
using Until = std::optional<Micros>;

// No end is the latest end.
bool ends_earlier(const Until& a, const Until& b) { return a && (!b || *a < *b); }

// Neither of approved and read-only contains the other; going from one to the other gives something, and so
// it waits for its record like all that gives.
bool takes_away(RemoteAccess from, RemoteAccess to) {
  if (from == to || from == RemoteAccess::Off) return false;
  return to == RemoteAccess::Off || from == RemoteAccess::All;
}

// The value the switch has by now: after its end it is off.
template <typename Value>
Value in_force(Value value, const Until& until, Micros now) {
  return until && *until <= now ? Value::Off : value;
}

bool read_until(const Order& order, Micros now, Until& until, std::string& problem) {
  if (!order.has("until")) return true;
  const auto parsed = base::parse_until(order.text("until"), now);
  if (parsed.ok()) {
    until = *parsed;
    return true;
  }
  problem = "until: " + parsed.error().message;
  return false;
}

Draft draft_capability(const Context& context, const std::string& name, Setting setting, const Until& until,
                       const Order& order) {
  const state::Toggle* known = context.state.capability_toggle(name);
  const state::Toggle old = known == nullptr ? state::Toggle{} : *known;
  Draft draft{EventType::PermissionChanged,         order.actor, {},   name,
              std::string(state::to_text(setting)), {},          false};
  draft.closes = setting < old.setting || (setting == old.setting && ends_earlier(until, old.until));
  draft.detail = Detail()
                     .text("what", "capability")
                     .text("name", name)
                     .text("old", state::to_text(old.setting))
                     .text("new", state::to_text(setting))
                     .time("old_until", old.until)
                     .time("until", until)
                     .text("reason", order.text("reason"))
                     .text("client", order.from)
                     .done();
  return draft;
}

Json view_remote_access(RemoteAccess mode, const Until& until, Micros changed, const std::string& by) {
  Json json{{"mode", state::to_text(mode)}, {"by", by}};
  if (changed > 0) json["changed_at"] = base::format_time(changed);
  if (until) json["until"] = base::format_time(*until);
  return json;
}

Json view_capability(const std::string& name, Setting setting, const Until& until) {
  Json json{{"name", name}, {"setting", state::to_text(setting)}};
  if (until) json["until"] = base::format_time(*until);
  return json;
}

// What a setting says that changes of its own accord.
Order order_of_ours(const Json& reason) { return {reason, Sender::Supervisor, "gateway", ""}; }

// Where signed documents alone give access, what was on before that was so gives none either.
void withdraw_what_is_on(const Context& context, Decision& decision) {
  static const Json kReason{{"reason", "signed_only"}};
  for (const auto& [name, toggle] : context.state.capabilities()) {
    if (in_force(toggle.setting, toggle.until, context.now) != Setting::On) continue;
    decision.events.push_back(
        draft_capability(context, name, Setting::Ask, toggle.until, order_of_ours(kReason)));
  }
}

}  // namespace

Draft draft_remote_access(const Context& context, RemoteAccess mode, Until until, const Order& order) {
  const RemoteAccess old = context.state.remote_access_mode();
  const Until old_until = context.state.remote_access_toggle().until;
  Draft draft{EventType::PermissionChanged,      order.actor, {},   "remote_access",
              std::string(state::to_text(mode)), {},          false};
  draft.closes = takes_away(old, mode) || (old == mode && ends_earlier(until, old_until));
  draft.detail = Detail()
                     .text("what", "remote_access")
                     .text("old", state::to_text(old))
                     .text("new", state::to_text(mode))
                     .time("old_until", old_until)
                     .time("until", until)
                     .text("reason", order.text("reason"))
                     .text("client", order.from)
                     .done();
  return draft;
}

Decision decide_remote_access(const Context& context, const Order& order) {
  const auto mode = state::parse_remote_access(order.text("mode"));
  if (!mode) return invalid("mode must be off, approved, read-only or all");
  Until until;
  std::string problem;
  if (!read_until(order, context.now, until, problem)) return invalid(problem);
  if (*mode == RemoteAccess::Off && until) return invalid("off has no end: leave until away");
  const state::Toggle& toggle = context.state.remote_access_toggle();
  if (*mode == context.state.remote_access_mode() && until == toggle.until) {
    return unchanged(view_remote_access(*mode, until, toggle.changed, toggle.by));
  }
  if (auto late = changed_meanwhile(order, &toggle, state::to_text(context.state.remote_access(context.now))))
    return std::move(*late);
  Decision decision;
  decision.events.push_back(draft_remote_access(context, *mode, until, order));
  decision.measured = decision.events.front().closes;
  if (!decision.measured && !context.log_writable) return log_closed();
  std::int64_t ended = 0;
  if (*mode == RemoteAccess::Off) {
    ended = end_sessions(context, "remote_access_off", order.actor, decision,
                         [](const state::Session&) { return true; });
  }
  decision.reply = view_remote_access(*mode, until, context.now, order.actor);
  decision.reply["changed"] = true;
  decision.reply["sessions_ended"] = ended;
  return decision;
}

Decision decide_capability(const Context& context, const Order& order) {
  const std::string name = order.text("name");
  const auto setting = state::parse_setting(order.text("setting"));
  if (!setting) return invalid("setting must be off, ask or on");
  if (*setting == Setting::On && context.limits.grants.signed_only)
    return only_signed("what is on needs no grant; access is given by a signed document");
  // What a former policy had may still be switched off.
  if (context.policy.capabilities.count(name) == 0 &&
      (*setting != Setting::Off || context.state.capability_toggle(name) == nullptr)) {
    return not_found("the policy has no capability of that name");
  }
  Until until;
  std::string problem;
  if (!read_until(order, context.now, until, problem)) return invalid(problem);
  if (*setting == Setting::Off && until) return invalid("off has no end: leave until away");
  const state::Toggle* known = context.state.capability_toggle(name);
  const bool same =
      known == nullptr ? *setting == Setting::Off : known->setting == *setting && known->until == until;
  if (same) return unchanged(view_capability(name, *setting, until));
  if (auto late =
          changed_meanwhile(order, known, state::to_text(context.state.capability(name, context.now))))
    return std::move(*late);
  Decision decision;
  decision.events.push_back(draft_capability(context, name, *setting, until, order));
  decision.measured = decision.events.front().closes;
  if (!decision.measured && !context.log_writable) return log_closed();
  decision.reply = view_capability(name, *setting, until);
  decision.reply["changed"] = true;
  return decision;
}

// Taking it back closes: what waits to be told is not told.
Decision decide_sharing(const Context& context, const Order& order) {
  const std::string name = order.text("name");
  const auto setting = state::parse_setting(order.text("setting"));
  if (!state::can_be_shared(name)) return not_found("there is nothing of that name to share");
  const bool proposals = name == state::kProposals;
  if (!setting || (*setting == Setting::Ask && !proposals))
    return invalid(proposals ? "setting must be off, ask or on" : "setting must be off or on");
  if (proposals && *setting != Setting::Off && context.limits.grants.signed_only)
    return only_signed("a proposal is an admin's to approve; access is given by a signed document");
  const Setting old = context.state.sharing_setting(name);
  const bool closes = *setting < old;
  Decision decision;
  decision.reply = {{"name", name}, {"setting", state::to_text(*setting)}};
  if (old == *setting) return unchanged(decision.reply);
  if (!closes && !context.log_writable) return log_closed();
  Draft draft{EventType::PermissionChanged,          order.actor, {},    name,
              std::string(state::to_text(*setting)), {},          closes};
  draft.detail = Detail()
                     .text("what", "sharing")
                     .text("name", name)
                     .text("old", state::to_text(old))
                     .text("new", state::to_text(*setting))
                     .text("reason", order.text("reason"))
                     .text("client", order.from)
                     .done();
  draft.stops = false;
  decision.events.push_back(std::move(draft));
  if (proposals && *setting == Setting::Off) refuse_proposals(context, order.actor, decision);
  decision.measured = closes;
  decision.reply["changed"] = true;
  return decision;
}

Decision decide_due(const Context& context, std::span<const state::Session* const> run_out) {
  static const Json kReason{{"reason", "until"}};
  const Order order = order_of_ours(kReason);
  const state::State& state = context.state;
  Decision decision;
  const RemoteAccess mode = state.remote_access_mode();
  const bool off = mode != RemoteAccess::Off &&
                   in_force(mode, state.remote_access_toggle().until, context.now) == RemoteAccess::Off;
  if (off) decision.events.push_back(draft_remote_access(context, RemoteAccess::Off, {}, order));
  for (const auto& [name, toggle] : state.capabilities()) {
    if (toggle.setting == Setting::Off || in_force(toggle.setting, toggle.until, context.now) != Setting::Off)
      continue;
    decision.events.push_back(draft_capability(context, name, Setting::Off, {}, order));
  }
  if (context.limits.grants.signed_only) withdraw_what_is_on(context, decision);
  decision.measured = !decision.events.empty();
  for (const auto& [id, grant] : state.grants()) {
    if (!grant.ended && grant.until <= context.now) {
      decision.events.push_back(draft_grant_end(grant, "expired", "gateway", ""));
    }
  }
  if (off) {
    end_sessions(context, "remote_access_off", "gateway", decision,
                 [](const state::Session&) { return true; });
  } else {
    for (const state::Session* session : run_out) {
      const std::string_view reason = session->expires <= context.now ? "expired" : "idle";
      decision.events.push_back(draft_session_end(context, *session, reason, "gateway"));
    }
  }
  for (const auto& [id, hold] : state.holds()) {
    if (hold.expires <= context.now) decision.events.push_back(draft_hold_expired(context, hold));
  }
  for (const auto& [id, request] : state.requests()) {
    if (request.state != state::RequestState::Pending) continue;
    if (request.last_word + context.limits.request_expires > context.now) continue;
    Draft draft{EventType::RequestExpired, "gateway", {}, id, "expired", {}, false};
    draft.detail = Detail().text("request", id).text("engineer", request.engineer).done();
    decision.events.push_back(std::move(draft));
  }
  expire_proposals(context, decision);
  expire_tokens(context, decision);
  expire_intake(context, decision);
  return decision;
}

Decision decide_stop(const Context& context) {
  Decision decision;
  end_sessions(context, "gateway_stopped", "gateway", decision, [](const state::Session&) { return true; });
  return decision;
}

}  // namespace postern::ledger
