// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// WebSockets in a policy: what may be written, what it lists, and what a change to it opens.
#include <gtest/gtest.h>

#include "policy/check.h"
#include "policy/diff.h"
#include "policy/explain.h"
#include "tests/unit/policy/fixture.h"

namespace postern::policy {
namespace {

std::string operation(const std::string& websocket, const std::string& more = "") {
  return "{ call: GET /live, websocket: " + websocket + more + " }";
}
std::string fault_of(const std::string& text) {
  const ParsedPolicy parsed = parse_policy(text);
  return parsed.faults.empty() ? "" : parsed.faults.front().message;
}
std::string fault(const std::string& websocket, const std::string& more = "") {
  return fault_of(text_with({operation(websocket, more)}));
}
const WebSocketRule& rule_of(const Policy& policy) { return *policy.operations()[0].constraints.websocket; }
base::Refusal ask_for(const Policy& policy, bool websocket) {
  Question question;
  question.method = "GET";
  question.path = "/live";
  question.websocket = websocket;
  return decide(policy, question, std::vector<base::Refusal>(policy.capabilities().size())).refusal;
}

TEST(WebSocketRule, IsReadWithItsDefaults) {
  const auto plain = policy_of(text_with({operation("{}")}));
  EXPECT_EQ(rule_of(*plain), WebSocketRule{});
  EXPECT_EQ(rule_of(*plain).max_message, 1U << 20U);
  EXPECT_EQ(plain->operations()[0].text(), "GET /live (WebSocket)");
  const auto full = policy_of(text_with({operation(
      "{ subprotocols: [b, A.1], compression: pass, max_message: 10, max_idle: 90s, max_time: 8h }")}));
  const WebSocketRule expected{
      {"A.1", "b"}, true, 10, {90 * base::kWallSecond, 8 * 3600 * base::kWallSecond}};
  EXPECT_EQ(rule_of(*full), expected);
}

TEST(WebSocketRule, SaysWhatWouldBeRight) {
  EXPECT_NE(fault("yes").find("websocket must be a map"), std::string::npos) << fault("yes");
  EXPECT_NE(fault("{ compress: pass }").find("compression"), std::string::npos);
  EXPECT_NE(fault("{ compression: maybe }").find("remove or pass"), std::string::npos);
  EXPECT_NE(fault("{ subprotocols: [\"a b\"] }").find("not a subprotocol's name"), std::string::npos);
  EXPECT_NE(fault("{ subprotocols: [a, a] }").find("twice"), std::string::npos);
  EXPECT_NE(fault("{ max_message: 0 }"), "");
  EXPECT_NE(fault("{ max_message: 1073741825 }"), "");
  for (const char* time : {"0s", "999ms", "31d", "soon", "10"})
    EXPECT_NE(fault(std::string("{ max_idle: ") + time + " }").find("duration"), std::string::npos) << time;
  EXPECT_NE(fault("{}", ", hold: true").find("hold is for calls"), std::string::npos);
  EXPECT_NE(fault("{}", ", before: GET /live").find("before is for calls"), std::string::npos);
  EXPECT_NE(fault("{}", ", body: none").find("body is for calls"), std::string::npos);
  EXPECT_NE(fault_of(text_with({"{ call: POST /live, websocket: {} }"})).find("asked for with GET"),
            std::string::npos);
}

TEST(WebSocketRule, InACapabilityThatOnlyReadsMustSayThatItIsSafe) {
  const std::string read = "version: 1\ncapabilities:\n  c: { title: T, class: read, operations: [ ";
  EXPECT_NE(fault_of(read + operation("{}") + " ] }\n").find("safe: true"), std::string::npos);
  EXPECT_EQ(fault_of(read + operation("{}", ", safe: true") + " ] }\n"), "");
  const std::string held =
      "version: 1\ncapabilities:\n  c: { title: T, class: write, hold: true, operations: [ ";
  EXPECT_NE(fault_of(held + operation("{}") + " ] }\n").find("without hold"), std::string::npos);
}

TEST(WebSocketRule, ListsWebSocketsAndNothingElse) {
  const auto both = policy_of(text_with({"GET /live", operation("{}")}));
  EXPECT_EQ(ask_for(*both, true), base::Refusal::None);
  EXPECT_EQ(ask_for(*both, false), base::Refusal::None);
  const auto websocket = policy_of(text_with({operation("{}")}));
  EXPECT_EQ(ask_for(*websocket, true), base::Refusal::None);
  EXPECT_EQ(ask_for(*websocket, false), base::Refusal::OperationNotListed);
  EXPECT_EQ(ask(*websocket, {"HEAD", "/live"}), base::Refusal::OperationNotListed);
  const auto plain = policy_of(text_with({"GET /live"}));
  EXPECT_EQ(ask_for(*plain, true), base::Refusal::WebsocketNotListed);
  const auto demanding = policy_of(text_with({"{ call: GET /live, parameters: { other: allow } }"}));
  EXPECT_EQ(ask_for(*demanding, true), base::Refusal::WebsocketNotListed);
  const auto never = policy_of(text_with({operation("{}"), "GET /other"}, {"GET /live"}));
  EXPECT_EQ(ask_for(*never, true), base::Refusal::Never);
}

TEST(WebSocketRule, IsExplained) {
  const auto plain = policy_of(text_with({"GET /live"}));
  Question question;
  question.method = "GET";
  question.path = "/live";
  question.websocket = true;
  const std::string why = to_text(*plain, explain(*plain, question, std::vector<base::Refusal>(1)));
  EXPECT_NE(why.find("refused (websocket_not_listed)"), std::string::npos) << why;
  EXPECT_NE(why.find("lets no WebSocket pass"), std::string::npos) << why;
}

TEST(WebSocketRule, ThatLetsCompressionPassIsWarnedOf) {
  EXPECT_TRUE(check(*policy_of(text_with({"GET /live", operation("{}")}))).empty());
  const auto findings = check(*policy_of(text_with({operation("{ compression: pass }")})));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].severity, Severity::Warning);
}

// Whether the step from one to the other opens something, and from the other to the one.
std::string widens(const std::string& one, const std::string& other) {
  const auto a = policy_of(text_with({one})), b = policy_of(text_with({other}));
  return std::string(diff(*a, *b).opens() ? "opens" : "closes") + " " +
         (diff(*b, *a).opens() ? "opens" : "closes");
}

TEST(WebSocketRule, IsHeldAgainstTheOneBefore) {
  EXPECT_EQ(widens("GET /live", operation("{}")), "opens opens");
  EXPECT_EQ(widens(operation("{}"), operation("{}")), "closes closes");
  EXPECT_EQ(widens(operation("{}"), operation("{ compression: pass }")), "opens closes");
  EXPECT_EQ(widens(operation("{ max_message: 10 }"), operation("{ max_message: 20 }")), "opens closes");
  EXPECT_EQ(widens(operation("{ max_time: 1h }"), operation("{}")), "opens closes");
  EXPECT_EQ(widens(operation("{ max_idle: 1m }"), operation("{ max_idle: 2m }")), "opens closes");
  EXPECT_EQ(widens(operation("{ subprotocols: [a] }"), operation("{ subprotocols: [a, b] }")),
            "opens closes");
  EXPECT_EQ(widens(operation("{}"), operation("{ subprotocols: [a] }")), "opens opens");
}

TEST(WebSocketRule, OfTwoPoliciesIsTheNarrower) {
  const WebSocketRule a{{"a", "b"}, true, 10, 0, 5}, b{{"b", "c"}, false, 20, 7, 3};
  EXPECT_EQ(a.both(b), (WebSocketRule{{"b"}, false, 10, 7, 3}));
}

}  // namespace
}  // namespace postern::policy
