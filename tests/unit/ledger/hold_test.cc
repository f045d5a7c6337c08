// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Calls that wait for an admin: who may do what with them, and what is recorded of it.
#include "gateway/state/view.h"
#include "tests/unit/ledger/house.h"
#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

struct HoldScene : ::testing::Test {
  Scene scene;
  std::string session = scene.visit("alice");
  std::string reads = "/api/v2/silences", target = "/api/v2/silences", content_type = "application/json";

  Decision ask(const std::string& body = R"({"comment":"x"})", const std::string& of = {}) {
    return scene.enforcer({{"command", "hold.create"},
                           {"session", of.empty() ? session : of},
                           {"capability", "silences.write"},
                           {"operation", "POST /api/v2/silences"},
                           {"method", "POST"},
                           {"target", target},
                           {"content_type", content_type},
                           {"client", "192.0.2.7:5"},
                           {"enforcer", 1},
                           {"read", reads},
                           {"body", body},
                           {"body_bytes", body.size()},
                           {"body_sha256", base::sha256_hex(body)}});
  }
  std::string held() { return base::json_text_or(ask().reply, "id", ""); }
  Decision compare(const std::string& id, const base::Json& document) {
    return scene.enforcer({{"command", "hold.compare"},
                           {"id", id},
                           {"enforcer", 1},
                           {"document", document},
                           {"before_bytes", 7},
                           {"before_sha256", base::sha256_hex("{}")},
                           {"changes", 1},
                           {"patch", {{{"op", "replace"}, {"path", "/a"}, {"old", 1}, {"value", 2}}}}});
  }
  Decision pass(const std::string& id, bool for_session = false) {
    return scene.admin({{"command", "hold.pass"}, {"id", id}, {"for_session", for_session}});
  }
};

TEST_F(HoldScene, ShowsWhatAnAdminDecidesAbout) {
  scene.admin({{"command", "capability.set"}, {"name", "silences.write"}, {"setting", "ask"}});
  scene.admin({{"command", "request.approve"}, {"id", scene.request(session)}});
  const std::string id = held();
  ASSERT_EQ(scene.state.holds().size(), 1U);
  const state::Hold& hold = scene.state.holds().at(id);
  EXPECT_EQ(hold.engineer, "alice");
  EXPECT_EQ(hold.enforcer, 1);
  EXPECT_EQ(hold.body, R"({"comment":"x"})");
  EXPECT_EQ(hold.reason, "incident");
  EXPECT_EQ(hold.expires, scene.now + scene.limits.hold_wait);
}

TEST_F(HoldScene, WhatAnAdminCannotBeShownWholeIsNotHeld) {
  target = "/api/v2/silences?a=" + std::string(4'077, 'x');
  ASSERT_FALSE(ask().refused);
  target += 'x';
  const Decision longer = ask();
  ASSERT_TRUE(longer.refused);
  EXPECT_EQ(longer.refused->code, "target_too_long");
  target = "/api/v2/silences";
  content_type = "application/json; a=" + std::string(236, 'x');
  ASSERT_FALSE(ask().refused);
  content_type += 'x';
  EXPECT_EQ(ask().refused.value().code, "body_not_allowed");
  EXPECT_EQ(scene.state.holds().size(), 2U);
}

TEST_F(HoldScene, IsPassedOnceAndByAnAdminAlone) {
  const std::string id = held();
  EXPECT_FALSE(may_command(Sender::Enforcer, "hold.pass"));
  EXPECT_FALSE(may_command(Sender::Console, "hold.create"));
  const Decision passed = pass(id);
  ASSERT_FALSE(passed.refused);
  EXPECT_EQ(scene.all.back().actor, "admin:root");
  EXPECT_FALSE(scene.all.back().closes) << "what gives is told once it is durable";
  EXPECT_TRUE(scene.state.holds().empty());
  EXPECT_FALSE(scene.state.passes_for_session(session, "POST /api/v2/silences"));
  EXPECT_EQ(status_of(pass(id)), 404);
}

TEST_F(HoldScene, IsPassedForTheSessionUntilThatEnds) {
  pass(held(), true);
  EXPECT_TRUE(scene.state.passes_for_session(session, "POST /api/v2/silences"));
  EXPECT_FALSE(scene.state.passes_for_session(session, "DELETE /api/v2/silence/{id}"));
  EXPECT_FALSE(scene.state.passes_for_session(scene.visit("bob"), "POST /api/v2/silences"));
  scene.admin({{"command", "session.end"}, {"id", session}});
  EXPECT_FALSE(scene.state.passes_for_session(session, "POST /api/v2/silences"));
}

TEST_F(HoldScene, IsRefusedAtOnceWithAWord) {
  const std::string id = held();
  const Decision refused =
      scene.admin({{"command", "hold.refuse"}, {"id", id}, {"note", "not before Monday"}});
  EXPECT_FALSE(refused.refused);
  EXPECT_TRUE(scene.all.back().closes);
  EXPECT_NE(scene.lines.back().find("not before Monday"), std::string::npos);
  EXPECT_TRUE(scene.state.holds().empty());
}

TEST_F(HoldScene, ExpiresByTheClock) {
  held();
  scene.now += scene.limits.hold_wait - 1;
  EXPECT_EQ(types_of(scene.due().events), std::vector<std::string>{});
  scene.now += 1;
  EXPECT_EQ(types_of(scene.due().events), std::vector<std::string>{"hold.expired"});
  EXPECT_TRUE(scene.state.holds().empty());
}

TEST_F(HoldScene, CannotBePassedAfterItsTime) {
  const std::string id = held();
  scene.now += scene.limits.hold_wait;
  EXPECT_EQ(status_of(pass(id)), 409);
}

TEST_F(HoldScene, IsWithdrawnByItsEnforcer) {
  const std::string id = held();
  scene.enforcer({{"command", "hold.withdraw"}, {"id", id}, {"enforcer", 1}, {"why", "the client left"}});
  EXPECT_TRUE(scene.state.holds().empty());
  EXPECT_NE(scene.lines.back().find("the client left"), std::string::npos);
}

TEST_F(HoldScene, AreBoundedInAllAndForASession) {
  scene.limits.holds_per_session = 2;
  scene.limits.holds = 3;
  held();
  held();
  EXPECT_EQ(code_of(ask()), "limit_reached");
  const std::string bobs = scene.visit("bob");
  EXPECT_FALSE(ask("x", bobs).refused);
  EXPECT_EQ(code_of(ask("x", scene.visit("carol"))), "limit_reached");
}

TEST_F(HoldScene, ABodyThatWouldNotFitIntoItsEventIsCountedAndNotShown) {
  EXPECT_FALSE(ask(std::string(30'000, '\x01')).refused);
  const state::Hold& hold = scene.state.holds().begin()->second;
  EXPECT_EQ(hold.body, "");
  EXPECT_EQ(hold.body_bytes, 30'000);
  EXPECT_EQ(hold.body_sha256.size(), 64U);
}

TEST_F(HoldScene, NothingIsHeldOrPassedWhileTheLogCannotBeWritten) {
  const std::string id = held();
  scene.writable = false;
  EXPECT_EQ(code_of(ask()), "log_unavailable");
  EXPECT_EQ(code_of(pass(id)), "log_unavailable");
  EXPECT_FALSE(scene.admin({{"command", "hold.refuse"}, {"id", id}}).refused) << "taking away works";
}

TEST_F(HoldScene, IsShownBesideWhatItWouldChange) {
  const std::string id = held();
  EXPECT_FALSE(state::view(scene.state.holds().at(id)).contains("before"));
  scene.now += base::kWallSecond;
  EXPECT_FALSE(compare(id, {{"a", 1}}).refused);
  const base::Json before = state::view(scene.state.holds().at(id))["before"];
  EXPECT_EQ(before["document"], (base::Json{{"a", 1}}));
  EXPECT_EQ(before["patch"][0]["old"], 1);
  EXPECT_EQ(before["time"], base::format_time(scene.now)) << "it may have changed since";
  EXPECT_EQ(scene.all.back().actor, "gateway");
  EXPECT_NE(scene.lines.back().find(R"("type":"hold.compared")"), std::string::npos);
  EXPECT_FALSE(pass(id).refused);
}

TEST_F(HoldScene, IsComparedOnceAndOnlyIfItWouldChangeSomething) {
  const std::string id = held();
  compare(id, {{"a", 1}});
  EXPECT_EQ(status_of(compare(id, {{"a", 2}})), 409);
  reads.clear();
  EXPECT_EQ(status_of(compare(held(), {{"a", 1}})), 409);
  EXPECT_EQ(status_of(compare("01JD7Z3V5T4Q2N8M6K0H1F9C3B", {{"a", 1}})), 404);
  EXPECT_FALSE(may_command(Sender::Console, "hold.compare"));
}

TEST_F(HoldScene, ADocumentThatNoEventCanHoldIsLeftOut) {
  const std::string large = held(), deep = held();
  compare(large, {{"a", std::string(30'000, 'x')}});
  EXPECT_FALSE(state::view(scene.state.holds().at(large))["before"].contains("document"));
  base::Json nested = 1;
  for (int i = 0; i < 40; ++i) nested = base::Json::array({nested});
  compare(deep, nested);
  EXPECT_FALSE(state::view(scene.state.holds().at(deep))["before"].contains("document"));
}

// The ledger puts the index of the channel into what comes over it.
TEST_F(House, ACallWaitsInTheNameOfTheEnforcerThatHasItAndOfNoOther) {
  const std::unique_ptr<Client> other = join(Sender::Enforcer, 1);
  const std::string session = visit("alice");
  const base::Json call = {{"command", "hold.create"},
                           {"session", session},
                           {"capability", "silences.write"},
                           {"operation", "POST /api/v2/silences"},
                           {"method", "POST"},
                           {"target", "/api/v2/silences"},
                           {"client", "192.0.2.7:5"},
                           {"read", "/api/v2/silences"},
                           {"enforcer", 1}};
  const std::string id = base::json_text_or(done(*enforcer, call), "id", "");
  ASSERT_EQ(ledger->state().holds().at(id).enforcer, 0) << "whatever it says";
  EXPECT_EQ(answer(*other, {{"command", "hold.withdraw"}, {"id", id}, {"enforcer", 0}}).json["status"], 404);
  const base::Json lie = {{"command", "hold.compare"}, {"id", id}, {"enforcer", 0}, {"document", {{"a", 1}}}};
  EXPECT_EQ(answer(*other, lie).json["status"], 404);
  ASSERT_EQ(ledger->state().holds().count(id), 1U);
  EXPECT_EQ(ledger->state().holds().at(id).before.at, 0) << "an administrator is shown nothing of it";
  EXPECT_TRUE(answer(*enforcer, lie).ok);
  EXPECT_TRUE(answer(*enforcer, {{"command", "hold.withdraw"}, {"id", id}}).ok);
  EXPECT_TRUE(ledger->state().holds().empty());
}

TEST_F(HoldScene, SurviveASnapshot) {
  pass(held(), true);
  compare(held(), {{"a", 1}});
  held();
  const auto read = state::State::from_json(scene.state.to_json());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, scene.state);
}

}  // namespace
}  // namespace postern::ledger
