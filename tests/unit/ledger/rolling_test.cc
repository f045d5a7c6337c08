// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/rolling.h"

#include <gtest/gtest.h>

#include <set>

#include "base/clock.h"
#include "gateway/ipc/runner_protocol.h"
#include "gateway/state/state.h"

namespace postern::ledger {
namespace {

using base::Json;

class RollingClock final : public base::Clock {
 public:
  base::Nanos monotonic() const override { return at; }
  base::Micros wall() const override { return 1'790'000'000 * base::kWallSecond + at / 1000; }
  base::Nanos at = base::kSecond;
};

// A component of three nodes, enforcers and a runner that do what they are told, and a log that is durable when it is said to be.
class RollingDriver : public ::testing::Test {
 protected:
  void SetUp() override { renew(); }
  // A ledger that comes anew: what it was told is gone, the log and the runner are not.
  void renew() {
    Rolling::Calls calls;
    calls.record = [this](const Draft& draft) -> std::optional<std::uint64_t> {
      const std::string type(audit::text_of(draft.type).name);
      types.push_back(type.substr(7));
      details.push_back(base::parse_json(draft.detail).value());
      state.apply({{"type", type},
                   {"time", base::format_time(clock.wall())},
                   {"actor", draft.actor},
                   {"subject", draft.subject},
                   {"detail", details.back()}});
      return types.size();
    };
    calls.durable = [this] { return durable ? types.size() : 0; };
    calls.state = [this]() -> const std::optional<state::Rolling>& { return state.rolling(); };
    calls.look_at_gateway = [this] { return Json{{"healthy", serves}, {"why", "no"}, {"version", gateway}}; };
    calls.ask_enforcer = [this](const Json& task) -> std::uint64_t {
      if (!enforcer) return 0;
      tasks.emplace_back(++last_task, task);
      return last_task;
    };
    calls.ask_all_enforcers = [this](const Json& task) {
      tasks.emplace_back(++last_task, task);
      return std::vector<std::uint64_t>{last_task};
    };
    calls.ask_runner = [this](const Json& order, const std::string&) -> std::string {
      orders.push_back(order);
      return {};
    };
    rolling = std::make_unique<Rolling>(clock, std::move(calls));
    rolling->configure({plan, own});
    rolling->on_ended(
        [this](const std::string&, RollingOutcome outcome, const std::string&) { ended = outcome; });
  }

  // Lets everybody answer until nothing happens any more, at most so many times.
  void turn(int times = 60) {
    for (int i = 0; i < times; ++i) {
      clock.at += base::kSecond;
      rolling->look();
      for (auto& [id, task] : std::exchange(tasks, {})) answer(id, task);
      for (const Json& order : std::exchange(orders, {})) answer_of_runner(order);
    }
  }
  void answer(std::uint64_t id, const Json& task) {
    const std::string what = base::json_text_or(task, "do", ""), node = base::json_text_or(task, "node", "");
    if (what == "drain") return rolling->enforcer_answered(id, {{"cut", 0}});
    if (what == "call") {
      sent_calls.push_back(node);
      return rolling->enforcer_answered(id, {{"ok", true}, {"status", 200}});
    }
    rolling->enforcer_answered(
        id, {{"healthy", !sick.contains(node)}, {"why", "it answered 500"}, {"version", versions[node]}});
  }
  void answer_of_runner(const Json& order) {
    const std::string what = base::json_text_or(order, "do", ""), id = base::json_text_or(order, "id", "");
    if (what == "check") return rolling->runner_answered({{"do", "check"}, {"id", id}, {"ok", true}});
    if (what == "ask") {
      rolling->runner_answered(known.contains(id) ? Json{{"id", id}, {"outcome", "exit"}, {"status", 0}}
                                                  : Json{{"id", id}, {"outcome", "unknown"}});
      return;
    }
    const std::string node = base::json_text_or(order, "node", "");
    const bool back = base::json_text_or(order, "list", "") == "roll-back";
    ran.push_back((back ? "back " : "update ") + node);
    known.insert(id);
    if (silent == node && !back) return;
    if (fails == node && !back)
      return rolling->runner_answered({{"id", id}, {"outcome", "exit"}, {"status", 3}, {"tail", "no"}});
    versions[node] = base::json_text_or(order, back ? "before" : "version", "");
    rolling->runner_answered({{"id", id}, {"outcome", "exit"}, {"status", 0}});
  }
  Rolling::Begun begin(const char* version = "2", bool dry = false, std::string_view service = "prometheus") {
    Rolling::Begun said;
    said.refused = "nobody said anything";
    RollingOrder order;
    order.id = "01A";
    order.service = service;
    order.version = version;
    order.actor = "admin:root";
    order.dry = dry;
    rolling->begin(order, [&said](const Rolling::Begun& begun) { said = begun; });
    for (auto& [id, task] : std::exchange(tasks, {})) answer(id, task);
    for (const Json& one : std::exchange(orders, {})) answer_of_runner(one);
    rolling->look();
    return said;
  }
  std::size_t count(const std::string& type) const {
    return static_cast<std::size_t>(std::count(types.begin(), types.end(), type));
  }
  state::RollingPhase phase() const { return state.rolling()->phase; }

  RollingPlan plan{"prometheus",
                   {"a", "b", "c"},
                   2,
                   0,
                   0,
                   0,
                   true,
                   {{RollingStep::Kind::Drain, "", 30 * base::kWallSecond, false},
                    {RollingStep::Kind::Run, "/opt/update", 60 * base::kWallSecond, false},
                    {RollingStep::Kind::Wait, "", 30 * base::kWallSecond, false}},
                   {{RollingStep::Kind::Drain, "", 30 * base::kWallSecond, false},
                    {RollingStep::Kind::Run, "/opt/update --back", 60 * base::kWallSecond, false},
                    {RollingStep::Kind::Wait, "", 30 * base::kWallSecond, false}}};
  RollingPlan own{std::string(ipc::kOwnService),
                  {std::string(ipc::kOwnNode)},
                  0,
                  0,
                  0,
                  0,
                  true,
                  {{RollingStep::Kind::Run, "/opt/install", 60 * base::kWallSecond, false},
                   {RollingStep::Kind::Wait, "", 30 * base::kWallSecond, false}},
                  {{RollingStep::Kind::Run, "/opt/install --back", 60 * base::kWallSecond, false},
                   {RollingStep::Kind::Wait, "", 30 * base::kWallSecond, false}}};
  RollingClock clock;
  state::State state;
  std::string gateway = "0.1.0";
  bool serves = true;
  bool durable = true, enforcer = true;
  std::vector<std::string> types;
  std::vector<Json> details;
  std::vector<std::pair<std::uint64_t, Json>> tasks;
  std::vector<Json> orders;
  std::uint64_t last_task = 0;
  std::map<std::string, std::string> versions{{"a", "1"}, {"b", "1"}, {"c", "1"}};
  std::set<std::string> sick, known;
  std::string fails, silent;
  std::vector<std::string> ran, sent_calls;
  std::optional<RollingOutcome> ended;
  std::unique_ptr<Rolling> rolling;
};

TEST_F(RollingDriver, TakesOneNodeAfterTheOther) {
  const auto begun = begin();
  ASSERT_FALSE(begun.refused) << *begun.refused;
  EXPECT_EQ(begun.plan["steps"].size(), 3U);
  turn();
  EXPECT_EQ(ended, RollingOutcome::Done);
  EXPECT_EQ(ran, (std::vector<std::string>{"update a", "update b", "update c"}));
  EXPECT_EQ(types.front(), "started");
  EXPECT_EQ(types.back(), "done");
  EXPECT_EQ(count("node_updated"), 3U);
  EXPECT_EQ(base::json_text_or(details.front(), "before", ""), "1");
}

TEST_F(RollingDriver, DoesNothingBeforeItsRecordIsDurable) {
  ASSERT_FALSE(begin().refused);
  turn(2);
  durable = false;
  turn(10);
  EXPECT_TRUE(ran.empty());
  const std::size_t waiting = types.size();
  turn(10);
  EXPECT_EQ(types.size(), waiting);
  durable = true;
  turn();
  EXPECT_EQ(ended, RollingOutcome::Done);
}

TEST_F(RollingDriver, BeginsOnlyWhereAllNodesAreWell) {
  sick = {"c"};
  EXPECT_EQ(begin().refused, "c is not healthy (it answered 500): an update begins only where all nodes are");
  EXPECT_EQ(types, std::vector<std::string>{"refused"});
  sick.clear();
  EXPECT_TRUE(begin("1").refused) << "all are of that version";
  EXPECT_TRUE(begin("2; rm").refused);
  ASSERT_FALSE(begin().refused);
  EXPECT_TRUE(begin("3").refused) << "one at a time";
}

TEST_F(RollingDriver, TheGatewayItselfIsOfTheNewVersionOnceAnotherOneGoesOnInItsPlace) {
  ASSERT_FALSE(begin("0.2.0", false, ipc::kOwnService).refused);
  turn(5);
  EXPECT_EQ(ran, std::vector<std::string>{"update gateway"});
  EXPECT_EQ(ended, std::nullopt) << "it waits for the hand-over";
  renew();
  gateway = "0.2.0";
  serves = false;
  turn(5);
  EXPECT_EQ(ended, std::nullopt) << "the new one does not serve yet";
  serves = true;
  turn();
  EXPECT_EQ(ended, RollingOutcome::Done);
  EXPECT_EQ(ran.size(), 1U);
  EXPECT_TRUE(begin("0.2.0", false, ipc::kOwnService).refused) << "it is of that version";
}

TEST_F(RollingDriver, AHandOverInTheMiddleOfTheStepEndsIt) {
  silent = ipc::kOwnNode;
  ASSERT_FALSE(begin("0.2.0", false, ipc::kOwnService).refused);
  turn(3);
  known.clear();  // the runner went with the gateway
  renew();
  gateway = "0.2.0";
  turn();
  EXPECT_EQ(ended, RollingOutcome::Done);
  EXPECT_EQ(ran, std::vector<std::string>{"update gateway"});
}

TEST_F(RollingDriver, AGatewayThatIsNotReplacedInTimeIsRolledBack) {
  ASSERT_FALSE(begin("0.2.0", false, ipc::kOwnService).refused);
  turn();
  EXPECT_EQ(ended, RollingOutcome::RolledBack);
  EXPECT_EQ(ran, (std::vector<std::string>{"update gateway", "back gateway"}));
}

TEST_F(RollingDriver, ADryRunTouchesNothing) {
  const auto begun = begin("2", true);
  ASSERT_FALSE(begun.refused);
  turn(5);
  EXPECT_EQ(types, std::vector<std::string>{"dry_run"});
  EXPECT_FALSE(state.rolling());
  EXPECT_TRUE(ran.empty());
}

TEST_F(RollingDriver, RollsBackTheNodeThatFailedAndThoseBeforeIt) {
  fails = "b";
  ASSERT_FALSE(begin().refused);
  turn();
  EXPECT_EQ(ended, RollingOutcome::RolledBack);
  EXPECT_EQ(ran, (std::vector<std::string>{"update a", "update b", "back b", "back a"}));
  EXPECT_EQ(versions["a"], "1");
  EXPECT_EQ(state.rolling()->nodes[2].phase, state::NodePhase::Waiting);
  EXPECT_FALSE(state.rolling()->is_out("prometheus", "b"));
}

TEST_F(RollingDriver, TakesNoNodeOutWhileAnotherIsNotWell) {
  plan.pause = 20 * base::kWallSecond;
  renew();
  ASSERT_FALSE(begin().refused);
  for (int i = 0; i < 60 && count("node_updated") == 0; ++i) turn(1);
  sick = {"a", "c"};  // which were well when they were looked at last, before the pause
  turn(40);
  EXPECT_EQ(ran, std::vector<std::string>{"update a"});
  EXPECT_EQ(phase(), state::RollingPhase::Forward);
  turn(200);
  EXPECT_EQ(ended, RollingOutcome::Stopped) << "nor is one taken out to be rolled back";
  EXPECT_EQ(ran, std::vector<std::string>{"update a"});
}

TEST_F(RollingDriver, ANodeThatDoesNotComeBackIsRolledBack) {
  ASSERT_FALSE(begin().refused);
  turn(2);
  sick = {"a"};
  turn(45);
  EXPECT_EQ(phase(), state::RollingPhase::Back);
  sick.clear();
  turn();
  EXPECT_EQ(ended, RollingOutcome::RolledBack);
}

TEST_F(RollingDriver, StopsWhereTheWayBackFailsToo) {
  fails = "b";
  ASSERT_FALSE(begin().refused);
  for (int i = 0; i < 60 && phase() != state::RollingPhase::Back; ++i) turn(1);
  sick = {"b"};
  turn(90);
  EXPECT_EQ(ended, RollingOutcome::Stopped);
  EXPECT_EQ(ran.back(), "back b") << "a, which works, is not taken from a service that lacks one";
  EXPECT_TRUE(state.rolling()->is_out("prometheus", "b"));
}

TEST_F(RollingDriver, AnAdminStopsItAfterTheNodeOrRollsBack) {
  ASSERT_FALSE(begin().refused);
  turn(2);
  EXPECT_FALSE(rolling->stop("admin:root", "uid 0"));
  turn();
  EXPECT_EQ(ended, RollingOutcome::Stopped);
  EXPECT_EQ(ran, std::vector<std::string>{"update a"});
  EXPECT_FALSE(rolling->roll_back("admin:root", "uid 0"));
  turn();
  EXPECT_EQ(ended, RollingOutcome::RolledBack);
  EXPECT_EQ(ran.back(), "back a");
  EXPECT_TRUE(rolling->roll_back("admin:root", "uid 0")) << "once is enough";
  EXPECT_TRUE(rolling->stop("admin:root", "uid 0"));
}

TEST_F(RollingDriver, ALedgerThatComesAnewAsksTheRunnerAndRunsNothingTwice) {
  silent = "b";
  ASSERT_FALSE(begin().refused);
  for (int i = 0; i < 60 && ran.size() < 2; ++i) turn(1);
  renew();
  versions["b"] = "2";
  turn();
  EXPECT_EQ(ended, RollingOutcome::Done);
  EXPECT_EQ(ran, (std::vector<std::string>{"update a", "update b", "update c"}));
  EXPECT_EQ(count("resumed"), 1U);
}

TEST_F(RollingDriver, WhatNobodyKnowsTheNodeDecides) {
  silent = "b";
  ASSERT_FALSE(begin().refused);
  for (int i = 0; i < 60 && ran.size() < 2; ++i) turn(1);
  known.clear();  // the whole gateway was restarted
  renew();
  turn(90);
  EXPECT_EQ(ended, RollingOutcome::RolledBack) << "b is still of the version before";
  EXPECT_EQ(ran, (std::vector<std::string>{"update a", "update b", "back b", "back a"}));
}

TEST_F(RollingDriver, GoesOnWhereTheNodeShowsThatTheStepWasDone) {
  silent = "b";
  ASSERT_FALSE(begin().refused);
  for (int i = 0; i < 60 && ran.size() < 2; ++i) turn(1);
  known.clear();
  versions["b"] = "2";
  renew();
  turn(90);
  EXPECT_EQ(ended, RollingOutcome::Done);
  EXPECT_EQ(ran, (std::vector<std::string>{"update a", "update b", "update c"}));
}

TEST_F(RollingDriver, ACallIsSentOnceAndALostOneIsNotSentAgain) {
  plan.forward[1].kind = RollingStep::Kind::Call;
  plan.back.clear();
  renew();
  ASSERT_FALSE(begin().refused);
  for (int i = 0; i < 60 && count("step_begun") == 0; ++i) turn(1);
  clock.at += base::kSecond;
  rolling->look();
  ASSERT_EQ(tasks.size(), 1U);
  const auto sent = std::exchange(tasks, {});
  EXPECT_EQ(sent[0].second["do"], "call");
  rolling->enforcer_gone(sent[0].first);
  turn(90);
  EXPECT_EQ(ended, RollingOutcome::Stopped) << "there is no way back";
  EXPECT_TRUE(sent_calls.empty());
}

TEST(RollingVersion, IsAWord) {
  for (const char* good : {"2", "2.45.1", "v1.0-rc.1+b7", "2026_11"})
    EXPECT_TRUE(is_rolling_version(good)) << good;
  for (const char* bad : {"", "-1", "1 2", "1;2", "$(x)", "../1", "1\n"})
    EXPECT_FALSE(is_rolling_version(bad)) << bad;
  EXPECT_FALSE(is_rolling_version(std::string(65, '1')));
}

}  // namespace
}  // namespace postern::ledger
