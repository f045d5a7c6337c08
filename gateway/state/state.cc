// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/state/state.h"

#include <algorithm>
#include <array>

namespace postern::state {
namespace {

using base::Micros;
using base::Refusal;

constexpr std::array<std::string_view, 4> kModes{"off", "approved", "read-only", "all"};
constexpr std::array<std::string_view, 3> kSettings{"off", "ask", "on"};

template <typename Enum, std::size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& names, std::string_view text) {
  const auto it = std::find(names.begin(), names.end(), text);
  if (it == names.end()) return std::nullopt;
  return static_cast<Enum>(it - names.begin());
}

bool past(const std::optional<Micros>& until, Micros now) { return until && *until <= now; }

bool covers(const Grant& grant, std::string_view capability) {
  return std::find(grant.capabilities.begin(), grant.capabilities.end(), capability) !=
         grant.capabilities.end();
}

}  // namespace

std::string_view person_of(std::string_view actor) {
  return actor.starts_with("admin:") ? actor.substr(0, actor.find('/')) : actor;
}

std::string_view to_text(RemoteAccess mode) { return kModes.at(static_cast<std::size_t>(mode)); }
std::string_view to_text(Setting setting) { return kSettings.at(static_cast<std::size_t>(setting)); }
std::string_view to_text(Budget budget) {
  constexpr std::array<std::string_view, 4> kBudgets{"whole", "warned", "held", "cut"};
  return kBudgets.at(static_cast<std::size_t>(budget));
}
std::optional<RemoteAccess> parse_remote_access(std::string_view text) {
  return find<RemoteAccess>(kModes, text);
}
std::optional<Setting> parse_setting(std::string_view text) { return find<Setting>(kSettings, text); }

RemoteAccess State::remote_access(Micros now) const {
  return past(remote_toggle_.until, now) ? RemoteAccess::Off : remote_mode_;
}

bool State::shares(std::string_view kind) const {
  const auto it = sharing_.find(kind);
  if (it != sharing_.end()) return it->second.setting == Setting::On;
  return std::find(kSharedFields.begin(), kSharedFields.end(), kind) != kSharedFields.end();
}

Setting State::sharing_setting(std::string_view kind) const {
  const auto it = sharing_.find(kind);
  if (it != sharing_.end()) return it->second.setting;
  return shares(kind) ? Setting::On : Setting::Off;
}

bool can_be_shared(std::string_view name) {
  return std::find(kSharing.begin(), kSharing.end(), name) != kSharing.end() ||
         std::find(kSharedFields.begin(), kSharedFields.end(), name) != kSharedFields.end();
}

const Toggle* State::capability_toggle(std::string_view name) const {
  const auto it = capabilities_.find(name);
  return it == capabilities_.end() ? nullptr : &it->second;
}

Setting State::capability(std::string_view name, Micros now) const {
  const Toggle* toggle = capability_toggle(name);
  return toggle == nullptr || past(toggle->until, now) ? Setting::Off : toggle->setting;
}

Refusal State::standing(std::string_view engineer, std::string_view capability, bool writes,
                        Micros now) const {
  const auto known = engineers_.find(engineer);
  if (known == engineers_.end() || !known->second.approved) return Refusal::SignInRefused;
  const RemoteAccess mode = remote_access(now);
  if (mode == RemoteAccess::Off) return Refusal::RemoteAccessOff;
  if (mode == RemoteAccess::ReadOnly && writes) return Refusal::ReadOnly;
  const Setting setting = this->capability(capability, now);
  if (setting == Setting::Off) return Refusal::CapabilityOff;
  if (setting == Setting::On && mode != RemoteAccess::Approved) return Refusal::None;
  return grant_standing(engineer, capability, now);
}

Refusal State::standing_of_proposal(std::string_view capability, bool writes, bool admitted,
                                    Micros now) const {
  const RemoteAccess mode = remote_access(now);
  if (mode == RemoteAccess::Off) return Refusal::RemoteAccessOff;
  if (mode == RemoteAccess::ReadOnly && writes) return Refusal::ReadOnly;
  const Setting setting = this->capability(capability, now);
  if (setting == Setting::Off) return Refusal::CapabilityOff;
  const bool asks = setting == Setting::Ask || mode == RemoteAccess::Approved;
  return asks && !admitted ? Refusal::ApprovalNeeded : Refusal::None;
}

// The newest grants come last: an active one settles it, otherwise the newest that has begun says why not.
Refusal State::grant_standing(std::string_view engineer, std::string_view capability, Micros now) const {
  const auto of = grants_of_.find(engineer);
  if (of == grants_of_.end()) return Refusal::ApprovalNeeded;
  Refusal why = Refusal::ApprovalNeeded;
  bool newest = true;
  for (auto id = of->second.rbegin(); id != of->second.rend(); ++id) {
    const Grant& grant = grants_.find(*id)->second;
    if (!covers(grant, capability)) continue;
    if (grant.active(now)) return Refusal::None;
    if (!newest || grant.from > now) continue;
    newest = false;
    const Micros end = grant.ended ? grant.ended_at : grant.until;
    if (end > now - kGrantEndedShown) why = Refusal::GrantEnded;
  }
  return why;
}

bool State::passes_for_session(std::string_view session, std::string_view operation) const {
  const auto passes = session_passes_.find(session);
  return passes != session_passes_.end() && passes->second.contains(operation);
}

void State::touch(std::string_view session, Micros at) {
  const auto it = sessions_.find(session);
  if (it != sessions_.end()) it->second.last_active = std::max(it->second.last_active, at);
}

}  // namespace postern::state
