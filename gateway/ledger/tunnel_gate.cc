// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/tunnel_gate.h"

namespace postern::ledger {
namespace {

constexpr std::string_view kTunnelPlace = "tunnel";  // gateway/link/line.h

}  // namespace

std::string TunnelGate::closed_because(const state::State& state, base::Micros now) const {
  if (!terms_.enrolled) return "this installation is not enrolled";
  if (!terms_.tunnel) return "the configuration has none";
  if (state.remote_access(now) == state::RemoteAccess::Off) return "remote access is off";
  if (!state.shares("tunnel")) return "an admin switched it off";
  return {};
}

void TunnelGate::look(const state::State& state, base::Micros now) {
  const std::string why = closed_because(state, now);
  const bool open = why.empty();
  // The link first: what comes through is cut before it is written down that it was. One that the configuration gives no
  // tunnel need not hear that there is none.
  const bool news = told_ ? *told_ != open : terms_.tunnel;
  if (news && calls_.carry({++last_errand_, kTunnelPlace, open ? "open" : "closed"})) told_ = open;
  if (std::exchange(open_, open) == open) return;
  Draft draft{open ? audit::EventType::TunnelOpened : audit::EventType::TunnelClosed,
              "gateway",
              {},
              {},
              {},
              {},
              false};
  draft.detail = Detail().text("why", why).done();
  calls_.record(draft);
}

bool TunnelGate::take(const ipc::Delivered& delivered) const {
  return delivered.id > kFirstErrand && delivered.id <= last_errand_;
}

}  // namespace postern::ledger
