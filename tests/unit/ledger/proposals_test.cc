// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Changes that Mission Control proposes, from its heartbeat to what an enforcer says came of them.
#include <gmock/gmock.h>

#include "tests/unit/ledger/proposals_scene.h"

namespace postern::ledger {
namespace {

using state::ProposalState;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(ProposalsOfMissionControl, AreNotTakenWhileNobodySwitchedThatOn) {
  const std::string id = propose();
  beat();
  EXPECT_THAT(told_note(), HasSubstr("switched on"));
  EXPECT_THAT(tasks, IsEmpty()) << "no enforcer is asked";
  EXPECT_THAT(state.proposals(), IsEmpty());
  EXPECT_EQ(count(audit::EventType::ProposalNotTaken), 1);
}

TEST_F(ProposalsOfMissionControl, WaitForAnAdminWithAskAndAreSentOnceApprovedAndDurable) {
  switched("ask");
  const std::string id = received();
  EXPECT_EQ(one(id).state, ProposalState::Pending);
  EXPECT_EQ(one(id).by, "mission-control:jane");
  EXPECT_EQ(standing(id), "pending");
  EXPECT_EQ(sent(), 0);
  durable = false;
  EXPECT_EQ(status_of(admin({{"command", "proposal.approve"}, {"id", id}})), 200);
  look();
  EXPECT_EQ(one(id).state, ProposalState::Applying);
  EXPECT_EQ(sent(), 0) << "its record is not durable";
  durable = true;
  look();
  ASSERT_EQ(sent(), 1);
  EXPECT_EQ(tasks.back(), (base::Json{{"do", "propose"}, {"proposal", id}, {"undo", false}}));
  EXPECT_EQ(standing(id), "approved");
  answer({{"outcome", "applied"}, {"status", 200}, {"answers", {{"silenceID", "abc-1"}, {"other", "x"}}}});
  EXPECT_EQ(standing(id), "applied");
  EXPECT_EQ(one(id).answers, (std::map<std::string, std::string>{{"silenceID", "abc-1"}}));
  EXPECT_EQ(one(id).watch_until, now + 600 * base::kWallSecond);
  EXPECT_EQ(sent(), 1);
}

TEST_F(ProposalsOfMissionControl, AreAppliedAtOnceWithOnUnlessThePolicyWantsAnAdmin) {
  switched("on");
  const std::string id = received();
  EXPECT_EQ(one(id).state, ProposalState::Applying);
  EXPECT_EQ(sent(), 1);
  answer({{"outcome", "failed"}, {"status", 400}, {"why", "the component answered 400"}});
  EXPECT_EQ(standing(id), "failed");
  const std::string held = propose();
  beat();
  judge({{"capability", "silences.write"}, {"operation", "POST /api/v2/silences"}, {"waits", "hold"}});
  look();
  EXPECT_EQ(one(held).state, ProposalState::Pending);
  switched("ask");
  switched("on");
  look();
  EXPECT_EQ(one(held).state, ProposalState::Pending) << "it goes on waiting";
}

TEST_F(ProposalsOfMissionControl, ThatNoEnforcerWouldLetPassAreNotTaken) {
  switched("on");
  propose();
  beat();
  judge({{"code", "operation_not_listed"}, {"why", "no capability lists it"}});
  EXPECT_EQ(told_note(), "no capability lists it");
  EXPECT_THAT(state.proposals(), IsEmpty());
  ASSERT_EQ(count(audit::EventType::ProposalNotTaken), 1);
  EXPECT_THAT(all.back().detail, HasSubstr("operation_not_listed"));
  beat();
  EXPECT_EQ(tasks.size(), 1U) << "it is not judged again";
}

TEST_F(ProposalsOfMissionControl, WithAHostOrMarksInTheCallAreNotTaken) {
  switched("on");
  for (const char* target : {"http://elsewhere/x", "api/v2/silences", "/x/${answer.id}"})
    propose({{"call", {{"method", "POST"}, {"target", target}}}});
  propose({{"undo", {{"method", "POST"}, {"target", "/x/${answer.a/b}"}}}});
  beat();
  EXPECT_THAT(tasks, IsEmpty());
  EXPECT_EQ(count(audit::EventType::ProposalNotTaken), 4);
}

TEST_F(ProposalsOfMissionControl, WaitForAnEnforcerThatIsNotThere) {
  switched("on");
  const std::string id = propose();
  enforcer_there = false;
  beat();
  EXPECT_THAT(asks->due(), IsEmpty());
  enforcer_there = true;
  beat();
  judge({{"code", "not_now"}});
  beat();
  judge();
  look();
  EXPECT_EQ(one(id).state, ProposalState::Applying);
}

TEST_F(ProposalsOfMissionControl, ThatComeAgainWithAnotherContentChangeNothingAndAreAnEventOnce) {
  switched("ask");
  const std::string id = received();
  list.back()["call"]["target"] = "/api/v2/receivers";
  for (int i = 0; i < 3; ++i) beat();
  EXPECT_EQ(one(id).call.target, "/api/v2/silences");
  EXPECT_EQ(count(audit::EventType::ProposalNotTaken), 1);
  EXPECT_THAT(all.back().detail, HasSubstr("changed"));
}

TEST_F(ProposalsOfMissionControl, AreWithdrawnWhileTheyWaitAndNotLater) {
  switched("ask");
  const std::string id = received();
  list.back()["withdrawn"] = true;
  beat();
  EXPECT_EQ(standing(id), "withdrawn");
  EXPECT_EQ(status_of(admin({{"command", "proposal.approve"}, {"id", id}})), 409);
  switched("on");
  list.clear();
  const std::string later = applied();
  list.back()["withdrawn"] = true;
  beat();
  look();
  EXPECT_EQ(standing(later), "applied");
}

TEST_F(ProposalsOfMissionControl, ExpireAndAreRefusedWithTheSwitch) {
  switched("ask");
  const std::string old = received();
  now = clock.now += kProposalWaits;
  due();
  EXPECT_EQ(standing(old), "expired");
  list.clear();
  const std::string waits = received();
  switched("off");
  EXPECT_EQ(standing(waits), "refused");
  EXPECT_EQ(one(waits).note, "proposals were switched off");
  EXPECT_EQ(sent(), 0);
}

TEST_F(ProposalsOfMissionControl, AreRefusedWithAReasonThatMissionControlIsTold) {
  switched("ask");
  const std::string id = received();
  EXPECT_EQ(status_of(admin({{"command", "proposal.refuse"}, {"id", id}, {"note", "not on a Friday"}})), 200);
  EXPECT_EQ(standing_of_proposal(context(), id).note, "not on a Friday");
  EXPECT_EQ(status_of(admin({{"command", "proposal.refuse"}, {"id", id}})), 409);
  EXPECT_EQ(status_of(admin({{"command", "proposal.approve"}, {"id", "01JD7Z3V5T4Q2N8M6K0H1F9C3B"}})), 404);
}

TEST_F(ProposalsOfMissionControl, OfACapabilityThatNeedsTwoAdminsNeedTwo) {
  policy.approvals["silences.write"] = 2;
  switched("on");
  const std::string id = received();
  EXPECT_EQ(one(id).state, ProposalState::Pending);
  admin({{"command", "proposal.approve"}, {"id", id}});
  EXPECT_EQ(one(id).state, ProposalState::Pending);
  EXPECT_EQ(status_of(admin({{"command", "proposal.approve"}, {"id", id}})), 409) << "the same person";
  send(Sender::Console,
       {{"command", "proposal.approve"}, {"id", id}, {"actor", "admin:eve"}, {"from", "uid 0"}});
  EXPECT_EQ(one(id).state, ProposalState::Approved);
}

TEST_F(ProposalsOfMissionControl, WhoseFateNobodyKnowsAreNeverSentAgain) {
  switched("on");
  const std::string id = received();
  runner->enforcer_gone(tasks.size());
  EXPECT_EQ(standing(id), "unknown");
  look();
  beat();
  look();
  EXPECT_EQ(sent(), 1);
  list.clear();
  const std::string other = received();
  ASSERT_EQ(one(other).state, ProposalState::Applying);
  restart();
  look();
  EXPECT_EQ(standing(other), "unknown");
  beat();
  look();
  EXPECT_EQ(sent(), 0);
  EXPECT_FALSE(one(other).may_be_undone(now)) << "the component's answer is not known, and its call needs it";
}

TEST_F(ProposalsOfMissionControl, AreUndoneForAnAdminWithin24Hours) {
  switched("on");
  const std::string id = applied();
  EXPECT_EQ(status_of(admin({{"command", "proposal.undo"}, {"id", id}})), 200);
  EXPECT_EQ(status_of(admin({{"command", "proposal.undo"}, {"id", id}})), 409);
  look();
  EXPECT_EQ(tasks.back(), (base::Json{{"do", "propose"}, {"proposal", id}, {"undo", true}}));
  answer({{"outcome", "applied"}, {"status", 200}});
  EXPECT_EQ(standing(id), "undone");
  list.clear();
  const std::string late = applied();
  now = clock.now += state::kProposalUndo;
  EXPECT_EQ(status_of(admin({{"command", "proposal.undo"}, {"id", late}})), 409);
}

TEST_F(ProposalsOfMissionControl, AreRolledBackWhenHealthGetsWorseAlsoByALedgerThatComesAnew) {
  switched("on");
  const std::string id = applied();
  EXPECT_EQ(one(id).health.up, health.up);
  look();
  EXPECT_EQ(sent(), 1);
  restart();
  worse = "the node prom http://a:9090 is down";
  look();
  ASSERT_EQ(sent(), 1);
  EXPECT_EQ(tasks.back()["undo"], true);
  EXPECT_EQ(standing(id), "applied");
  answer({{"outcome", "applied"}, {"status", 200}});
  EXPECT_EQ(standing(id), "rolled_back");
  EXPECT_THAT(standing_of_proposal(context(), id).note, HasSubstr("is down"));
  look();
  EXPECT_EQ(sent(), 1);
}

TEST_F(ProposalsOfMissionControl, AreNotRolledBackOnceTheWatchIsOver) {
  switched("on");
  const std::string id = applied();
  now = clock.now += 600 * base::kWallSecond;
  look();
  EXPECT_EQ(count(audit::EventType::ProposalWatchEnded), 1);
  worse = "the node is down";
  look();
  EXPECT_EQ(sent(), 1);
  EXPECT_TRUE(one(id).may_be_undone(now));
}

TEST_F(ProposalsOfMissionControl, ThatCouldNotBeUndoneSaySoAndCanBeTriedByAnAdmin) {
  switched("on");
  const std::string id = applied();
  worse = "there is a new warning";
  look();
  answer({{"outcome", "failed"}, {"why", "remote access is off"}});
  EXPECT_EQ(standing(id), "applied");
  EXPECT_THAT(one(id).why, HasSubstr("remote access is off"));
  look();
  EXPECT_EQ(sent(), 2) << "once by itself";
  EXPECT_EQ(status_of(admin({{"command", "proposal.undo"}, {"id", id}})), 200);
  look();
  EXPECT_EQ(sent(), 3);
}

TEST_F(ProposalsOfMissionControl, WithoutWhatUndoesThemCannotBeUndone) {
  switched("on");
  const std::string id = received({{"undo", nullptr}, {"watch_us", 0}});
  answer({{"outcome", "applied"}, {"status", 200}});
  const Decision refused = admin({{"command", "proposal.undo"}, {"id", id}});
  EXPECT_EQ(status_of(refused), 409);
  EXPECT_THAT(refused.refused->message, HasSubstr("cannot be undone automatically"));
}

TEST_F(ProposalsOfMissionControl, WhoseAnswerCouldLeadElsewhereCannotBeUndone) {
  switched("on");
  for (const char* answered : {"../admin", "a/b", "..", "a%2fb", "a b", ""}) {
    list.clear();
    const std::string id = received();
    answer({{"outcome", "applied"}, {"status", 200}, {"answers", {{"silenceID", answered}}}});
    EXPECT_FALSE(one(id).may_be_undone(now)) << answered;
    EXPECT_EQ(one(id).watch_until, 0) << answered;
    clock.mono += Asks::kPace.interval;
  }
}

TEST_F(ProposalsOfMissionControl, StormsAreFewProposalsAndFewEvents) {
  switched("ask");
  for (int i = 0; i < 60; ++i) propose();
  beat();
  const std::size_t judged = tasks.size();
  EXPECT_LE(judged, static_cast<std::size_t>(Asks::kPace.at_once));
  for (std::size_t task = 1; task <= judged; ++task)
    runner->enforcer_answered(task,
                              {{"capability", "silences.write"}, {"operation", "POST /api/v2/silences"}});
  EXPECT_EQ(state.proposals().size(), judged);
  EXPECT_EQ(count(audit::EventType::ProposalNotTaken), Asks::kPace.at_once);
}

TEST_F(ProposalsOfMissionControl, AreTwentyAtMost) {
  switched("ask");
  for (int i = 0; i < 30; ++i) {
    list.clear();
    clock.mono += Asks::kPace.interval;
    propose();
    beat();
    if (tasks.size() > static_cast<std::size_t>(i)) judge();
  }
  EXPECT_EQ(state.proposals().size(), static_cast<std::size_t>(kMostProposals));
}

TEST_F(ProposalsOfMissionControl, AreNotSwitchedOnWhereSignedDocumentsAloneGiveAccess) {
  limits.grants.signed_only = true;
  EXPECT_NE(status_of(admin({{"command", "sharing.set"}, {"name", "proposals"}, {"setting", "ask"}})), 200);
  EXPECT_EQ(status_of(admin({{"command", "sharing.set"}, {"name", "requests"}, {"setting", "ask"}})), 400);
}

TEST_F(ProposalsOfMissionControl, StandInTheStateAsTheyStood) {
  switched("on");
  applied();
  list.clear();
  received();
  const auto copy = state::State::from_json(state.to_json());
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(copy->proposals(), state.proposals());
}

}  // namespace
}  // namespace postern::ledger
