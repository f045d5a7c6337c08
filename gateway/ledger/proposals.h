// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Runs what Mission Control proposed (state/proposal.h): has an enforcer judge what comes, has it send what may be sent, records what came
// of it, watches health for the stated time, and has it undone where health got worse or an admin wants it.
//
// Nothing is sent before its record (proposal.started) is durable, and the enforcer takes what it sends from that very state. What is under way
// when the enforcer or this ledger ends may have reached the component or not: then it is unknown, and never sent a second time.
//
// What waits for an admin is shown beside the document that it would change: an enforcer is asked to read that (proposal.compare brings it), again if it
// ended meanwhile, until the state has it. Not while the log cannot be written: that reading is an exchange too. Nobody else is believed about it.
//
// Does no I/O. One call is under way at a time; others wait. While one is watched the next may be applied: each has its own health
// of before, and if health gets worse, all that are watched are undone, the newest first.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "gateway/ledger/decide_proposal.h"
#include "gateway/ledger/draft.h"
#include "gateway/state/state.h"
#include "line/asks.h"

namespace postern::ledger {

class ProposalRunner {
 public:
  struct Calls {
    std::function<const state::State&()> state;
    // As those of Rolling (rolling.h).
    std::function<std::optional<std::uint64_t>(Draft draft)> record;
    std::function<std::uint64_t()> durable;
    std::function<bool()> writable;  // the log
    std::function<std::uint64_t(const base::Json& task)> ask_enforcer;
    std::function<state::HealthBefore()> health;
    // What got worse since; empty: nothing did.
    std::function<std::string(const state::HealthBefore&)> worse;
    std::function<void(const line::Ask& ask, const Judgement& judged)> judged;
  };
  static constexpr std::size_t kMostJudged = 16;   // under way; what is more comes again
  static constexpr std::size_t kMostCompared = 4;  // likewise
  // An enforcer that ends each time it reads a document is not asked for ever.
  static constexpr int kCompareTries = 3;
  static constexpr base::Nanos kCompareAgain = base::kSecond;

  ProposalRunner(const base::Clock& clock, Calls calls) : clock_(clock), calls_(std::move(calls)) {}
  ProposalRunner(const ProposalRunner&) = delete;
  ProposalRunner& operator=(const ProposalRunner&) = delete;

  // Calls judged, unless no enforcer is there: then it has to come again. False: it is not being judged.
  bool judge(const line::Ask& ask);
  bool is_judging(const std::string& id) const;
  // The task by which an enforcer was asked to read what this proposal would change; 0: none was.
  std::uint64_t comparing(const std::string& id) const;

  void enforcer_answered(std::uint64_t task, const base::Json& answer);
  void enforcer_gone(std::uint64_t task);
  void look();  // every tick

 private:
  struct Work {
    std::string id;
    bool undo = false;
    std::uint64_t durable_at = 0, task = 0;
  };
  void begin(const state::Proposal& one, bool undo, const std::string& actor, const std::string& why);
  void send();
  void ended(const base::Json& answer);
  void applied(const state::Proposal& one, const base::Json& answer);
  void not_done(const state::Proposal& one, bool undo, bool unknown, const base::Json& answer);
  void undone(const state::Proposal& one, const base::Json& answer);
  void left_behind(const state::Proposal& one);
  void next();
  void compare();
  void compare_lost(const std::string& id);
  bool put(audit::EventType type, const state::Proposal& one, std::string_view outcome, std::string detail,
           const std::string& actor = "gateway");

  const base::Clock& clock_;
  Calls calls_;
  std::map<std::uint64_t, line::Ask> judging_;      // by task
  std::map<std::uint64_t, std::string> comparing_;  // likewise, the proposal
  std::map<std::string, int, std::less<>> lost_;    // how often the enforcer that compared it ended
  base::Nanos compare_at_ = 0;
  std::optional<Work> work_;
};

}  // namespace postern::ledger
