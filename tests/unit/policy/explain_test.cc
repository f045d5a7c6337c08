// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/explain.h"

#include "tests/unit/policy/fixture.h"

namespace postern::policy {
namespace {

using base::Refusal;

std::string explained(const Policy& policy, const Asked& asked, const std::vector<Refusal>& standing) {
  std::vector<QueryParameter> query;
  for (const auto& [name, value] : asked.query) query.push_back({name, value});
  return to_text(
      policy, explain(policy, Question{asked.method, asked.path, query, asked.content_type, asked.has_body},
                      standing));
}

TEST(Explain, ShowsEveryRuleThatSpeaksAboutTheRequest) {
  const auto policy = policy_of(
      text_with({"GET /a/{x}", "{ call: GET /a/b, parameters: { query: { k: { one_of: [v] } } } }"}));
  EXPECT_EQ(explained(*policy, {"GET", "/a/b", {{"k", "w"}}}, {Refusal::None}),
            "allowed: GET /a/{x} is listed by c (policy line 7)\n"
            "  line 7: GET /a/{x} in c lets it pass\n"
            "  line 8: GET /a/b in c refuses the parameter \"k\"");
}

TEST(Explain, NamesTheNeverRuleAndWhatItOverrules) {
  const auto policy = policy_of(text_with({"GET /a/{x}"}, {"ANY /a/b"}));
  EXPECT_EQ(explained(*policy, {"GET", "/a/b"}, {Refusal::None}),
            "refused (never): ANY /a/b is never allowed (policy line 9)\n"
            "  line 7: GET /a/{x} in c lets it pass\n"
            "  line 9: ANY /a/b never lets it pass");
}

TEST(Explain, SaysThatACapabilityIsOff) {
  const auto policy = policy_of(text_with({"GET /a"}));
  EXPECT_EQ(explained(*policy, {"GET", "/a"}, {Refusal::CapabilityOff}),
            "refused (capability_off): GET /a is listed by c (policy line 7), which is switched off\n"
            "  line 7: GET /a in c would let it pass, but: This capability is switched off");
}

TEST(Explain, FindsTheNearestOperations) {
  const auto policy = policy_of(text_with(
      {"GET /api/v1/query", "POST /api/v1/labels", "GET /api/v1/rules/{id}", "GET /unlike/this/at/all"}));
  EXPECT_EQ(explained(*policy, {"GET", "/api/v1/labels"}, {}),
            "refused (operation_not_listed): GET /api/v1/labels is not listed by any capability\n"
            "  near: POST /api/v1/labels in c (line 8): the same path, with POST\n"
            "  near: GET /api/v1/query in c (line 7): 1 segment differs\n"
            "  near: GET /api/v1/rules/{id} in c (line 9): 1 segment differs");
}

TEST(Explain, SaysThatAMethodCannotBeListed) {
  const auto policy = policy_of(text_with({"GET /a"}));
  EXPECT_NE(explained(*policy, {"TRACE", "/a"}, {}).find("\"TRACE\" is not a method that a policy can list"),
            std::string::npos);
}

}  // namespace
}  // namespace postern::policy
