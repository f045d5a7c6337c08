// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What enforcers say beside their events is counted here, and what ends or is held because of it.
#include <algorithm>

#include "gateway/ledger/ledger.h"

namespace postern::ledger {
namespace {

// Among ten thousand sessions, to find one by its id twice for each exchange was a tenth of what the ledger does.
constexpr base::Micros kTouchEvery = base::kWallSecond;

std::int64_t bytes_of(std::uint64_t told) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(told, kMostExchangeBytes));
}

}  // namespace

void Ledger::count(const ipc::Append& append) {
  if (append.session.empty()) return;
  const base::Micros now = clock_.wall();
  Tally* const tally = tallies_.find(append.session);
  if (append.kind == ipc::AppendKind::Forwarded) {
    if (tally == nullptr || now - tally->touched >= kTouchEvery) {
      if (tally != nullptr) tally->touched = now;
      state_.touch(append.session, now);
      announcements_.touch(append.session, now);
    }
    tallies_.grant_uses().add(state_, append.session, {1, 0}, now);
  }
  if (append.kind == ipc::AppendKind::Completed)
    tallies_.grant_uses().add(state_, append.session, {0, bytes_of(append.response_bytes)}, now);
  if (tally != nullptr) {
    if (append.kind == ipc::AppendKind::Forwarded) ++tally->exchanges;
    if (append.kind == ipc::AppendKind::Refused) ++tally->refused;
    if (append.kind == ipc::AppendKind::Completed) {
      tally->add(
          {0, 0, bytes_of(append.request_bytes), bytes_of(append.response_bytes), bytes_of(append.redacted)});
    }
  }
  if (append.kind != ipc::AppendKind::Refused) look_at_uses(append.session);
}

bool Ledger::take_receiving(const Peer& peer, std::string_view payload) {
  ipc::Receiving receiving;
  if (peer.sender() != Sender::Enforcer || !ipc::decode(payload, receiving)) return false;
  tallies_.receiving(peer.number(), receiving.session, bytes_of(receiving.bytes));
  look_at_uses(receiving.session);
  return true;
}

void Ledger::enforcer_gone(std::uint64_t number) {
  for (const auto& [session, bytes] : tallies_.enforcer_gone(number)) {
    tallies_.grant_uses().add(state_, session, {0, bytes}, clock_.wall());
  }
}

void Ledger::look_at_uses(std::string_view session) {
  if (drained_) return;
  if (limits_.has_budget()) {
    Decision decision = decide_budget(context(), std::string(session));
    if (!decision.events.empty()) perform(std::move(decision), {}, clock_.monotonic());
  }
  Decision used = decide_grant_uses(context(), session);
  if (!used.events.empty()) perform(std::move(used), {}, clock_.monotonic());
}

}  // namespace postern::ledger
