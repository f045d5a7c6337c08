// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How many bytes a session may receive: over all enforcers, while they come, and after a restart.
#include <gmock/gmock.h>

#include "tests/unit/ledger/house.h"

namespace postern::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct BudgetTerms : Scene {
  BudgetTerms() {
    limits.warn_bytes = 100;
    limits.hold_bytes = 200;
    limits.cut_bytes = 300;
    session = visit("alice");
  }
  std::vector<std::string> look() {
    const Decision decision = decide_budget(context(), session);
    take(decision.events);
    return types_of(decision.events);
  }
  std::string session;
};

TEST(Budget, IsWarnedHeldAndCutOnceEach) {
  BudgetTerms scene;
  scene.tallies.open(scene.session);
  EXPECT_THAT(scene.look(), IsEmpty());
  scene.tallies.find(scene.session)->response_bytes = 100;
  EXPECT_THAT(scene.look(), ElementsAre("session.budget_warned"));
  EXPECT_THAT(scene.look(), IsEmpty());
  scene.tallies.receiving(1, scene.session, 60);
  scene.tallies.receiving(2, scene.session, 50);
  EXPECT_THAT(scene.look(), ElementsAre("session.budget_held")) << "the enforcers are added up";
  EXPECT_EQ(scene.state.sessions().at(scene.session).budget, state::Budget::Held);
  scene.tallies.receiving(1, scene.session, 160);
  EXPECT_THAT(scene.look(), ElementsAre("session.budget_cut"));
  EXPECT_THAT(scene.look(), IsEmpty());
}

TEST(Budget, OneThatIsJumpedOverIsNotSaid) {
  BudgetTerms scene;
  scene.tallies.open(scene.session);
  scene.tallies.find(scene.session)->response_bytes = 1'000;
  EXPECT_THAT(scene.look(), ElementsAre("session.budget_cut"));
  EXPECT_THAT(scene.lines.back(), HasSubstr(R"("response_bytes":1000,"threshold":300)"));
}

TEST(Budget, ThatIsNotLimitedIsNeverReached) {
  BudgetTerms scene;
  scene.limits = {};
  scene.tallies.open(scene.session);
  scene.tallies.find(scene.session)->response_bytes = 1'000'000'000'000;
  EXPECT_THAT(scene.look(), IsEmpty());
}

TEST(Tallies, WhatAnEnforcerHadUnderWayCountsOnWhenItIsGone) {
  Tallies tallies;
  tallies.open("s");
  tallies.receiving(1, "s", 70);
  tallies.receiving(2, "s", 30);
  EXPECT_EQ(tallies.received("s"), 100);
  tallies.enforcer_gone(1);
  EXPECT_EQ(tallies.received("s"), 100);
  EXPECT_EQ(tallies.of("s").response_bytes, 70);
  tallies.receiving(2, "s", 0);
  EXPECT_EQ(tallies.received("s"), 70);
  tallies.receiving(2, "nobody", 30);
  EXPECT_EQ(tallies.received("nobody"), 0);
}

// An enforcer, or the terminator in front of it, may say of each exchange that it had more than there is.
TEST(Tallies, SumsGoNeitherBackNorRound) {
  Scene scene;
  scene.admin({{"command", "remote_access.set"}, {"mode", "all"}});
  Tallies tallies;
  std::vector<std::string> sessions;
  constexpr int kEnforcers = 9'000;  // as often as the largest number of one exchange is more than there is
  sessions.push_back(scene.visit("alice"));
  tallies.open(sessions[0]);
  for (int i = 1; i <= kEnforcers; ++i)
    tallies.receiving(static_cast<std::uint64_t>(i), sessions[0], kMostExchangeBytes);
  const std::int64_t all = tallies.received(sessions[0]);
  EXPECT_GT(all, kMostExchangeBytes);
  EXPECT_EQ(tallies.receiving_of([](std::string_view) { return true; }), all);
  for (int i = 1; i <= kEnforcers; ++i) tallies.enforcer_gone(static_cast<std::uint64_t>(i));
  EXPECT_EQ(tallies.of(sessions[0]).response_bytes, all);
}

class BudgetHouse : public House {
 protected:
  BudgetHouse() {
    stop();
    limits.cut_bytes = 1'000;
    start();
    session = visit("alice");
    until([&] { return enforcer->state.sessions().size() == 1; });
  }
  state::Budget told() { return enforcer->state.sessions().at(session).budget; }
  std::string session;
};

TEST_F(BudgetHouse, ACutIsToldAtOnceAndMeasured) {
  enforcer->send(ipc::ToLedger::Receiving, ipc::Receiving{session, 999});
  enforcer->send(ipc::ToLedger::Receiving, ipc::Receiving{session, 1'000});
  until([&] { return told() == state::Budget::Cut; });
  until([&] { return logged("permission.applied").size() >= 1 && logged("session.budget_cut").size() == 1; });
  EXPECT_THAT(logged("permission.applied").back(), HasSubstr("\"cut_exchanges\":3"));
}

TEST_F(BudgetHouse, WhatIsSpentStaysSpentOverARestart) {
  for (int i = 0; i < 4; ++i) {
    enforcer->append(line(audit::EventType::ExchangeCompleted, session), ipc::AppendKind::Completed, session);
  }
  until([&] { return enforcer->acked == 4; });
  EXPECT_EQ(told(), state::Budget::Whole);
  stop();
  start();
  enforcer->send(ipc::ToLedger::Receiving, ipc::Receiving{session, 200});
  until([&] { return told() == state::Budget::Cut; });
  stop();
  start();
  EXPECT_EQ(told(), state::Budget::Cut);
}

}  // namespace
}  // namespace postern::ledger
