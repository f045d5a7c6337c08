// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/decide.h"

#include "tests/unit/policy/fixture.h"

namespace postern::policy {
namespace {

using base::Refusal;

TEST(Decide, IsClosedByDefault) {
  const auto policy = policy_of(text_with({"GET /a"}));
  EXPECT_EQ(ask(*policy, {"GET", "/a"}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"GET", "/b"}), Refusal::OperationNotListed);
  EXPECT_EQ(ask(*policy, {"POST", "/a"}), Refusal::OperationNotListed);
  EXPECT_EQ(ask(*policy, {"get", "/a"}), Refusal::OperationNotListed);
  EXPECT_EQ(ask(*policy, {"TRACE", "/a"}), Refusal::OperationNotListed);
  EXPECT_EQ(ask(*policy, {"GET", ""}), Refusal::OperationNotListed);
  EXPECT_EQ(ask(*policy, {"GET", "a"}), Refusal::OperationNotListed);
}

TEST(RoleOf, IsTheLeastThatListsAllThatIsUsable) {
  const auto policy = policy_of(R"(version: 1
capabilities:
  a: {title: A, class: read, operations: [GET /a]}
  b: {title: B, class: write, operations: [POST /b]}
  c: {title: C, class: write, operations: [POST /c]}
  d: {title: D, class: read, operations: [GET /d]}
roles:
  admin: [c, b, a]
  viewer: [a]
  user: [b, a]
)");
  const auto role = [&](std::initializer_list<int> usable) {
    std::vector<Refusal> standing(4, Refusal::CapabilityOff);
    for (const int one : usable) standing[static_cast<std::size_t>(one)] = Refusal::None;
    return role_of(*policy, standing);
  };
  EXPECT_EQ(role({}), "");
  EXPECT_EQ(role({0}), "viewer");
  EXPECT_EQ(role({1}), "user");
  EXPECT_EQ(role({0, 1}), "user");
  EXPECT_EQ(role({0, 2}), "admin");
  EXPECT_EQ(role({0, 3}), "") << "no role lists d";
}

TEST(KeepWithinRole, TakesOutWhatTheRoleDoesNotList) {
  const auto policy = policy_of(R"(version: 1
capabilities:
  a: {title: A, class: read, operations: [GET /a]}
  b: {title: B, class: write, operations: [POST /b]}
  c: {title: C, class: write, operations: [POST /c]}
roles:
  viewer: [a]
  admin: [a, b, c]
)");
  const std::vector<Refusal> before{Refusal::None, Refusal::ApprovalNeeded, Refusal::CapabilityOff};
  const auto within = [&](const char* role) {
    std::vector<Refusal> standing = before;
    keep_within_role(*policy, role, standing);
    return standing;
  };
  EXPECT_EQ(within("admin"), before);
  EXPECT_EQ(within("viewer"),
            (std::vector<Refusal>{Refusal::None, Refusal::OutsideRole, Refusal::CapabilityOff}));
  EXPECT_EQ(within("user"),
            (std::vector<Refusal>{Refusal::OutsideRole, Refusal::OutsideRole, Refusal::CapabilityOff}))
      << "a role that the policy does not name has nothing";
}

TEST(Decide, ACapabilityWithoutAStandingIsOff) {
  const auto policy = policy_of(text_with({"GET /a"}));
  EXPECT_EQ(decide(*policy, Asked{"GET", "/a"}, {}).refusal, Refusal::CapabilityOff);
}

TEST(Decide, AListedGetCoversHeadAndNothingElseDoes) {
  const auto policy = policy_of(text_with({"GET /a", "POST /b"}));
  EXPECT_EQ(ask(*policy, {"HEAD", "/a"}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"HEAD", "/b"}), Refusal::OperationNotListed);
  EXPECT_EQ(ask(*policy, {"OPTIONS", "/a"}), Refusal::OperationNotListed);
}

TEST(Decide, NeverWinsOverEverything) {
  const auto policy =
      policy_of(text_with({"GET /a/{x}", "POST /a/{x}"}, {"GET /a/secret", "ANY /a/quit/**"}));
  EXPECT_EQ(ask(*policy, {"GET", "/a/open"}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"GET", "/a/secret"}), Refusal::Never);
  EXPECT_EQ(ask(*policy, {"HEAD", "/a/secret"}), Refusal::Never);
  EXPECT_EQ(ask(*policy, {"POST", "/a/secret"}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"POST", "/a/quit"}), Refusal::Never);
  const Decision decision = decide(*policy, Asked{"DELETE", "/a/quit/x"}, {});
  EXPECT_EQ(decision.refusal, Refusal::Never);
  EXPECT_EQ(decision.never, 1);
}

TEST(Decide, ChecksQueryParameters) {
  const auto policy = policy_of(text_with(
      {"{ call: GET /q, parameters: { query: { query: { matches: '[a-z]+', required: true }, "
       "limit: { one_of: ['1', '2'] }, 'match[]': {}, tag: { max_length: 2, repeat: true } } } }"}));
  const auto says = [&](std::vector<std::pair<std::string, std::string>> query) {
    return ask(*policy, {"GET", "/q", std::move(query)});
  };
  EXPECT_EQ(says({{"query", "up"}}), Refusal::None);
  EXPECT_EQ(says({}), Refusal::ParameterNotAllowed);
  EXPECT_EQ(says({{"query", "up!"}}), Refusal::ParameterNotAllowed) << "the whole value must match";
  EXPECT_EQ(says({{"query", "up"}, {"query", "up"}}), Refusal::ParameterNotAllowed)
      << "a constrained parameter is given once";
  EXPECT_EQ(says({{"query", "up"}, {"limit", "2"}}), Refusal::None);
  EXPECT_EQ(says({{"query", "up"}, {"limit", "3"}}), Refusal::ParameterNotAllowed);
  EXPECT_EQ(says({{"query", "up"}, {"match[]", "a"}, {"match[]", "b"}}), Refusal::None);
  EXPECT_EQ(says({{"query", "up"}, {"tag", "ab"}, {"tag", "cd"}}), Refusal::None);
  EXPECT_EQ(says({{"query", "up"}, {"tag", "ab"}, {"tag", "cde"}}), Refusal::ParameterNotAllowed);
  EXPECT_EQ(says({{"query", "up"}, {"other", ""}}), Refusal::ParameterNotAllowed);
}

TEST(Decide, LetsOtherParametersPassWhereThePolicySaysSo) {
  const auto policy = policy_of(text_with(
      {"{ call: GET /q, parameters: { query: { a: { one_of: [x] } }, other: allow } }", "GET /free"}));
  EXPECT_EQ(ask(*policy, {"GET", "/q", {{"b", "1"}}}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"GET", "/q", {{"b", "1"}, {"a", "y"}}}), Refusal::ParameterNotAllowed);
  EXPECT_EQ(ask(*policy, {"GET", "/free", {{"anything", "1"}}}), Refusal::None);
}

TEST(Decide, NamesTheParameterThatIsOutside) {
  const auto policy =
      policy_of(text_with({"{ call: 'GET /q/{id}', parameters: { path: { id: { matches: '[0-9]+' } } } }"}));
  EXPECT_EQ(decide(*policy, Asked{"GET", "/q/x"}, {}).parameter, "id");
  EXPECT_EQ(decide(*policy, Asked{"GET", "/q/1", {{"extra", "1"}}}, {}).parameter, "extra");
}

TEST(Decide, JudgesPathParametersDecoded) {
  const auto policy =
      policy_of(text_with({"{ call: 'GET /q/{id}/x', parameters: { path: { id: { one_of: ['a b'] } } } }"}));
  EXPECT_EQ(ask(*policy, {"GET", "/q/a%20b/x"}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"GET", "/q/a/x"}), Refusal::ParameterNotAllowed);
  EXPECT_EQ(ask(*policy, {"GET", "/q/" + std::string(kPathValueLength + 1, 'a') + "/x"}),
            Refusal::ParameterNotAllowed);
}

TEST(Decide, RefusesABodyWhereNoneBelongs) {
  const auto policy = policy_of(
      text_with({"GET /a", "POST /a", "{ call: DELETE /a, body: {} }", "{ call: PUT /a, body: none }",
                 "{ call: PATCH /a, body: { content_types: [application/json], max_size: 10 } }"}));
  EXPECT_EQ(ask(*policy, {"GET", "/a", {}, "", true}), Refusal::BodyNotAllowed);
  EXPECT_EQ(ask(*policy, {"POST", "/a", {}, "", true}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"DELETE", "/a", {}, "", true}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"PUT", "/a", {}, "", true}), Refusal::BodyNotAllowed);
  EXPECT_EQ(ask(*policy, {"PUT", "/a"}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"PATCH", "/a", {}, "Application/JSON; charset=utf-8", true}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"PATCH", "/a", {}, "text/plain", true}), Refusal::BodyNotAllowed);
  EXPECT_EQ(ask(*policy, {"PATCH", "/a", {}, "", true}), Refusal::BodyNotAllowed);
  EXPECT_EQ(decide(*policy, Asked{"PATCH", "/a"}, {Refusal::None}).body_limit, 10U);
  EXPECT_EQ(decide(*policy, Asked{"POST", "/a"}, {Refusal::None}).body_limit, kNoBodyLimit);
}

constexpr const char* kShared =
    "version: 1\ncapabilities:\n"
    "  w: { title: W, class: write, operations: [GET /a] }\n"
    "  r: { title: R, class: read, operations: [GET /a] }\n"
    "  n: { title: N, class: read, operations: [{ call: GET /a, parameters: { query: { x: {} } } }] }\n";

TEST(Decide, OneUsableCapabilityIsEnough) {
  const auto policy = policy_of(kShared);
  EXPECT_EQ(decide(*policy, Asked{"GET", "/a"}, {Refusal::None, Refusal::CapabilityOff}).capability, 0);
  const Decision both = decide(*policy, Asked{"GET", "/a"}, {Refusal::None, Refusal::None});
  EXPECT_EQ(both.capability, 1) << "one of class read is preferred";
  EXPECT_EQ(both.klass, Class::Read);
}

TEST(Decide, NamesTheRefusalThatAnEngineerCanDoMostAbout) {
  const auto policy = policy_of(kShared);
  const auto says = [&](Refusal w, Refusal r) {
    return decide(*policy, Asked{"GET", "/a"}, {w, r, Refusal::RemoteAccessOff}).refusal;
  };
  EXPECT_EQ(says(Refusal::CapabilityOff, Refusal::ApprovalNeeded), Refusal::ApprovalNeeded);
  EXPECT_EQ(says(Refusal::ReadOnly, Refusal::CapabilityOff), Refusal::ReadOnly);
  EXPECT_EQ(says(Refusal::GrantEnded, Refusal::ReadOnly), Refusal::GrantEnded);
  EXPECT_EQ(says(Refusal::RemoteAccessOff, Refusal::RemoteAccessOff), Refusal::RemoteAccessOff);
}

TEST(Decide, UsableConstraintsBeatAWiderCapabilityThatIsOff) {
  const auto policy = policy_of(kShared);
  const std::vector<Refusal> standing{Refusal::CapabilityOff, Refusal::CapabilityOff, Refusal::None};
  EXPECT_EQ(decide(*policy, Asked{"GET", "/a", {{"x", "1"}}}, standing).refusal, Refusal::None);
  EXPECT_EQ(decide(*policy, Asked{"GET", "/a", {{"y", "1"}}}, standing).refusal, Refusal::CapabilityOff);
}

TEST(Decide, NamesTheMostSpecificOfSeveralOperations) {
  const auto policy = policy_of(text_with({"GET /a/**", "GET /a/{x}", "GET /a/b"}));
  EXPECT_EQ(decide(*policy, Asked{"GET", "/a/b"}, {}).operation, 2);
  EXPECT_EQ(decide(*policy, Asked{"GET", "/a/c"}, {}).operation, 1);
  EXPECT_EQ(decide(*policy, Asked{"GET", "/a/c/d"}, {}).operation, 0);
}

TEST(Decide, SurvivesPathsLongerThanAnyTemplate) {
  const auto policy = policy_of(text_with({"GET /a/**", "GET /{x}"}));
  std::string deep = "/a";
  for (int i = 0; i < 2000; ++i) deep += "/b";
  EXPECT_EQ(ask(*policy, {"GET", deep}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"GET", "/" + std::string(100'000, 'x')}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"GET", "/b" + deep}), Refusal::OperationNotListed);
}

TEST(Decide, SaysWhyInOneSentence) {
  const auto policy = policy_of(text_with({"GET /a"}, {"ANY /n"}));
  const auto why = [&](const char* path, std::vector<Refusal> standing) {
    const Question question{"GET", path, {}, {}, false};
    return describe(*policy, question, decide(*policy, question, standing));
  };
  EXPECT_EQ(why("/a", {Refusal::None}), "GET /a is listed by c (policy line 7)");
  EXPECT_EQ(why("/a", {Refusal::CapabilityOff}),
            "GET /a is listed by c (policy line 7), which is switched off");
  EXPECT_EQ(why("/n", {}), "ANY /n is never allowed (policy line 9)");
  EXPECT_EQ(why("/x", {}), "GET /x is not listed by any capability");
}

}  // namespace
}  // namespace postern::policy
