// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/views.h"

#include <algorithm>
#include <array>

#include "policy/decide.h"

namespace postern::console {
namespace {

using base::format_time;
using base::Json;

void put_until(Json& json, const std::optional<base::Micros>& until) {
  if (until) json["until"] = format_time(*until);
}
void put_text(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}

Json usable_capabilities(const state::Session& session, const state::State& state,
                         const policy::Policy* policy, base::Micros now) {
  Json names = Json::array();
  if (policy == nullptr) return names;
  std::vector<base::Refusal> standing;
  for (const policy::Capability& capability : policy->capabilities())
    standing.push_back(
        state.standing(session.engineer, capability.name, capability.klass == policy::Class::Write, now));
  if (!session.most_role.empty()) policy::keep_within_role(*policy, session.most_role, standing);
  for (std::size_t i = 0; i < standing.size(); ++i)
    if (standing[i] == base::Refusal::None) names.push_back(policy->capabilities()[i].name);
  return names;
}

void put_counters(Json& json, const audit::SessionRow* row) {
  json["exchanges"] = row == nullptr ? 0 : row->forwarded;
  json["refused"] = row == nullptr ? 0 : row->refused;
  json["request_bytes"] = row == nullptr ? 0 : row->request_bytes;
  json["response_bytes"] = row == nullptr ? 0 : row->response_bytes;
  json["redacted"] = row == nullptr ? 0 : row->redacted;
}

}  // namespace

namespace {

struct SharingTitle {
  std::string_view name, title;
};
constexpr std::array<SharingTitle, state::kSharing.size() + state::kSharedFields.size()> kSharingTitles{{
    {"health", "Every two minutes how the gateway, its host and the component's nodes are, in numbers"},
    {"usage", "Every hour how much was done, in numbers"},
    {"events",
     "Events of the gateway and of the component's nodes: their type, severity, subject and outcome; of an "
     "announced update when it starts and why it ended so"},
    {"tunnel", "The tunnel: engineers may come through Mission Control, while remote access is not off"},
    {"requests", "Mission Control may ask for access in an engineer's place; an admin approves it as ever"},
    {"updates",
     "Mission Control is asked for the vendor's updates; what is not signed by the vendor is not taken"},
    {"proposals",
     "Mission Control may propose changes of settings; with ask an admin approves each, with on none has to"},
    {"health.version", "Versions of Postern and of the component"},
    {"health.state", "Which nodes are up"},
    {"health.start_time", "Since when the gateway and the nodes run"},
    {"health.cpu", "CPU and load"},
    {"health.memory", "Memory, used and there"},
    {"health.storage", "Storage, used and there"},
    {"health.clock", "By how much the clock differs from Mission Control's"},
    {"health.certificate", "When certificates run out"},
    {"health.processing", "How much the component processed in 24 hours, and how much of it failed"},
    {"health.availability", "How much of 24 hours the nodes were up"},
    {"health.warnings", "Warnings that are not over"},
    {"usage.sessions", "How many sessions were opened"},
    {"usage.engineers", "How many engineers opened them"},
    {"usage.exchanges", "How many exchanges were forwarded, by class, and how many refused"},
    {"usage.bytes", "Bytes of requests and responses"},
    {"usage.capabilities", "How often capabilities were switched"},
    {"usage.component", "Counters of the component that monitoring.usage names"},
}};

Json view_shared(const state::State& state, std::string_view name) {
  const auto* found = std::find_if(kSharingTitles.begin(), kSharingTitles.end(),
                                   [name](const SharingTitle& one) { return one.name == name; });
  return {{"name", name},
          {"title", found == kSharingTitles.end() ? std::string_view() : found->title},
          {"setting", state::to_text(state.sharing_setting(name))}};
}

}  // namespace

Json view_sharing(const state::State& state, std::string_view name) {
  Json json = view_shared(state, name);
  for (const std::string_view field : state::kSharedFields) {
    if (field.starts_with(std::string(name) + ".")) json["fields"].push_back(view_shared(state, field));
  }
  const auto toggle = state.sharing().find(name);
  if (toggle == state.sharing().end()) return json;
  json["changed"] = format_time(toggle->second.changed);
  put_text(json, "by", toggle->second.by);
  return json;
}

Json view_remote_access(const state::State& state, base::Micros now) {
  const state::Toggle& toggle = state.remote_access_toggle();
  Json json{{"mode", state::to_text(state.remote_access(now))}, {"version", std::to_string(toggle.changed)}};
  if (!toggle.until || *toggle.until > now) put_until(json, toggle.until);
  if (toggle.changed > 0) json["changed"] = format_time(toggle.changed);
  put_text(json, "by", toggle.by);
  return json;
}

Json view_capability(const policy::Policy& policy, const policy::Capability& capability,
                     const state::State& state, base::Micros now) {
  Json json{{"name", capability.name},
            {"title", capability.title},
            {"description", capability.description},
            {"group", capability.group},
            {"class", policy::to_text(capability.klass)},
            {"approvals", capability.approvals},
            {"setting", state::to_text(state.capability(capability.name, now))}};
  const state::Toggle* toggle = state.capability_toggle(capability.name);
  json["version"] = std::to_string(toggle == nullptr ? 0 : toggle->changed);
  if (toggle != nullptr && toggle->until && *toggle->until > now) put_until(json, toggle->until);
  if (toggle != nullptr && toggle->changed > 0) json["changed"] = format_time(toggle->changed);
  if (toggle != nullptr) put_text(json, "by", toggle->by);
  Json& operations = json["operations"] = Json::array();
  const auto all = policy.operations();
  for (int i = capability.first_operation; i < capability.end_operation; ++i) {
    operations.push_back(all[static_cast<std::size_t>(i)].text());
  }
  return json;
}

Json view_session(const state::Session& session, const audit::SessionRow* row, const state::State& state,
                  const policy::Policy* policy, base::Micros now) {
  base::Micros active = std::max(session.last_active, session.opened);
  if (row != nullptr && row->last_exchange) active = std::max(active, *row->last_exchange);
  Json json{{"id", session.id},
            {"engineer", session.engineer},
            {"method", session.method},
            {"client", session.client},
            {"user_agent", session.user_agent},
            {"opened", format_time(session.opened)},
            {"expires", format_time(session.expires)},
            {"last_active", format_time(active)},
            {"idle_until", format_time(std::min(active + session.idle, session.expires))},
            {"state", "active"},
            {"capabilities", usable_capabilities(session, state, policy, now)}};
  if (session.budget != state::Budget::Whole) json["budget"] = state::to_text(session.budget);
  put_counters(json, row);
  return json;
}

Json view_ended_session(const audit::SessionRow& row) {
  Json json{{"id", row.id},
            {"engineer", row.engineer},
            {"method", row.method},
            {"client", row.client},
            {"opened", format_time(row.opened)},
            {"state", "ended"},
            {"capabilities", Json::array()}};
  if (row.expires) json["expires"] = format_time(*row.expires);
  if (row.ended) json["ended"] = format_time(*row.ended);
  if (row.last_exchange) json["last_active"] = format_time(*row.last_exchange);
  put_text(json, "reason", row.reason);
  put_counters(json, &row);
  return json;
}

}  // namespace postern::console
