// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/certs/matrix.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "base/bytes.h"

namespace postern::certs {

Built Scene::build() const {
  Built built;
  built.root = forge(root, nullptr);
  built.middle = forge(middle, &built.root);
  built.leaf = forge(leaf, &built.middle);
  built.chain = {built.leaf.der(), built.middle.der()};
  built.anchors = {built.root.der()};
  if (then) then(built);
  return built;
}

Verdict verdict_of(const Scene& scene, const Built& built) {
  std::string roots;
  for (const std::string& der : built.anchors) roots += der_to_pem(der);
  const auto verifier = Verifier::make(roots);
  EXPECT_TRUE(verifier.ok()) << verifier.error().message;
  std::vector<CrlPtr> crls;
  for (const std::string& der : built.crls) {
    auto read = read_crls(der);
    EXPECT_TRUE(read.ok()) << read.error().message;
    if (read.ok()) crls.push_back(std::move(read->front()));
  }
  Evidence evidence;
  evidence.staple = built.staple;
  evidence.crls = &crls;
  return verifier->judge(built.chain, scene.question, evidence);
}

namespace {

using Table = std::span<const Case> (*)();
constexpr std::array<Table, 7> kTables = {path_cases,      name_cases,     constraint_cases, usage_cases,
                                          structure_cases, strength_cases, revocation_cases};

void judge_all(std::span<const Case> cases) {
  for (const Case& each : cases) {
    SCOPED_TRACE(each.name);
    Scene scene;
    each.change(scene);
    const Built built = scene.build();
    const Verdict verdict = verdict_of(scene, built);
    EXPECT_LE(verdict.work.signatures, kSignatureLimit);
    EXPECT_LE(verdict.work.comparisons, kComparisonLimit);
    if (!each.broken) {
      EXPECT_TRUE(verdict.good()) << verdict.failure->sentence;
      continue;
    }
    ASSERT_FALSE(verdict.good());
    EXPECT_STREQ(text_of(verdict.failure->rule).name, text_of(*each.broken).name)
        << verdict.failure->sentence;
    EXPECT_TRUE(verdict.failure->sentence.starts_with(each.sentence)) << verdict.failure->sentence;
  }
}

TEST(ChainMatrix, Paths) { judge_all(path_cases()); }
TEST(ChainMatrix, Names) { judge_all(name_cases()); }
TEST(ChainMatrix, NameConstraints) { judge_all(constraint_cases()); }
TEST(ChainMatrix, UsagesAndBasicConstraints) { judge_all(usage_cases()); }
TEST(ChainMatrix, Structure) { judge_all(structure_cases()); }
TEST(ChainMatrix, Strength) { judge_all(strength_cases()); }
TEST(ChainMatrix, Revocation) { judge_all(revocation_cases()); }

TEST(ChainMatrix, BreaksEveryRuleAndHasNoNameTwice) {
  std::set<Rule> broken;
  std::set<std::string> names;
  std::size_t count = 0, good = 0;
  for (const Table table : kTables) {
    for (const Case& each : table()) {
      EXPECT_TRUE(names.insert(each.name).second) << each.name;
      if (each.broken) broken.insert(*each.broken);
      good += each.broken ? 0 : 1;
      ++count;
    }
  }
  for (const RuleText& rule : rule_texts()) EXPECT_TRUE(broken.contains(rule.rule)) << rule.name;
  EXPECT_GE(count, 120U);
  EXPECT_GE(good, 40U);
}

// Whatever is changed in a chain, the verdict is an answer, and not an end.
TEST(ChainMatrix, FlippedBytesOfEachCertificateNeverDoHarm) {
  Scene scene;
  Built built = scene.build();
  for (std::string& der : built.chain) {
    const std::string whole = der;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      der = whole;
      der[i] = static_cast<char>(der[i] ^ 0x41);
      EXPECT_FALSE(verdict_of(scene, built).good()) << i;
      der = whole.substr(0, i);
      EXPECT_FALSE(verdict_of(scene, built).good()) << i;
    }
    der = whole;
  }
  EXPECT_TRUE(verdict_of(scene, built).good());
}

}  // namespace
}  // namespace postern::certs
