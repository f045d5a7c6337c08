// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/http/strictness.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace postern::http {
namespace {

using base::Refusal;

class Strictness : public testing::Test {
 protected:
  const std::vector<StrictnessCase> cases_ = read_strictness_cases();
};

TEST_F(Strictness, HasAtLeast150CasesOfBothKindsWithNamesOfTheirOwn) {
  std::set<std::string> names;
  std::size_t refused_ones = 0;
  for (const StrictnessCase& one : cases_) {
    names.insert(one.name);
    refused_ones += one.code.empty() ? 0U : 1U;
    EXPECT_FALSE(one.clause.empty()) << one.name;
  }
  EXPECT_EQ(names.size(), cases_.size());
  EXPECT_GE(refused_ones, 150U);
  EXPECT_GE(cases_.size() - refused_ones, 50U);
}

TEST_F(Strictness, EveryCaseIsJudgedAsTheTableSays) {
  for (const StrictnessCase& one : cases_) {
    SCOPED_TRACE(one.name);
    const Judged judged = judge_bytes(one.raw, {});
    const std::string_view code = base::text_of(judged.verdict.refusal).code;
    EXPECT_EQ(code, one.code.empty() ? "none" : one.code) << judged.verdict.sentence;
    if (!one.code.empty()) {
      EXPECT_FALSE(judged.verdict.sentence.empty());
      continue;
    }
    EXPECT_EQ(judged.requests, one.requests);
    EXPECT_EQ(judged.left, 0U);
    if (!one.method.empty()) {
      EXPECT_EQ(judged.method, one.method);
    }
    if (!one.target.empty()) {
      EXPECT_EQ(judged.target, one.target);
    }
    if (one.has_body) {
      EXPECT_EQ(judged.body, one.body);
    }
  }
}

TEST_F(Strictness, TheAnswerDoesNotDependOnHowTheBytesAreCut) {
  for (const StrictnessCase& one : cases_) {
    SCOPED_TRACE(one.name);
    const Judged whole = judge_bytes(one.raw, {});
    const std::size_t stride = one.raw.size() > 1000 ? 997 : 1;  // the cases about limits are long
    std::vector<std::size_t> every_byte;
    for (std::size_t cut = 0; cut < one.raw.size(); cut += stride) {
      every_byte.push_back(cut);
      ASSERT_EQ(judge_bytes(one.raw, {cut}), whole) << "cut at " << cut;
    }
    EXPECT_EQ(judge_bytes(one.raw, every_byte), whole);
  }
}

TEST_F(Strictness, EveryRefusalCodeOfThisFolderHasACase) {
  std::map<std::string, int> codes;
  for (const StrictnessCase& one : cases_) ++codes[one.code];
  for (const Refusal refusal :
       {Refusal::Malformed, Refusal::AmbiguousFraming, Refusal::TargetNotCanonical, Refusal::WrongHost,
        Refusal::VersionNotSupported, Refusal::MethodNotSupported, Refusal::ExpectationNotSupported,
        Refusal::UpgradeNotSupported, Refusal::HeadTooLarge, Refusal::TargetTooLong}) {
    EXPECT_GE(codes[std::string(base::text_of(refusal).code)], 1) << base::text_of(refusal).code;
  }
}

}  // namespace
}  // namespace postern::http
