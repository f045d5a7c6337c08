// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Requests that take several approvals, are talked about, or were never made.
#include <gmock/gmock.h>

#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

using base::Json;
using state::RequestState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct TwoAdmins : Scene {
  TwoAdmins() {
    policy.approvals = {{"silences.write", 2}};
    admin({{"command", "capability.set"}, {"name", "silences.write"}, {"setting", "ask"}});
    session = visit("alice");
    id = request(session);
  }
  Decision as(const std::string& who, Json order) {
    order["actor"] = "admin:" + who;
    order["from"] = "192.0.2.9:40000";
    return send(Sender::Console, std::move(order));
  }
  Decision approve(const std::string& who, Json more = Json::object()) {
    more.update({{"command", "request.approve"}, {"id", id}});
    return as(who, std::move(more));
  }
  base::Refusal standing() const { return state.standing("alice", "silences.write", true, now); }
  std::string said(const Decision& decision) const {
    return decision.refused ? decision.refused->message : "";
  }
  const state::Request& asked() const { return state.requests().at(id); }
  std::string session, id;
};

class Approvals : public ::testing::Test, protected TwoAdmins {};

TEST_F(Approvals, TheLastOneStartsTheGrant) {
  EXPECT_EQ(asked().approvals_needed, 2);
  const Decision first = approve("anna");
  EXPECT_THAT(types_of(first.events), ElementsAre("request.approved"));
  EXPECT_EQ(first.reply["state"], "pending");
  EXPECT_EQ(standing(), base::Refusal::ApprovalNeeded);
  now += kHour;
  const Decision second = approve("ben");
  EXPECT_THAT(types_of(second.events), ElementsAre("request.approved", "grant.started"));
  EXPECT_EQ(standing(), base::Refusal::None);
  EXPECT_EQ(second.reply["from"], base::format_time(now)) << "the clock starts with the last approval";
  EXPECT_EQ(asked().state, RequestState::Approved);
  ASSERT_EQ(asked().approvals.size(), 2U);
  EXPECT_EQ(asked().approvals[1].by, "admin:ben");
}

TEST_F(Approvals, OneAdminCountsOnce) {
  approve("anna");
  const Decision again = approve("anna");
  EXPECT_EQ(status_of(again), 409);
  EXPECT_THAT(said(again), HasSubstr("1 of 2 approvals are missing"));
  EXPECT_TRUE(again.events.empty());
  EXPECT_EQ(standing(), base::Refusal::ApprovalNeeded);
}

TEST_F(Approvals, OtherTermsMakeThoseBeforeVoidOnlyIfTheySaySo) {
  approve("anna");
  const Decision told = approve("ben", {{"duration", "1h"}});
  EXPECT_EQ(code_of(told), "approvals_void");
  EXPECT_THAT(said(told), HasSubstr("anna"));
  EXPECT_EQ(asked().approvals.size(), 1U);
  const Decision meant = approve("ben", {{"duration", "1h"}, {"void_earlier", true}});
  EXPECT_EQ(base::parse_json(meant.events.front().detail).value()["voided"], Json({"admin:anna"}));
  ASSERT_EQ(asked().approvals.size(), 1U);
  EXPECT_EQ(asked().approvals[0].by, "admin:ben");
  EXPECT_EQ(asked().offer.duration, kHour);
  EXPECT_EQ(asked().asked.duration, limits.default_grant);
  const Decision last = approve("anna");
  EXPECT_EQ(last.reply["until"], base::format_time(now + kHour))
      << "what the others approved, not what was asked";
}

TEST_F(Approvals, ChangingOnesOwnTermsNeedsNoWord) {
  approve("anna");
  EXPECT_EQ(status_of(approve("anna", {{"duration", "2h"}})), 200);
  EXPECT_EQ(asked().approvals.size(), 1U);
  EXPECT_EQ(status_of(approve("ben", {{"duration", "2h"}})), 200);
  EXPECT_EQ(asked().state, RequestState::Approved);
}

TEST_F(Approvals, FewerCapabilitiesMayTakeFewer) {
  EXPECT_EQ(approve("anna", {{"capabilities", {"metrics.read"}}}).events.size(), 2U);
}

TEST_F(Approvals, CountUnderThePolicyInForce) {
  approve("anna");
  policy.approvals.clear();
  EXPECT_EQ(approve("anna").events.size(), 2U) << "one is enough now";
}

TEST_F(Approvals, WhoComesTooLateIsToldWhoDecided) {
  approve("anna");
  as("ben", {{"command", "request.refuse"}, {"id", id}, {"reason", "not before Monday"}});
  const Decision late = approve("carla");
  EXPECT_EQ(status_of(late), 409);
  EXPECT_THAT(said(late), HasSubstr("refused already, by ben"));
}

TEST_F(Approvals, OfWhatThePolicyNoLongerHasAreRefused) {
  policy.capabilities.erase("silences.write");
  const Decision gone = approve("anna");
  EXPECT_EQ(status_of(gone), 409);
  EXPECT_THAT(said(gone), HasSubstr("silences.write"));
  EXPECT_EQ(approve("anna", {{"capabilities", {"metrics.read"}}}).events.size(), 2U);
}

TEST_F(Approvals, SetAStartOfTheirOwn) {
  policy.approvals.clear();
  EXPECT_EQ(status_of(approve("anna", {{"start", base::format_time(now - kHour)}})), 400);
  const Decision later = approve("anna", {{"start", base::format_time(now + kHour)}});
  EXPECT_EQ(later.reply["from"], base::format_time(now + kHour));
}

TEST_F(Approvals, KeepARequestFromExpiring) {
  now += limits.request_expires - kMinute;
  approve("anna");
  now += 2 * kMinute;
  due();
  EXPECT_EQ(asked().state, RequestState::Pending);
  now += limits.request_expires;
  due();
  EXPECT_EQ(asked().state, RequestState::Expired);
}

class Talk : public ::testing::Test, protected TwoAdmins {
 protected:
  Decision ask(const std::string& text) {
    return as("anna", {{"command", "request.ask_back"}, {"id", id}, {"text", text}});
  }
  Decision answer(const std::string& text, const std::string& in) {
    return enforcer({{"command", "request.answer"}, {"id", id}, {"session", in}, {"text", text}});
  }
};

TEST_F(Talk, GoesFromAdminToEngineerAndBack) {
  EXPECT_EQ(status_of(answer("may I?", session)), 409) << "nothing was asked";
  EXPECT_THAT(types_of(ask(" Which cluster? ").events), ElementsAre("request.questioned"));
  const Decision answered = answer("the one in Linz", session);
  EXPECT_THAT(types_of(answered.events), ElementsAre("request.answered"));
  EXPECT_EQ(answered.events.front().actor, "engineer:alice");
  EXPECT_EQ(answered.events.front().session, session);
  ASSERT_EQ(asked().talk.size(), 2U);
  EXPECT_EQ(asked().talk[0].text, "Which cluster?");
  EXPECT_EQ(asked().talk[1].by, "engineer:alice");
  EXPECT_EQ(status_of(answer("and another thing", session)), 409) << "once for each question";
}

TEST_F(Talk, IsNobodyElses) {
  ask("Which cluster?");
  const std::string bob = visit("bob");
  EXPECT_EQ(status_of(answer("mine", bob)), 404);
  approve("anna"), approve("ben");
  EXPECT_EQ(status_of(answer("mine", bob)), 404) << "decided or not";
  EXPECT_EQ(status_of(answer("late", session)), 409);
}

TEST_F(Talk, IsBounded) {
  EXPECT_EQ(status_of(ask("")), 400);
  EXPECT_EQ(status_of(ask(std::string(kLongestMessage + 1, 'x'))), 400);
  for (std::size_t i = 0; i + 1 < kMostTalk; ++i) EXPECT_EQ(status_of(ask("?")), 200);
  EXPECT_EQ(code_of(ask("?")), "limit_reached");
  EXPECT_EQ(status_of(answer("!", session)), 200) << "there is room for the answer";
  EXPECT_EQ(asked().talk.size(), kMostTalk);
}

TEST(RequestForm, IsHeldAgainstTheConfiguration) {
  Scene scene;
  scene.limits =
      parse_limits({{"requests",
                     {{"reasons", {"Incident"}},
                      {"ticket", {{"pattern", "SUP-[0-9]+"}, {"required", true}, {"hint", "SUP-7"}}}}}})
          .value();
  const std::string session = scene.visit("alice");
  const auto ask = [&](Json more) {
    Json order{{"command", "request.create"}, {"session", session}, {"capabilities", {"metrics.read"}}};
    order.update(more);
    return scene.enforcer(order);
  };
  EXPECT_EQ(status_of(ask({{"reason", "r"}})), 400);
  const Decision wrong = ask({{"reason", "r"}, {"ticket", "SUP-7 "}, {"template", "Holiday"}});
  EXPECT_EQ(status_of(wrong), 400);
  EXPECT_EQ(status_of(ask({{"reason", "r"}, {"ticket", "7"}})), 400);
  EXPECT_EQ(status_of(ask({{"ticket", "SUP-7"}})), 400) << "no reason";
  EXPECT_EQ(ask({{"template", "Incident"}, {"ticket", " SUP-7 "}}).reply["reason"], "Incident");
  EXPECT_EQ(ask({{"template", "Incident"}, {"reason", "disk full"}, {"ticket", "SUP-7"}}).reply["reason"],
            "Incident: disk full");
  EXPECT_FALSE(parse_limits({{"requests", {{"ticket", {{"pattern", "["}}}}}}).ok());
}

TEST(RequestForm, RefusesTimesThatMakeNoSense) {
  Scene scene;
  const std::string session = scene.visit("alice");
  const auto ask = [&](Json more) {
    Json order{{"command", "request.create"},
               {"session", session},
               {"reason", "r"},
               {"capabilities", {"metrics.read"}}};
    order.update(more);
    return scene.enforcer(order);
  };
  EXPECT_EQ(status_of(ask({{"duration", "1s"}})), 400);
  EXPECT_EQ(status_of(ask({{"start", base::format_time(kNoon - kHour)}})), 400);
  EXPECT_EQ(ask({{"start", base::format_time(kNoon - kMinute)}}).reply["start"], base::format_time(kNoon))
      << "clocks differ";
}

class Given : public ::testing::Test, protected TwoAdmins {
 protected:
  Decision give(Json more) {
    Json order{{"command", "grant.give"}, {"engineer", "zoe"}, {"capabilities", {"metrics.read"}}};
    order.update(more);
    return as("anna", order);
  }
};

TEST_F(Given, HoldsForAnEngineerWhoHasNotComeYet) {
  admin({{"command", "capability.set"}, {"name", "metrics.read"}, {"setting", "ask"}});
  const Decision given =
      give({{"start", "2h"}, {"duration", "3h"}, {"ticket", "SUP-9"}, {"reason", "upgrade"}});
  ASSERT_EQ(status_of(given), 200) << said(given);
  EXPECT_THAT(types_of(given.events), ElementsAre("grant.started"));
  EXPECT_EQ(given.reply["engineer_state"], "unknown");
  EXPECT_EQ(given.reply["ticket"], "SUP-9");
  EXPECT_EQ(state.standing("zoe", "metrics.read", false, now + 3 * kHour), base::Refusal::SignInRefused);
  know("zoe");
  EXPECT_EQ(state.standing("zoe", "metrics.read", false, now + kHour), base::Refusal::ApprovalNeeded);
  EXPECT_EQ(state.standing("zoe", "metrics.read", false, now + 3 * kHour), base::Refusal::None);
  EXPECT_EQ(state.standing("zoe", "metrics.read", false, now + 5 * kHour), base::Refusal::GrantEnded);
}

TEST_F(Given, OfWhatTakesSeveralIsARequestWithItsFirstApproval) {
  const Decision given = give({{"capabilities", {"silences.write"}}});
  EXPECT_THAT(types_of(given.events), ElementsAre("request.created", "request.approved"));
  id = given.reply["id"].get<std::string>();
  EXPECT_EQ(asked().asked_by, "admin:anna");
  EXPECT_EQ(status_of(approve("anna")), 409) << "it is hers already";
  EXPECT_EQ(status_of(as("ben", {{"command", "request.ask_back"}, {"id", id}, {"text", "?"}})), 409);
  EXPECT_THAT(types_of(approve("ben").events), ElementsAre("request.approved", "grant.started"));
}

TEST_F(Given, RefusesWhatMakesNoSense) {
  EXPECT_EQ(status_of(give({{"engineer", "Zoe!"}})), 400);
  EXPECT_EQ(status_of(give({{"capabilities", {"root"}}})), 400);
  EXPECT_EQ(status_of(give({{"role", "viewer"}})), 400);
  EXPECT_EQ(status_of(give({{"start", "2h"}, {"until", "1h"}})), 400);
  EXPECT_EQ(status_of(give({{"start", "91d"}})), 400);
  EXPECT_EQ(status_of(give({{"duration", "300d"}})), 400);
  EXPECT_EQ(status_of(give({{"until", "2h"}, {"duration", "2h"}})), 400);
  EXPECT_EQ(status_of(give({{"until", base::format_time(now - 1)}})), 400);
  writable = false;
  EXPECT_EQ(status_of(give(Json::object())), 503);
}

TEST_F(Given, GoesOnWhereWhatItExtendsEnds) {
  policy.approvals.clear();
  approve("anna", {{"duration", "1h"}});
  const std::string grant = state.grants().begin()->first;
  const Decision more = enforcer({{"command", "request.create"},
                                  {"session", session},
                                  {"extends", grant},
                                  {"reason", "not done"},
                                  {"duration", "2h"}});
  EXPECT_EQ(more.reply["capabilities"], Json({"silences.write"}));
  id = more.reply["id"].get<std::string>();
  const Decision longer = approve("anna");
  EXPECT_EQ(longer.reply["from"], base::format_time(now + kHour));
  EXPECT_EQ(longer.reply["until"], base::format_time(now + 3 * kHour));
  const std::string bob = visit("bob");
  EXPECT_EQ(status_of(enforcer(
                {{"command", "request.create"}, {"session", bob}, {"extends", grant}, {"reason", "r"}})),
            400)
      << "another's grant";
}

TEST_F(Given, IsFoldedAndReadBackAsItWas) {
  approve("anna");
  as("ben", {{"command", "request.ask_back"}, {"id", id}, {"text", "why?"}});
  give({{"role", "viewer"}, {"capabilities", nullptr}});
  const auto copy = state::State::from_json(base::parse_json(base::dump_json(state.to_json())).value());
  ASSERT_TRUE(copy.ok()) << copy.error().message;
  EXPECT_TRUE(*copy == state);
}

}  // namespace
}  // namespace postern::ledger
