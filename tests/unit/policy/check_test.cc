// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/check.h"

#include <algorithm>
#include <functional>
#include <random>
#include <set>

#include "tests/unit/policy/fixture.h"

namespace postern::policy {
namespace {

std::vector<std::string> findings_of(const std::string& text) {
  std::vector<std::string> out;
  for (const Finding& finding : check(*policy_of(text))) out.push_back(format_findings("p", {finding}));
  return out;
}

TEST(Check, HasNothingToSayAboutASoundPolicy) {
  EXPECT_EQ(findings_of(text_with({"GET /api/{x}"}, {"ANY /debug/**", "POST /api/{x}"})),
            std::vector<std::string>{});
}

TEST(Check, AnOperationThatCanNeverBeUsedIsAnError) {
  const auto findings = findings_of(text_with({"GET /debug/x"}, {"ANY /debug/**"}));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0],
            "p:7:9: error: GET /debug/x can never be used: never \"ANY /debug/**\" (line 9) covers all of "
            "it; remove the operation or "
            "the rule");
}

TEST(Check, APartlyCoveredOperationIsAWarningWithAWitness) {
  const auto policy = policy_of(text_with({"GET /api/{x}/{y}"}, {"ANY /{a}/admin/**"}));
  const std::vector<Finding> findings = check(*policy);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].severity, Severity::Warning);
  EXPECT_EQ(findings[0].witness, "GET /api/admin/y");
  EXPECT_EQ(ask(*policy, {"GET", "/api/admin/y"}), base::Refusal::Never);
}

TEST(Check, ANeverRuleForHeadCoversOnlyAPartOfGet) {
  const std::vector<Finding> findings = check(*policy_of(text_with({"GET /a"}, {"HEAD /a"})));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].severity, Severity::Warning);
  EXPECT_EQ(findings[0].witness, "HEAD /a");
}

TEST(Check, SeesThatAConstraintKeepsAnOperationClearOfNever) {
  EXPECT_TRUE(findings_of(text_with({"{ call: 'GET /{s}', parameters: { path: { s: { one_of: [a, b] } } } }"},
                                    {"ANY /config"}))
                  .empty());
  EXPECT_TRUE(
      findings_of(text_with({"{ call: 'GET /{s}', parameters: { path: { s: { matches: '[0-9]+' } } } }"},
                            {"ANY /config"}))
          .empty());
  const auto whole = findings_of(text_with(
      {"{ call: 'GET /{s}', parameters: { path: { s: { one_of: [config] } } } }"}, {"ANY /config"}));
  ASSERT_EQ(whole.size(), 1U);
  EXPECT_NE(whole[0].find("can never be used"), std::string::npos);
}

TEST(Check, PointsOutWhatAddsNothing) {
  const auto findings = findings_of(text_with({"GET /a/**", "GET /a/b"}));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_NE(findings[0].find("p:8:9: warning: GET /a/b adds nothing: GET /a/** at line 7"),
            std::string::npos);
}

TEST(Check, PointsOutACapabilityInNoRole) {
  const auto findings = findings_of(text_with({"GET /a"}) + "roles:\n  viewer: []\n");
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_NE(findings[0].find("p:3:3: warning: capability \"c\" is in no role"), std::string::npos);
}

// All paths of up to four segments over the alphabet of the generated templates, one letter more, and empty
// last segments.
void each_path(const std::string& prefix, int depth, const std::function<void(const std::string&)>& visit) {
  visit(prefix + "/");
  if (depth == 0) return;
  for (const char* segment : {"/a", "/b", "/c", "/z"}) {
    visit(prefix + segment);
    each_path(prefix + segment, depth - 1, visit);
  }
}

std::string random_call(std::mt19937& random, const std::string& method) {
  static const char* const kSegments[] = {"/a", "/b", "/c", "/{p}"};
  std::string out = method + " ";
  const unsigned length = 1 + static_cast<unsigned>(random() % 3);
  for (unsigned i = 0; i < length; ++i) {
    std::string segment = kSegments[random() % 4];
    if (segment == "/{p}") segment = "/{p" + std::to_string(i) + "}";
    out += segment;
  }
  return random() % 4 == 0 ? out + "/**" : out;
}

TEST(Check, AgreesWithEnumerationOverGeneratedPolicies) {
  std::vector<std::string> paths;
  each_path("", 4, [&](const std::string& path) { paths.push_back(path); });
  std::size_t errors = 0;
  std::size_t warnings = 0;
  for (unsigned seed = 1; seed <= 150; ++seed) {
    std::mt19937 random(seed);
    static const char* const kMethods[] = {"GET", "POST", "HEAD"};
    static const char* const kNever[] = {"ANY", "GET", "POST", "HEAD"};
    std::set<std::string> operations;
    std::set<std::string> never;
    for (int i = 0; i < 6; ++i) operations.insert(random_call(random, kMethods[random() % 3]));
    for (int i = 0; i < 4; ++i) never.insert(random_call(random, kNever[random() % 4]));
    const ParsedPolicy parsed =
        parse_policy(text_with({operations.begin(), operations.end()}, {never.begin(), never.end()}));
    if (parsed.policy == nullptr) continue;  // the same paths twice under other names
    std::set<std::pair<int, int>> found;
    for (const Finding& finding : check(*parsed.policy)) {
      if (finding.never < 0) continue;
      found.emplace(finding.operation, finding.never);
      const Operation& operation = parsed.policy->operations()[static_cast<std::size_t>(finding.operation)];
      const NeverRule& rule = parsed.policy->never()[static_cast<std::size_t>(finding.never)];
      const std::size_t space = finding.witness.find(' ');
      const std::string path = finding.witness.substr(space + 1);
      ASSERT_TRUE(matches(operation.path, path) && matches(rule.path, path))
          << finding.message << " " << finding.witness;
      bool all = true;
      for (const std::string& one : paths) {
        for (const char* method : {"GET", "HEAD", "POST"}) {
          const MethodSet asked = bit(*parse_method(method));
          if ((covered_by(operation.method) & asked) == 0 || !matches(operation.path, one)) continue;
          all &= (rule.methods & asked) != 0 && matches(rule.path, one);
        }
      }
      ASSERT_EQ(finding.severity == Severity::Error, all) << finding.message;
      ++(all ? errors : warnings);
    }
    for (std::size_t i = 0; i < parsed.policy->operations().size(); ++i) {
      const Operation& operation = parsed.policy->operations()[i];
      for (std::size_t j = 0; j < parsed.policy->never().size(); ++j) {
        const NeverRule& rule = parsed.policy->never()[j];
        const bool methods = (covered_by(operation.method) & rule.methods) != 0;
        const bool meet = methods && std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
                            return matches(operation.path, path) && matches(rule.path, path);
                          });
        ASSERT_EQ(found.contains({static_cast<int>(i), static_cast<int>(j)}), meet)
            << operation.text() << " and " << rule.text;
      }
    }
  }
  EXPECT_GT(errors, 50U);
  EXPECT_GT(warnings, 200U);
}

TEST(Check, StaysQuickWithManyOperationsAndManyNeverRules) {
  std::vector<std::string> operations;
  std::vector<std::string> never;
  for (int i = 0; i < 5'000; ++i) {
    operations.push_back("GET /{x}/o" + std::to_string(i));
    never.push_back("ANY /n" + std::to_string(i) + "/secret");
  }
  EXPECT_TRUE(check(*policy_of(text_with(operations, never))).empty());
}

TEST(Check, SaysHowManyFindingsItLeavesOut) {
  std::vector<std::string> operations;
  for (std::size_t i = 0; i < kFindingLimit + 5; ++i) operations.push_back("GET /a/o" + std::to_string(i));
  const std::vector<Finding> findings = check(*policy_of(text_with(operations, {"ANY /a/**"})));
  ASSERT_EQ(findings.size(), kFindingLimit + 1);
  EXPECT_EQ(findings.back().message, "and 5 more findings");
}

}  // namespace
}  // namespace postern::policy
