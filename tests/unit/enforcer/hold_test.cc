// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A call that waits for an admin: nothing is recorded as forwarded and nothing sent until one lets it pass.
#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {
namespace {

constexpr std::string_view kHeld = R"(version: 1
capabilities:
  metrics.read: {title: Read metrics, class: read, operations: [GET /api/v1/query]}
  silences.write: {title: Create silences, class: write, hold: true, operations: [POST /api/v2/silences]}
)";

class HoldScene : public EnforcerScene {
 protected:
  HoldScene() {
    ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{true, kHeld});
    turn(10);
  }
  // A call with a body, up to the moment where the ledger is asked.
  std::uint64_t ask(std::string_view body = "hello") {
    const std::uint64_t id = post("/api/v2/silences", body.size());
    send(Type::RequestBody, id, body);
    end_request(id);
    EXPECT_TRUE(until([&] { return !ledger->commands.empty(); }));
    return id;
  }
  base::Json command(std::size_t which) { return *base::parse_json(ledger->commands.at(which).second); }
  // The ledger has put it on the list.
  void list(const char* hold = "H1") {
    ledger->reply(ledger->commands.back().first, true, base::dump_json(base::Json{{"id", hold}}));
    turn(10);
  }
  void tell(const char* type, base::Json detail = base::Json::object()) {
    detail["hold"] = "H1";
    detail["operation"] = "POST /api/v2/silences";
    change(event(type, std::move(detail), "s1"));
    turn(10);
  }
  bool interim(std::uint64_t id) { return has(Type::InformationalHead, id); }
};

TEST_F(HoldScene, WaitsWithItsWholeBodyAndTellsTheClient) {
  const std::uint64_t id = ask();
  const base::Json call = command(0);
  EXPECT_EQ(call["command"], "hold.create");
  EXPECT_EQ(call["body"], "hello");
  EXPECT_EQ(call["operation"], "POST /api/v2/silences");
  list();
  EXPECT_TRUE(until([&] { return interim(id); }));
  turn(20);
  EXPECT_EQ(connects, 0);
  EXPECT_TRUE(ledger->events("exchange.forwarded").empty());
}

TEST_F(HoldScene, IsForwardedOnceItWasPassedAndItsRecordIsDurable) {
  const std::uint64_t id = ask();
  list();
  tell("hold.passed");
  ASSERT_TRUE(until([&] { return ledger->events("exchange.forwarded").size() == 1; }));
  EXPECT_EQ(connects, 0);
  ledger->acked(ledger->lines.size());
  ASSERT_TRUE(accept());
  ASSERT_TRUE(until([&] { return heard().ends_with("\r\n\r\nhello"); }));
  say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(status(id), 200);
}

TEST_F(HoldScene, IsRefusedWithTheAdminsWord) {
  const std::uint64_t id = ask();
  list();
  tell("hold.refused", {{"note", "not before Monday"}});
  EXPECT_EQ(code(id), "hold_refused");
  EXPECT_NE(body(id).find("not before Monday"), std::string::npos);
  EXPECT_EQ(connects, 0);
  EXPECT_EQ(refused_event(id)["detail"]["code"], "hold_refused");
}

TEST_F(HoldScene, ThatNobodyAnswersIsRefused) {
  const std::uint64_t id = ask();
  list();
  tell("hold.expired");
  EXPECT_EQ(code(id), "hold_refused");
}

TEST_F(HoldScene, EndsAtOnceWhenTheCapabilityIsSwitchedOff) {
  const std::uint64_t id = ask();
  list();
  change(event("permission.changed", {{"what", "capability"}, {"name", "silences.write"}, {"new", "off"}}));
  EXPECT_EQ(code(id), "capability_off");
  ASSERT_TRUE(until([&] { return ledger->commands.size() == 2; }));
  EXPECT_EQ(command(1)["command"], "hold.withdraw");
  EXPECT_EQ(command(1)["id"], "H1");
  tell("hold.passed");  // too late
  EXPECT_EQ(connects, 0);
}

TEST_F(HoldScene, IsWithdrawnWhenTheClientLeavesAlsoBeforeItIsListed) {
  const std::uint64_t id = ask();
  send(Type::ClientGone, id);
  turn(10);
  EXPECT_EQ(ledger->commands.size(), 1U) << "it has no id yet";
  list();
  ASSERT_TRUE(until([&] { return ledger->commands.size() == 2; }));
  EXPECT_EQ(command(1)["command"], "hold.withdraw");
}

TEST_F(HoldScene, OfAFormerLifeIsWithdrawn) {
  state::State state;
  state.apply(event("hold.created", {{"hold", "OLD"}, {"enforcer", 0}, {"engineer", "alice"}}, "s1"));
  state.apply(event("hold.created", {{"hold", "OTHERS"}, {"enforcer", 7}, {"engineer", "alice"}}, "s1"));
  ledger->send(ipc::FromLedger::State, ipc::StateSnapshot{2, true, base::dump_json(state.to_json())});
  ASSERT_TRUE(until([&] { return ledger->commands.size() == 1; }));
  EXPECT_EQ(command(0)["command"], "hold.withdraw");
  EXPECT_EQ(command(0)["id"], "OLD");
}

TEST_F(HoldScene, PassesWithoutAskingOnceItWasPassedForTheSession) {
  const std::uint64_t first = ask();
  list();
  tell("hold.passed", {{"for_session", true}});
  send(Type::ClientGone, first);
  done(first, false);
  const std::uint64_t second = post("/api/v2/silences", 1);
  send(Type::RequestBody, second, "x");
  end_request(second);
  EXPECT_TRUE(until([&] { return ledger->events("exchange.forwarded").size() == 2; }));
  EXPECT_EQ(ledger->commands.size(), 1U);
}

TEST_F(HoldScene, ThatTheLedgerDoesNotTakeIsRefusedAsItSays) {
  const std::uint64_t id = ask();
  ledger->reply(ledger->commands.back().first, false,
                R"({"code":"limit_reached","message":"too many","status":429})");
  EXPECT_EQ(code(id), "limit_reached");
}

TEST_F(HoldScene, NoSecretOfABodyIsPutOnTheList) {
  ask("see https://user:hunter2hunter2@db/");
  EXPECT_EQ(command(0)["body"].get<std::string>().find("hunter2"), std::string::npos);
  EXPECT_EQ(command(0)["body"].get<std::string>().find("see https://user:"), 0U);
  EXPECT_EQ(command(0)["body_bytes"], 35);
}

TEST_F(HoldScene, ABodyThatNobodyCouldReadWholeIsRefused) {
  EXPECT_EQ(code(post("/api/v2/silences", kMostHeldBody + 1)), "body_not_allowed");
  done(last);
  const std::uint64_t id = ask(std::string(100, '\xff'));
  EXPECT_FALSE(command(0).contains("body")) << "not text";
  EXPECT_EQ(command(0)["body_bytes"], 100);
  EXPECT_FALSE(has(Type::ResponseHead, id));
}

}  // namespace
}  // namespace postern::enforcer
