// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What Mission Control asks for and what comes of it, with a Mission Control that the test plays.
#include "gateway/ledger/asks.h"

#include <gmock/gmock.h>

#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct AskClock : base::Clock {
  base::Nanos mono = base::kSecond;
  base::Micros now = kNoon;
  base::Nanos monotonic() const override { return mono; }
  base::Micros wall() const override { return now; }
};

class AsksOfMissionControl : public ::testing::Test, public Scene {
 protected:
  AsksOfMissionControl()
      : asks(clock,
             {[this] { return context(); }, [this](const Decision& decision) { take(decision.events); },
              [this](const Draft& draft) { take({draft}); }}) {}
  void allow() { admin({{"command", "sharing.set"}, {"name", "requests"}, {"setting", "on"}}); }
  std::string ask(const std::string& engineer = "alice") {
    const std::string id = ids.make(now);
    list.push_back({{"id", id},
                    {"kind", "request"},
                    {"by", "jane"},
                    {"reason", "disk alert"},
                    {"ticket", "SUP-7"},
                    {"engineer", engineer},
                    {"role", "viewer"},
                    {"duration", "4h"}});
    return id;
  }
  base::Json& of(const std::string& id) {
    for (base::Json& one : list) {
      if (one["id"] == id) return one;
    }
    return list.emplace_back();
  }
  // A heartbeat's answer, and what is reported then; taken by Mission Control where it arrives.
  std::vector<line::Standing> beat(bool arrives = true) {
    asks.take({{"asks", list}});
    return told(arrives);
  }
  std::vector<line::Standing> told(bool arrives = true) {
    std::vector<line::Standing> out;
    line::Taken taken;
    for (const line::Report& report : asks.due()) {
      out.push_back(line::parse_standing(report.body).value());
      taken.ids.push_back(report.id);
      if (arrives) of(out.back().ask)["stands"] = out.back().state;
    }
    if (arrives) asks.taken(taken);
    return out;
  }
  std::string state_told() {
    const auto said = told();
    return said.size() == 1 ? said.front().state : std::to_string(said.size()) + " states";
  }
  std::int64_t happened(audit::EventType type) {
    return std::count_if(all.begin(), all.end(), [type](const Draft& one) { return one.type == type; });
  }

  AskClock clock;
  Asks asks;
  base::Json list = base::Json::array();
};

TEST_F(AsksOfMissionControl, AreNotTakenWhileNobodySwitchedThatOn) {
  const std::string id = ask();
  const auto first = beat();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].state, "not_taken");
  EXPECT_THAT(first[0].note, ::testing::HasSubstr("switched on"));
  EXPECT_THAT(state.requests(), IsEmpty());
  EXPECT_EQ(happened(audit::EventType::RequestNotTaken), 1);
  allow();
  EXPECT_THAT(beat(), IsEmpty()) << "it was answered: another ask is another ask";
  EXPECT_THAT(state.requests(), IsEmpty());
}

TEST_F(AsksOfMissionControl, BecomeRequestsLikeAnyOtherAndSayWhoAsked) {
  allow();
  know("alice");
  const std::string id = ask();
  const auto first = beat();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].state, "pending");
  const state::Request& made = state.requests().at(id);
  EXPECT_EQ(made.asked_by, "mission-control:jane");
  EXPECT_EQ(made.asked.role, "viewer");
  EXPECT_EQ(made.ticket, "SUP-7");
  EXPECT_THAT(beat(), IsEmpty());
  EXPECT_EQ(happened(audit::EventType::RequestCreated), 1) << "it comes with each heartbeat, and is one";
  const Decision given = admin({{"command", "request.approve"}, {"id", id}});
  EXPECT_EQ(status_of(given), 200);
  const auto then = told();
  ASSERT_EQ(then.size(), 1U);
  EXPECT_EQ(then[0].state, "approved");
  EXPECT_EQ(then[0].until, now + 4 * kHour);
  admin({{"command", "grant.revoke"}, {"id", state.grants().begin()->first}});
  const auto last = told();
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].state, "ended");
  EXPECT_EQ(last[0].note, "revoked");
}

TEST_F(AsksOfMissionControl, AreRefusedWithAReasonExpireAndAreWithdrawn) {
  allow();
  const std::string refused = ask(), withdrawn = ask(), expires = ask();
  EXPECT_EQ(beat().size(), 3U);
  admin({{"command", "request.refuse"}, {"id", refused}, {"reason", "not on a Friday"}});
  const auto said = told();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].state, "refused");
  EXPECT_EQ(said[0].note, "not on a Friday");
  of(withdrawn)["withdrawn"] = true;
  asks.take({{"asks", list}});
  EXPECT_EQ(state_told(), "withdrawn");
  now = clock.now += limits.request_expires;
  due();
  EXPECT_EQ(state_told(), "expired");
  of(expires)["withdrawn"] = true;
  EXPECT_THAT(beat(), IsEmpty()) << "it is over";
}

TEST_F(AsksOfMissionControl, OfAnEngineerWhoIsNotKnownSaySoAndMayBeApproved) {
  allow();
  const std::string id = ask("zoe");
  const auto first = beat();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_THAT(first[0].note, ::testing::HasSubstr("not known there"));
  EXPECT_EQ(status_of(admin({{"command", "request.approve"}, {"id", id}})), 200);
  EXPECT_EQ(state_told(), "approved");
}

TEST_F(AsksOfMissionControl, AreToldAgainUntilMissionControlSaysThatItKnows) {
  allow();
  ask();
  EXPECT_EQ(beat(false).size(), 1U);
  EXPECT_EQ(told(false).size(), 1U);
  EXPECT_EQ(told().size(), 1U);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(AsksOfMissionControl, StandWhereTheyStoodAfterARestart) {
  allow();
  const std::string id = ask();
  beat(false);
  Asks after(clock,
             {[this] { return context(); }, [this](const Decision& decision) { take(decision.events); },
              [this](const Draft& draft) { take({draft}); }});
  after.take({{"asks", list}});
  EXPECT_EQ(after.due().size(), 1U);
  EXPECT_EQ(happened(audit::EventType::RequestCreated), 1);
}

TEST_F(AsksOfMissionControl, WaitWhileTheLogCannotBeWritten) {
  allow();
  ask();
  writable = false;
  EXPECT_THAT(beat(), IsEmpty());
  EXPECT_THAT(state.requests(), IsEmpty());
  writable = true;
  EXPECT_EQ(beat().size(), 1U);
}

TEST_F(AsksOfMissionControl, OfAnEngineersOwnRequestChangeNothing) {
  allow();
  const std::string id = request(visit("alice"));
  list.push_back({{"id", id},
                  {"kind", "request"},
                  {"by", "eve"},
                  {"reason", "r"},
                  {"engineer", "alice"},
                  {"role", "viewer"},
                  {"withdrawn", true}});
  beat();
  EXPECT_EQ(state.requests().at(id).state, state::RequestState::Pending);
  EXPECT_EQ(standing_of_request(context(), id).state, "") << "nothing is told of it";
}

TEST_F(AsksOfMissionControl, StormsAreFewRequestsAndFewEvents) {
  allow();
  for (int i = 0; i < 60; ++i) ask();
  beat();
  EXPECT_EQ(happened(audit::EventType::RequestCreated), Asks::kPace.at_once);
  EXPECT_EQ(happened(audit::EventType::RequestNotTaken), Asks::kPace.at_once);
  clock.mono += Asks::kPace.interval;
  list = base::Json::array();
  list.push_back({{"id", 7}});
  beat();
  ASSERT_EQ(happened(audit::EventType::RequestNotTaken), Asks::kPace.at_once + 1);
  EXPECT_THAT(all.back().detail, ::testing::HasSubstr("\"unrecorded\":40"));
}

TEST_F(AsksOfMissionControl, OfWhatThePolicyDoesNotHaveAreNotTaken) {
  allow();
  of(ask())["role"] = "root";
  const auto said = beat();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].state, "not_taken");
  EXPECT_THAT(said[0].note, ::testing::HasSubstr("no role of that name"));
}

}  // namespace
}  // namespace postern::ledger
