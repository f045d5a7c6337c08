// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Calls that Mission Control proposed, as an enforcer judges and sends them.
#include "tests/unit/enforcer/proposed_scene.h"

namespace postern::enforcer {
namespace {

TEST_F(ProposedScene, IsJudgedByThePolicyAndTheSwitches) {
  EXPECT_EQ(judged(call_of("POST", "/api/v2/silences")), "now");
  EXPECT_EQ(judged(call_of("POST", "/api/v2/rules")), "waits");
  EXPECT_EQ(judged(call_of("POST", "/api/v2/asked")), "waits");
  EXPECT_EQ(judged(call_of("POST", "/api/v2/off")), "capability_off");
  EXPECT_EQ(judged(call_of("POST", "/api/v2/elsewhere")), "operation_not_listed");
  EXPECT_EQ(judged(call_of("GET", "/api/v1/query", 0, "")), "operation_not_listed") << "it only reads";
  EXPECT_EQ(judged(call_of("POST", "/debug/x")), "never");
  EXPECT_EQ(judged(call_of("POST", "/.postern/sign-in")), "operation_not_listed");
  EXPECT_EQ(connects, 0);
  EXPECT_TRUE(ledger->events("exchange.refused").empty()) << "nobody asked for anything";
}

TEST_F(ProposedScene, OfAWrongFormIsRefused) {
  EXPECT_EQ(judged(call_of("POST", "/api/v2/x/../silences")), "target_not_canonical");
  EXPECT_EQ(judged(call_of("POST", "/api/v2//silences")), "operation_not_listed");
  EXPECT_EQ(judged(call_of("POST", "/api/v2/silences ")), "malformed");
  EXPECT_EQ(judged(call_of("POST HTTP/1.1\r\nx:", "/api/v2/silences")), "malformed");
  EXPECT_EQ(judged(call_of("POST", "/api/v2/silences", 2, "application/json\r\nauthorization: x")),
            "malformed");
  EXPECT_EQ(judged(call_of("POST", "/api/v2/silences", 2, "text/html")), "body_not_allowed");
  EXPECT_EQ(judged(call_of("POST", "/api/v2/silences", 101)), "body_not_allowed");
  EXPECT_EQ(judged(call_of("POST", "http://elsewhere.example/api/v2/silences")), "wrong_host");
}

TEST_F(ProposedScene, IsJudgedWithWhatUndoesIt) {
  const auto with = [this](const char* target) {
    return judged(call_of("POST", "/api/v2/silences"), call_of("DELETE", target, 0, ""));
  };
  EXPECT_EQ(with("/api/v2/silence/${answer.silenceID}"), "now");
  EXPECT_EQ(with("/api/v2/all/${answer.silenceID}"), "operation_not_listed");
  EXPECT_EQ(judged(call_of("POST", "/api/v2/silences"), call_of("POST", "/api/v2/rules")), "waits");
}

TEST_F(ProposedScene, IsRefusedWhileRemoteAccessIsOffOrReadOnly) {
  change(event("permission.changed", {{"what", "remote_access"}, {"new", "read-only"}}));
  EXPECT_EQ(judged(call_of("POST", "/api/v2/silences")), "read_only");
  change(event("permission.changed", {{"what", "remote_access"}, {"new", "approved"}}));
  EXPECT_EQ(judged(call_of("POST", "/api/v2/silences")), "waits");
  change(event("permission.changed", {{"what", "remote_access"}, {"new", "off"}}));
  EXPECT_EQ(judged(call_of("POST", "/api/v2/silences")), "remote_access_off");
}

TEST_F(ProposedScene, IsSentAsAnEngineersCallWouldBeAndItsAnswerTellsWhatUndoesIt) {
  silence();
  propose();
  let_pass();
  ASSERT_TRUE(until([&] { return heard().find("{\"a\":1}") != std::string::npos; }));
  EXPECT_EQ(asked.find("POST /api/v2/silences HTTP/1.1\r\n"), 0U) << asked;
  EXPECT_NE(asked.find("host: prom:9090"), std::string::npos) << asked;
  say("HTTP/1.1 200 OK\r\ncontent-length: 25\r\ncontent-type: "
      "application/json\r\n\r\n{\"silenceID\":\"5f1e-77ab\"}");
  const base::Json answer = came_of_it();
  EXPECT_EQ(answer["outcome"], "applied") << answer;
  EXPECT_EQ(answer["status"], 200);
  EXPECT_EQ(answer["answers"], (base::Json{{"silenceID", "5f1e-77ab"}}));
  const base::Json forwarded = ledger->events("exchange.forwarded").front();
  EXPECT_EQ(forwarded["actor"], "mission-control:jane");
  EXPECT_EQ(forwarded["detail"]["proposal"], kProposal);
  EXPECT_FALSE(forwarded.contains("session")) << forwarded;
  EXPECT_EQ(answer["forwarded"], forwarded["id"]);
  EXPECT_EQ(completed_event(0)["detail"]["outcome"], "completed");
}

TEST_F(ProposedScene, ThatTheStateDoesNotHaveUnderWayIsNotSent) {
  propose();
  EXPECT_EQ(came_of_it()["outcome"], "failed");
  silence();
  propose(true);
  EXPECT_EQ(came_of_it()["outcome"], "failed") << "it is not being undone";
  EXPECT_EQ(connects, 0);
}

TEST_F(ProposedScene, ThatIsSwitchedOffMeanwhileIsNotSent) {
  silence();
  toggle("capability", "silences.write", "off");
  propose();
  const base::Json answer = came_of_it();
  EXPECT_EQ(answer["outcome"], "failed");
  EXPECT_EQ(answer["code"], "capability_off");
  EXPECT_EQ(connects, 0);
}

TEST_F(ProposedScene, IsCutWhenProposalsAreSwitchedOffAndNobodyKnowsThenWhatCameOfIt) {
  silence();
  propose();
  let_pass();
  toggle("sharing", "proposals", "off");
  const base::Json answer = came_of_it();
  EXPECT_EQ(answer["outcome"], "unknown") << answer;
  EXPECT_EQ(completed_event(0)["detail"]["outcome"], "cut");
}

TEST_F(ProposedScene, WhoseConnectionBreaksIsNotSentAgain) {
  silence();
  propose();
  let_pass();
  accepted.reset();
  EXPECT_EQ(came_of_it()["outcome"], "unknown");
  turn(20);
  EXPECT_EQ(connects, 1);
}

TEST_F(ProposedScene, ThatCannotBeConnectedFailed) {
  silence();
  refuses = true;
  propose();
  ASSERT_TRUE(until([&] { return !ledger->events("exchange.forwarded").empty(); }));
  ledger->acked(ledger->lines.size());
  const base::Json answer = came_of_it();
  EXPECT_EQ(answer["outcome"], "failed") << answer;
  EXPECT_EQ(answer["code"], "component_unreachable");
}

TEST_F(ProposedScene, IsNobodysWhoComesByATerminator) {
  silence();
  propose();
  let_pass();
  int breaches = 0;
  enforcer->on_breach([&breaches](const std::string&) { ++breaches; });
  send_message(Type::RequestHead, kOwnIds + 2, head("GET", "/api/v1/query", ""));
  EXPECT_TRUE(until([&] { return breaches == 1; }));
  say("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(came_of_it()["outcome"], "applied") << "it goes on without a terminator";
}

TEST_F(ProposedScene, WithAHoldIsSentOnlyIfAnAdminApproved) {
  start({{"method", "POST"}, {"target", "/api/v2/rules"}}, "rules.write");
  propose();
  EXPECT_EQ(came_of_it()["code"], "hold_refused");
  EXPECT_EQ(connects, 0);
}

TEST_F(ProposedScene, OfALongAnswerIsReadToItsEnd) {
  silence();
  propose();
  let_pass();
  const std::string body(300'000, 'x');
  say("HTTP/1.1 500 Oh\r\ncontent-type: text/plain\r\ncontent-length: 300000\r\n\r\n");
  std::size_t at = 0;
  EXPECT_TRUE(until([&] {
    const ssize_t n = at < body.size() ? ::send(accepted.get(), body.data() + at, body.size() - at,
                                                MSG_NOSIGNAL | MSG_DONTWAIT)
                                       : 0;
    if (n > 0) at += static_cast<std::size_t>(n);
    return answered();
  }));
  EXPECT_EQ(ledger->tasks_done.back().second["status"], 500);
  EXPECT_EQ(ledger->tasks_done.back().second["outcome"], "failed");
}

}  // namespace
}  // namespace postern::enforcer
