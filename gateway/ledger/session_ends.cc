// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/session_ends.h"

#include <algorithm>

namespace postern::ledger {
namespace {

base::Micros end_of(const state::Session& session) {
  return std::min(session.expires, session.last_active + session.idle);
}

}  // namespace

SessionEnds::SessionEnds(const state::State& state) {
  for (const auto& [id, session] : state.sessions()) open(session);
}

void SessionEnds::open(const state::Session& session) {
  close(session.id);
  const base::Micros at = end_of(session);
  time_of_.emplace(session.id, at);
  by_time_.emplace(at, session.id);
}

void SessionEnds::close(std::string_view session) {
  const auto known = time_of_.find(session);
  if (known == time_of_.end()) return;
  by_time_.erase({known->second, known->first});
  time_of_.erase(known);
}

std::vector<const state::Session*> SessionEnds::run_out(const state::State& state, base::Micros now) {
  std::vector<const state::Session*> out, active;
  for (const auto& [at, id] : by_time_) {
    if (at > now) break;
    const auto known = state.sessions().find(id);
    if (known == state.sessions().end()) continue;
    (end_of(known->second) <= now ? out : active).push_back(&known->second);
  }
  for (const state::Session* session : active) open(*session);
  std::ranges::sort(out, {}, &state::Session::id);
  return out;
}

}  // namespace postern::ledger
