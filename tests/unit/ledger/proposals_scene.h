// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What becomes of proposals, with a Mission Control, an enforcer and a health that the test plays.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gateway/ledger/asks.h"
#include "gateway/ledger/proposals.h"
#include "tests/unit/ledger/scene.h"

namespace postern::ledger {

struct ProposalClock : base::Clock {
  base::Nanos mono = base::kSecond;
  base::Micros now = kNoon;
  base::Nanos monotonic() const override { return mono; }
  base::Micros wall() const override { return now; }
};

class ProposalsOfMissionControl : public ::testing::Test, public Scene {
 protected:
  ProposalsOfMissionControl() { restart(); }
  // A ledger that comes anew: the state is all that it has.
  void restart() {
    tasks.clear();
    asks = std::make_unique<Asks>(
        clock,
        Asks::Calls{[this] { return context(); }, [this](const Decision& decision) { take(decision.events); },
                    [this](const Draft& draft) { take({draft}); },
                    [this](const line::Ask& ask) { return runner->judge(ask); },
                    [this](const std::string& id) { return runner->is_judging(id); }});
    ProposalRunner::Calls calls;
    calls.state = [this]() -> const state::State& { return state; };
    calls.record = [this](const Draft& draft) -> std::optional<std::uint64_t> {
      take({draft});
      return all.size();
    };
    calls.writable = [this] { return writable; };
    calls.durable = [this] { return durable ? all.size() : 0; };
    calls.ask_enforcer = [this](const base::Json& task) -> std::uint64_t {
      if (!enforcer_there) return 0;
      tasks.push_back(task);
      return tasks.size();
    };
    calls.health = [this] { return health; };
    calls.worse = [this](const state::HealthBefore&) { return worse; };
    calls.judged = [this](const line::Ask& ask, const Judgement& judged) { asks->judged(ask, judged); };
    runner = std::make_unique<ProposalRunner>(clock, std::move(calls));
  }
  void switched(const char* setting) {
    ASSERT_EQ(status_of(admin({{"command", "sharing.set"}, {"name", "proposals"}, {"setting", setting}})),
              200);
  }
  std::string propose(base::Json more = base::Json::object()) {
    const std::string id = ids.make(now);
    base::Json one{{"id", id},
                   {"kind", "proposal"},
                   {"by", "jane"},
                   {"reason", "too many pages"},
                   {"call", {{"method", "POST"}, {"target", "/api/v2/silences"}, {"body", "{}"}}},
                   {"undo", {{"method", "DELETE"}, {"target", "/api/v2/silence/${answer.silenceID}"}}},
                   {"watch_us", 600 * base::kWallSecond}};
    one.update(more);
    list.push_back(std::move(one));
    return id;
  }
  void beat() { asks->take({{"asks", list}}); }
  void look(int times = 3) {
    for (int i = 0; i < times; ++i) runner->look();
  }
  void answer(const base::Json& what) { runner->enforcer_answered(tasks.size(), what); }
  void judge(base::Json what = {{"capability", "silences.write"}, {"operation", "POST /api/v2/silences"}}) {
    ASSERT_FALSE(tasks.empty());
    ASSERT_EQ(tasks.back()["do"], "judge");
    answer(what);
  }
  // Taken in, with what an enforcer says of it.
  std::string received(base::Json more = base::Json::object()) {
    const std::string id = propose(std::move(more));
    beat();
    judge();
    look();
    return id;
  }
  std::string applied() {
    const std::string id = received();
    answer({{"outcome", "applied"}, {"status", 200}, {"answers", {{"silenceID", "abc-1"}}}});
    return id;
  }
  const state::Proposal& one(const std::string& id) { return state.proposals().at(id); }
  std::string standing(const std::string& id) { return standing_of_proposal(context(), id).state; }
  std::string told_note() {
    const auto reports = asks->due();
    return reports.empty() ? std::string() : base::json_text_or(reports.back().body, "note", "");
  }
  std::int64_t count(audit::EventType type) {
    return std::count_if(all.begin(), all.end(), [type](const Draft& each) { return each.type == type; });
  }
  std::int64_t sent() {
    return std::count_if(tasks.begin(), tasks.end(),
                         [](const base::Json& each) { return each["do"] == "propose"; });
  }

  ProposalClock clock;
  std::unique_ptr<Asks> asks;
  std::unique_ptr<ProposalRunner> runner;
  base::Json list = base::Json::array();
  std::vector<base::Json> tasks;
  bool enforcer_there = true, durable = true, writable = true;
  state::HealthBefore health{{"prom http://a:9090"}, {}, false};
  std::string worse;
};

}  // namespace postern::ledger
