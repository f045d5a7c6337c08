// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/grant_uses.h"

#include "base/saturating.h"

namespace postern::ledger {

void GrantUses::grant_changed(const state::State& state, std::string_view grant) {
  const auto known = state.grants().find(grant);
  if (known == state.grants().end() || !known->second.limited()) return;
  if (!known->second.ended) {
    of_[known->second.engineer].try_emplace(known->first);
    return;
  }
  const auto engineer = of_.find(known->second.engineer);
  if (engineer == of_.end()) return;
  engineer->second.erase(known->first);
  if (engineer->second.empty()) of_.erase(engineer);
}

void GrantUses::session_ends(std::string_view session, std::string_view engineer) {
  if (!of_.contains(engineer) || !left_.try_emplace(std::string(session), engineer).second) return;
  left_order_.emplace_back(session);
  if (left_order_.size() <= kLeftSessions) return;
  left_.erase(left_order_.front());
  left_order_.pop_front();
}

std::string_view GrantUses::counted(const state::State& state, std::string_view session) const {
  if (of_.empty()) return {};
  std::string_view engineer;
  if (const auto open = state.sessions().find(session); open != state.sessions().end()) {
    engineer = open->second.engineer;
  } else if (const auto ended = left_.find(session); ended != left_.end()) {
    engineer = ended->second;
  }
  return of_.contains(engineer) ? engineer : std::string_view();
}

void GrantUses::add(const state::State& state, std::string_view session, const GrantUse& more,
                    base::Micros now) {
  const auto engineer = of_.find(counted(state, session));
  if (engineer == of_.end()) return;
  for (auto& [id, use] : engineer->second) {
    const auto grant = state.grants().find(id);
    if (grant == state.grants().end() || !grant->second.active(now)) continue;
    use.exchanges = base::sum_of(use.exchanges, more.exchanges);
    use.response_bytes = base::sum_of(use.response_bytes, more.response_bytes);
  }
}

const GrantUses::OfGrants& GrantUses::of(std::string_view engineer) const {
  static const OfGrants kNone;
  const auto known = of_.find(engineer);
  return known == of_.end() ? kNone : known->second;
}

GrantUse GrantUses::of_grant(const state::Grant& grant) const {
  const OfGrants& all = of(grant.engineer);
  const auto known = all.find(grant.id);
  return known == all.end() ? GrantUse{} : known->second;
}

}  // namespace postern::ledger
