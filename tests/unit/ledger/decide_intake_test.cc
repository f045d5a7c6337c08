// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "base/bytes.h"
#include "gateway/ledger/intake_memory.h"
#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;

struct IntakeScene : testing::Test, Scene {
  base::ManualClock clock{kNoon};
  IntakeMemory memory{clock};

  Decision act(Sender sender, Json order) {
    Context here = context();
    here.intake = &memory;
    Decision decision = decide_command(here, sender, order);
    keep(decision);
    return decision;
  }
  void keep(const Decision& decision) {
    for (const std::string& gateway : decision.heard) memory.hear(gateway);
    const std::size_t before = lines.size();
    take(decision.events);
    for (std::size_t i = before; i < lines.size(); ++i) memory.take_line(lines[i]);
  }
  Decision due() {
    Context here = context();
    here.intake = &memory;
    Decision decision = decide_due(here, {});
    keep(decision);
    return decision;
  }
  void pass(base::Micros time) {
    now += time;
    clock.advance(time * 1000);
  }
  std::string make(const std::string& name, const Json& more = Json::object()) {
    Json order{{"command", "intake.token_create"},
               {"actor", "admin:root"},
               {"from", "uid 0"},
               {"name", name},
               {"token_sha256", base::sha256_hex(name)}};
    order.update(more);
    const Decision made = act(Sender::Console, order);
    EXPECT_FALSE(made.refused) << made.refused->message;
    return base::json_text_or(made.reply, "id", "");
  }
  Json one(const std::string& id, const std::string& type, const Json& more) const {
    Json event{{"id", id}, {"time", base::format_time(now)}, {"type", type}};
    event.update(more);
    return event;
  }
  Decision send(const std::string& token, const Json& events) {
    return act(Sender::Intake, {{"command", "intake.take"},
                                {"actor", "component:x"},
                                {"from", "192.0.2.7"},
                                {"token", token},
                                {"batch", {{"events", events}}}});
  }
  Decision beat(const std::string& token, const std::string& gateway) {
    return send(token, Json::array({one("h" + std::to_string(++beats), "remote_gateway.heartbeat",
                                        {{"gateway", gateway}})}));
  }
  int beats = 0;
};

TEST_F(IntakeScene, MakesAnEventOfWhatANodeSends) {
  const std::string token = make("nodes", {{"service", "tsdb"}});
  const Decision taken =
      send(token,
           Json::array({one("e1", "component.node_left", {{"node", "n1"}, {"detail", {{"why", "disk"}}}})}));
  ASSERT_FALSE(taken.refused);
  ASSERT_EQ(taken.events.size(), 1U);
  EXPECT_EQ(taken.events[0].type, EventType::ComponentNodeLeft);
  EXPECT_EQ(taken.events[0].actor,
            "component:nodes");  // as the ledger knows the token, whatever the intake says
  EXPECT_EQ(taken.events[0].subject, "n1");
  const auto detail = base::parse_json(taken.events[0].detail);
  ASSERT_TRUE(detail.ok());
  EXPECT_EQ(detail->at("service"), "tsdb");
  EXPECT_EQ(detail->at("event"), "e1");
  EXPECT_EQ(detail->at("said"), Json({{"why", "disk"}}));
  EXPECT_EQ(taken.reply.at("taken"), 1);
}

TEST_F(IntakeScene, TakesAnIdOnceAndAnotherTokensForItself) {
  const std::string token = make("a"), other = make("b");
  const Json events = Json::array({one("e1", "component.server_up", {{"node", "n1"}})});
  EXPECT_EQ(send(token, events).events.size(), 1U);
  const Decision again = send(token, events);
  EXPECT_TRUE(again.events.empty());
  EXPECT_EQ(again.reply.at("known"), 1);
  EXPECT_EQ(send(other, events).events.size(), 1U);
}

TEST_F(IntakeScene, KnowsTheIdsAgainAfterARestart) {
  const std::string token = make("a");
  Json events = Json::array();
  for (int i = 0; i < 10'000; ++i) {
    events.push_back(one("e" + std::to_string(i), "component.server_up", {{"node", "n1"}}));
    if (events.size() < 100) continue;
    EXPECT_EQ(send(token, events).events.size(), 100U);
    events = Json::array();
  }
  IntakeMemory fresh(clock);
  for (const std::string& line : lines) fresh.take_line(line);
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(fresh.has(token, "e" + std::to_string(i))) << i;
  EXPECT_FALSE(fresh.has(token, "e10000"));
}

TEST_F(IntakeScene, ForgetsTheOldestIdsAlone) {
  const std::string token = make("a");
  for (std::size_t i = 0; i < kIntakeIdsOfToken + 100; i += 100) {
    Json events = Json::array();
    for (std::size_t j = i; j < i + 100; ++j)
      events.push_back(one("e" + std::to_string(j), "component.server_up", {{"node", "n1"}}));
    send(token, events);
  }
  EXPECT_FALSE(memory.has(token, "e99"));
  EXPECT_TRUE(memory.has(token, "e100"));
}

TEST_F(IntakeScene, RefusesARevokedTokenAtOnce) {
  const std::string token = make("a");
  const Json events = Json::array({one("e1", "component.server_up", {{"node", "n1"}})});
  act(Sender::Console, {{"command", "intake.token_revoke"}, {"actor", "admin:root"}, {"id", token}});
  const Decision refused = send(token, events);
  ASSERT_TRUE(refused.refused);
  EXPECT_EQ(refused.refused->status, 401);
  EXPECT_TRUE(refused.events.empty());
}

TEST_F(IntakeScene, EndsATokenWhenItsTimeIsOver) {
  const std::string token = make("a", {{"expires", "1h"}});
  pass(kHour);
  EXPECT_TRUE(send(token, Json::array({one("e1", "component.server_up", {{"node", "n1"}})})).refused);
  const Decision over = due();
  ASSERT_EQ(over.events.size(), 1U);
  EXPECT_EQ(over.events[0].type, EventType::IntakeTokenExpired);
  EXPECT_TRUE(state.intake_tokens().empty());
}

TEST_F(IntakeScene, TakesNothingOfAnotherServiceThanItsTokens) {
  const std::string token = make("a", {{"service", "tsdb"}});
  const Decision refused =
      send(token, Json::array({one("e1", "component.server_up", {{"node", "n1"}, {"service", "other"}})}));
  ASSERT_TRUE(refused.refused);
  EXPECT_EQ(refused.refused->status, 403);
}

TEST_F(IntakeScene, TakesABatchWhollyOrNotAtAll) {
  const std::string token = make("a", {{"service", "tsdb"}});
  const Decision refused =
      send(token, Json::array({one("e1", "component.server_up", {{"node", "n1"}}),
                               one("e2", "component.server_up", {{"node", "n1"}, {"service", "o"}})}));
  ASSERT_TRUE(refused.refused);
  EXPECT_TRUE(refused.events.empty());
  EXPECT_FALSE(memory.has(token, "e1"));
}

TEST_F(IntakeScene, ReadsAgainWhatTheIntakeHasRead) {
  const std::string token = make("a");
  const Decision refused = send(token, Json::array({one("e1", "session.opened", {{"node", "n1"}})}));
  ASSERT_TRUE(refused.refused);
  EXPECT_EQ(refused.refused->status, 400);
}

TEST_F(IntakeScene, TakesNothingWhileTheLogCannotBeWritten) {
  const std::string token = make("a");
  writable = false;
  const Decision refused = send(token, Json::array({one("e1", "component.server_up", {{"node", "n1"}})}));
  ASSERT_TRUE(refused.refused);
  EXPECT_EQ(refused.refused->status, 503);
}

TEST_F(IntakeScene, LosesARemoteGatewayThatIsSilentAndFindsItAgainAtItsSecondBeat) {
  const std::string token = make("a");
  send(token, Json::array({one("r", "remote_gateway.registered", {{"gateway", "g"}})}));
  pass(limits.intake_lost_after - 1);
  EXPECT_TRUE(due().events.empty());
  beat(token, "g");
  pass(limits.intake_lost_after - 1);
  EXPECT_TRUE(due().events.empty());
  pass(1);
  const Decision lost = due();
  ASSERT_EQ(lost.events.size(), 1U);
  EXPECT_EQ(lost.events[0].type, EventType::RemoteGatewayLost);
  EXPECT_TRUE(due().events.empty());  // once
  EXPECT_TRUE(beat(token, "g").events.empty());
  const Decision back = beat(token, "g");
  ASSERT_EQ(back.events.size(), 1U);
  EXPECT_EQ(back.events[0].type, EventType::RemoteGatewayReturned);
  EXPECT_TRUE(beat(token, "g").events.empty());
}

TEST_F(IntakeScene, AClockThatIsPutRightMakesNoGatewaySilent) {
  const std::string token = make("a");
  send(token, Json::array({one("r", "remote_gateway.registered", {{"gateway", "g"}})}));
  now += 10 * kDay;  // the wall clock alone
  EXPECT_TRUE(due().events.empty());
}

TEST_F(IntakeScene, WaitsForNoGatewayThatUnregistered) {
  const std::string token = make("a");
  send(token, Json::array({one("r", "remote_gateway.registered", {{"gateway", "g"}}),
                           one("u", "remote_gateway.unregistered", {{"gateway", "g"}})}));
  pass(kDay);
  EXPECT_TRUE(due().events.empty());
  EXPECT_EQ(beat(token, "g").reply.at("unregistered"), Json::array({"g"}));
}

TEST_F(IntakeScene, RegistersSoManyGatewaysAndCountsEachOnce) {
  const std::string token = make("nodes", {{"service", "tsdb"}});
  int said = 0;
  const auto registration = [&](const std::string& gateway) {
    return one("r" + std::to_string(++said), "remote_gateway.registered", {{"gateway", gateway}});
  };
  for (std::size_t first = 0; first < state::kMostRemoteGateways; first += 100) {
    Json events = Json::array();
    for (std::size_t i = first; i < first + 100 && i + 1 < state::kMostRemoteGateways; ++i)
      events.push_back(registration("g" + std::to_string(i)));
    ASSERT_FALSE(send(token, events).refused);
  }
  ASSERT_EQ(state.remote_gateways().size() + 1, state::kMostRemoteGateways);
  EXPECT_TRUE(send(token, Json::array({registration("last"), registration("beyond")})).refused);
  EXPECT_FALSE(
      send(token, Json::array({registration("last"), registration("last"), registration("g0")})).refused);
  EXPECT_TRUE(send(token, Json::array({registration("beyond")})).refused);
  EXPECT_EQ(state.remote_gateways().size(), state::kMostRemoteGateways);
}

TEST_F(IntakeScene, SaysTheSendersSkew) {
  const std::string token = make("a");
  const Json batch{{"sent", base::format_time(now - 90 * base::kWallSecond)},
                   {"events", Json::array({one("e1", "component.server_up", {{"node", "n1"}})})}};
  const Decision taken =
      act(Sender::Intake,
          {{"command", "intake.take"}, {"actor", "component:a"}, {"token", token}, {"batch", batch}});
  EXPECT_EQ(taken.reply.at("skew_us"), -90 * base::kWallSecond);
  EXPECT_THAT(taken.events.at(0).detail, testing::HasSubstr("\"skew_us\":-90000000"));
}

TEST_F(IntakeScene, MayDoNothingElse) {
  for (const char* command : {"token.create", "intake.token_create", "intake.token_revoke",
                              "remote_access.set", "policy.set", "admin.add"})
    EXPECT_FALSE(may_command(Sender::Intake, command)) << command;
  for (const Sender other : {Sender::Enforcer, Sender::Console, Sender::Supervisor, Sender::Link})
    EXPECT_FALSE(may_command(other, "intake.take"));
  for (const audit::EventText& text : audit::all_events())
    EXPECT_FALSE(may_append(Sender::Intake, text.type)) << text.name;
}

TEST_F(IntakeScene, KeepsTokensAndGatewaysInASnapshot) {
  const std::string token = make("a", {{"expires", "30d"}});
  send(token, Json::array({one("r", "remote_gateway.registered", {{"gateway", "g"}, {"service", "s"}})}));
  const auto again = state::State::from_json(state.to_json());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, state);
  EXPECT_EQ(again->remote_gateways().size(), 1U);
}

}  // namespace
}  // namespace postern::ledger
