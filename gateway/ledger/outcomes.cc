// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/outcomes.h"

#include <algorithm>

namespace postern::ledger {

namespace {

bool heard(const Outcome& outcome, std::uint64_t told, base::Nanos now) {
  if (outcome.gives_below == 0 || outcome.measured || now >= outcome.deadline) return true;
  return outcome.gives_below <= told && outcome.awaited.empty();
}

}  // namespace

void Outcomes::add(Outcome outcome) {
  if (!outcome.measured) outcome.settled = true;
  waiting_.push_back(std::move(outcome));
}

void Outcomes::applied(std::uint64_t enforcer, const ipc::Applied& frame) {
  for (Outcome& outcome : waiting_) {
    if (frame.version < outcome.first_version || frame.version > outcome.last_version) continue;
    if (outcome.settled && outcome.measured) continue;
    const auto it = outcome.awaited.find(enforcer);
    if (it == outcome.awaited.end()) return;
    outcome.exchanges_cut += frame.cut;
    outcome.slowest_ns = std::max(outcome.slowest_ns, frame.slowest_ns);
    if (--it->second == 0) outcome.awaited.erase(it);
    return;
  }
}

void Outcomes::enforcer_gone(std::uint64_t enforcer) {
  for (Outcome& outcome : waiting_) outcome.awaited.erase(enforcer);
}

void Outcomes::asker_gone(std::uint64_t peer) {
  for (Outcome& outcome : waiting_) {
    if (outcome.peer == peer) outcome.peer = 0;
  }
}

Outcome* Outcomes::giving(std::uint64_t index) {
  const auto it = std::find_if(waiting_.begin(), waiting_.end(), [index](const Outcome& outcome) {
    return !outcome.measured && outcome.gives_from <= index && index < outcome.gives_below;
  });
  return it == waiting_.end() ? nullptr : &*it;
}

bool Outcomes::settled() const {
  return std::all_of(waiting_.begin(), waiting_.end(),
                     [](const Outcome& outcome) { return outcome.settled; });
}

std::vector<const Outcome*> Outcomes::settle(base::Nanos now) {
  std::vector<const Outcome*> settled;
  for (Outcome& outcome : waiting_) {
    if (outcome.settled || (!outcome.awaited.empty() && now < outcome.deadline)) continue;
    outcome.settled = true;
    settled.push_back(&outcome);
  }
  return settled;
}

std::vector<Outcome> Outcomes::take_ready(std::uint64_t durable, std::uint64_t told, bool log_writable,
                                          base::Nanos now) {
  std::vector<Outcome> ready;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const bool recorded = it->durable_at <= durable;
    if (it->settled && (recorded ? heard(*it, told, now) : !log_writable)) {
      ready.push_back(std::move(*it));
      it = waiting_.erase(it);
    } else {
      ++it;
    }
  }
  return ready;
}

base::Json cut_of(const Outcome& outcome) {
  base::Json cut{{"sessions", outcome.sessions_ended},
                 {"exchanges", outcome.exchanges_cut},
                 {"slowest_us", outcome.slowest_ns / 1000}};
  if (!outcome.awaited.empty()) cut["enforcers_missing"] = outcome.awaited.size();
  return cut;
}

}  // namespace postern::ledger
