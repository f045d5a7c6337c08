// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a waiting proposal would change is read for whoever decides, as what a waiting call would; the call itself is not sent.
#include "tests/unit/enforcer/proposed_scene.h"

namespace postern::enforcer {
namespace {

class ComparedScene : public ProposedScene {
 protected:
  void wait_for_admin(std::string_view body, const char* target = "/api/v2/config",
                      const char* read = "/api/v2/config") {
    tell("proposal.received", {{"method", "PUT"},
                               {"target", target},
                               {"content_type", "application/json"},
                               {"body", body},
                               {"capability", "silences.write"},
                               {"waits", "proposals are switched to ask"},
                               {"read", read},
                               {"expires", base::format_time(loop.wall() + 3600 * base::kWallSecond)}});
  }
  void compare() {
    ledger->send(
        ipc::FromLedger::NodeTask,
        ipc::NodeTask{++last_task, base::dump_json(base::Json{{"do", "compare"}, {"proposal", kProposal}})});
  }
  void component_says(std::string_view status, std::string_view body) {
    ASSERT_TRUE(accept() && was_asked());
    say("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + std::string(body));
  }
  base::Json told() {
    EXPECT_TRUE(until([&] { return ledger->commands.size() == 1; }));
    return ledger->commands.empty() ? base::Json() : *base::parse_json(ledger->commands.front().second);
  }
  void ledger_takes_it() { ledger->reply(ledger->commands.back().first, true, "{}"); }
};

TEST_F(ComparedScene, IsReadOnceAndComparedWithTheCallWhichIsNotSent) {
  wait_for_admin(R"({"level":2})");
  compare();
  component_says("200 OK", R"({"level":1})");
  const base::Json order = told();
  EXPECT_TRUE(asked.starts_with("GET /api/v2/config HTTP/1.1\r\n")) << asked;
  EXPECT_EQ(order["command"], "proposal.compare");
  EXPECT_EQ(order["id"], kProposal);
  EXPECT_EQ(order["document"], (base::Json{{"level", 1}}));
  EXPECT_EQ(order["patch"],
            (base::Json::array({{{"op", "replace"}, {"path", "/level"}, {"old", 1}, {"value", 2}}})));
  EXPECT_FALSE(answered()) << "the ledger has it first";
  ledger_takes_it();
  EXPECT_EQ(came_of_it(), base::Json::object());
  turn(20);
  EXPECT_EQ(connects, 1);
  EXPECT_EQ(asked.find("PUT"), std::string::npos);
  const auto forwarded = ledger->events("exchange.forwarded");
  ASSERT_EQ(forwarded.size(), 1U);
  EXPECT_EQ(forwarded[0]["detail"]["proposal"], kProposal);
  EXPECT_EQ(forwarded[0]["detail"]["class"], "read");
  EXPECT_EQ(forwarded[0]["actor"], "mission-control:jane");
  EXPECT_FALSE(forwarded[0].contains("session"));
}

TEST_F(ComparedScene, IsToldByTheJudgeWhichDocumentThatIs) {
  const base::Json answer = ask({{"do", "judge"}, {"call", call_of("PUT", "/api/v2/config")}});
  EXPECT_EQ(answer["read"], "/api/v2/config");
  EXPECT_FALSE(ask({{"do", "judge"}, {"call", call_of("POST", "/api/v2/silences")}}).contains("read"));
  EXPECT_FALSE(ask({{"do", "judge"}, {"call", call_of("PUT", "/api/v2/keys")}}).contains("read"))
      << "that never may be reached is not read";
}

TEST_F(ComparedScene, ThatNeverMayBeReachedIsNotReadWhateverTheStateSays) {
  wait_for_admin("{}", "/api/v2/keys", "/debug/keys");
  compare();
  EXPECT_EQ(told()["why"], "the policy names another document now, or none");
  EXPECT_EQ(connects, 0);
}

TEST_F(ComparedScene, HasATokenForEachSecretOnBothSides) {
  wait_for_admin(R"({"url":"https://user:hunter2hunter2@db/","state":"closed"})");
  compare();
  component_says("200 OK", R"({"url":"https://user:hunter2hunter2@db/","state":"open"})");
  const base::Json order = told();
  EXPECT_EQ(base::dump_json(order).find("hunter2"), std::string::npos);
  EXPECT_EQ(order["changes"], 1) << "a secret that stays the same is no difference";
}

TEST_F(ComparedScene, SaysWhyNothingCouldBeRead) {
  wait_for_admin("{}");
  compare();
  component_says("404 Not Found", "");
  EXPECT_EQ(told()["why"], "it answered 404");
}

TEST_F(ComparedScene, SaysThatTheComponentCannotBeReached) {
  wait_for_admin("{}");
  refuses = true;
  compare();
  EXPECT_EQ(told()["why"], "connection refused");
}

TEST_F(ComparedScene, OfACallThatWouldBeRefusedNowIsNotRead) {
  wait_for_admin("{}");
  toggle("capability", "silences.write", "off");
  compare();
  EXPECT_TRUE(base::json_text_or(told(), "why", "").starts_with("the call would be refused now: "));
  EXPECT_EQ(connects, 0);
}

TEST_F(ComparedScene, ThatDoesNotWaitAnyMoreIsNotRead) {
  compare();
  EXPECT_EQ(came_of_it()["code"], "not_now") << "it is not in the state";
  wait_for_admin("{}");
  tell("proposal.refused", base::Json::object());
  compare();
  EXPECT_EQ(came_of_it()["code"], "not_now");
  EXPECT_EQ(connects, 0);
}

TEST_F(ComparedScene, IsNotReadASecondTimeMeanwhile) {
  wait_for_admin("{}");
  compare();
  ASSERT_TRUE(accept() && was_asked());
  compare();
  EXPECT_EQ(came_of_it()["code"], "not_now");
  say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(told()["id"], kProposal);
  EXPECT_EQ(connects, 1);
}

}  // namespace
}  // namespace postern::enforcer
