// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Whether there is a tunnel (gateway/link/tunnel.h): where the configuration has one, this installation is enrolled, remote
// access is not off, and an admin has switched it on (state.h, kSharing: "tunnel", off by default). The link is told whenever
// that changes, and each change is an event. Of a change that takes something away the enforcers hear first, and the gate is looked
// at when they have counted what they cut (outcomes.h).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/ledger/draft.h"
#include "gateway/ledger/line_reports.h"
#include "gateway/state/state.h"

namespace postern::ledger {

class TunnelGate {
 public:
  struct Calls {
    std::function<bool(const ipc::Errand&)> carry;  // false: there is no link now
    std::function<void(const Draft&)> record;
  };
  explicit TunnelGate(Calls calls) : calls_(std::move(calls)) {}

  void configure(const LineTerms& terms) { terms_ = {terms.enrolled, {}, terms.tunnel}; }
  // After each change of the state, and every now and then: end times pass.
  void look(const state::State& state, base::Micros now);
  bool take(const ipc::Delivered& delivered) const;  // false: of an errand that was never given
  void link_gone() { told_.reset(); }

  // Between those of witnesses and of reports.
  static constexpr std::uint64_t kFirstErrand = std::uint64_t{1} << 60U;

 private:
  // Empty: the tunnel is there.
  std::string closed_because(const state::State& state, base::Micros now) const;

  Calls calls_;
  LineTerms terms_;
  bool open_ = false;
  std::optional<bool> told_;  // the link that there is now
  std::uint64_t last_errand_ = kFirstErrand;
};

}  // namespace postern::ledger
