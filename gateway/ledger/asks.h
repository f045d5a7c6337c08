// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What Mission Control asks of this installation, as it comes in answers to heartbeats (line/asks.h): each is judged, what is
// taken in becomes events like anybody's, and where each stands is told until Mission Control says that it knows.
//
// Mission Control is not believed: what is not switched on, has a wrong form, or comes too often, is not taken in. Each such
// attempt is an event, at the pace below; what came faster is counted in the next. Kept in memory alone: what
// was taken in is in the state, and all else may be asked again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/pace.h"
#include "gateway/ledger/decide_ask.h"
#include "gateway/ledger/decide_proposal.h"
#include "line/asks.h"
#include "line/protocol.h"

namespace postern::ledger {

class Asks {
 public:
  struct Calls {
    std::function<Context()> context;
    std::function<void(Decision)> perform;
    std::function<void(const Draft&)> record;
    // Has a proposal judged, and judged() called; false: it comes again (proposals.h).
    std::function<bool(const line::Ask&)> judge = {};
    std::function<bool(const std::string& id)> is_judging = {};
  };
  // Events about what was not taken in; new asks that are taken in likewise.
  static constexpr base::Rate kPace{10, 60 * base::kSecond};

  Asks(const base::Clock& clock, Calls calls) : clock_(clock), calls_(std::move(calls)) {}
  Asks(const Asks&) = delete;
  Asks& operator=(const Asks&) = delete;

  void take(const base::Json& answer);  // of a heartbeat
  void judged(const line::Ask& ask, const Judgement& judgement);
  // Where those stand of which Mission Control does not know it yet.
  std::vector<line::Report> due();
  void taken(const line::Taken& answer);  // of those

 private:
  struct Listed {
    line::AskKind kind = line::AskKind::Request;
    std::string id, told;      // the state that Mission Control knows
    line::Standing not_taken;  // if it was not
    bool differed = false;     // it came again with another content, and that was said
  };
  struct Told {
    std::string report, ask, state;
  };
  void take_one(const line::Ask& ask, std::vector<Listed>& next);
  void settle(const line::Ask& ask, Decision decision, Listed& one);
  void take_request(const line::Ask& ask, Listed& one);
  void take_proposal(const line::Ask& ask, Listed& one);
  void refuse_ask(const line::FaultyAsk& ask, const std::string& code, const line::Ask* whole = nullptr);
  const Listed* find_listed(const std::string& id) const;
  line::Standing standing(const Listed& one) const;

  const base::Clock& clock_;
  Calls calls_;
  base::UlidMaker ids_;
  std::vector<Listed> listed_;
  std::vector<Told> under_way_;
  base::Pace refusals_, arrivals_;
  std::int64_t unrecorded_ = 0;
};

}  // namespace postern::ledger
