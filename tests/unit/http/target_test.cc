// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/target.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "fuzz/naive_target.h"

namespace postern::http {
namespace {

using base::Refusal;

const std::vector<Authority>& ours() {
  static const std::vector<Authority> list = {{"postern.test", 443}};
  return list;
}

std::string canonical(std::string_view target, bool encoded_slash = false) {
  CanonicalTarget out;
  const Verdict verdict = canonicalise(target, {.ours = ours(), .encoded_slash = encoded_slash}, out);
  return verdict.ok() ? std::string(out.text())
                      : "(" + std::string(base::text_of(verdict.refusal).code) + ")";
}

TEST(CanonicalTarget, IsTheExampleOfTheHeader) {
  CanonicalTarget out;
  ASSERT_TRUE(canonicalise("/api/v1/label/%6aob/values?match[]=up%7bjob=%22a%22%7d&&x=1+2", {}, out).ok());
  EXPECT_EQ(out.path(), "/api/v1/label/job/values");
  EXPECT_EQ(out.query(), "match%5B%5D=up%7Bjob%3D%22a%22%7D&x=1%202");
  EXPECT_EQ(out.text(), "/api/v1/label/job/values?match%5B%5D=up%7Bjob%3D%22a%22%7D&x=1%202");
  ASSERT_EQ(out.parameters().size(), 2U);
  EXPECT_EQ(out.parameters().all()[0].name, "match[]");
  EXPECT_EQ(out.parameters().all()[0].value, "up{job=\"a\"}");
  EXPECT_EQ(out.parameters().only("x"), "1 2");
}

TEST(CanonicalTarget, ForgetsTheLastTargetWhenUsedAgain) {
  CanonicalTarget out;
  ASSERT_TRUE(canonicalise("/a%2Fb?c=d", {.encoded_slash = true}, out).ok());
  EXPECT_TRUE(out.encoded_slash());
  ASSERT_TRUE(canonicalise("/e", {}, out).ok());
  EXPECT_EQ(out.text(), "/e");
  EXPECT_EQ(out.query(), "");
  EXPECT_FALSE(out.encoded_slash());
  EXPECT_EQ(out.parameters().size(), 0U);
}

TEST(CanonicalTarget, AnEncodedSlashPassesOnlyWhereAskedForAndNeverHidesDots) {
  EXPECT_EQ(canonical("/a%2fb"), "(target_not_canonical)");
  EXPECT_EQ(canonical("/a%2fb", true), "/a%2Fb");
  for (const char* target : {"/..%2fa", "/a%2f..", "/a%2f.%2fb", "/%2fa", "/a%2f", "/a%2f%2fb", "/a%252fb"}) {
    EXPECT_EQ(canonical(target, true), "(target_not_canonical)") << target;
  }
}

TEST(CanonicalTarget, LimitsAreTheLastSizesThatPass) {
  CanonicalTarget out;
  const TargetRules rules{.path = 8, .segment = 5, .query = 7, .parameters = 2};
  EXPECT_TRUE(canonicalise("/12345/7?a=1&b=2", rules, out).ok());
  EXPECT_EQ(canonicalise("/12345/78", rules, out).refusal, Refusal::TargetTooLong);
  EXPECT_EQ(canonicalise("/123456", rules, out).refusal, Refusal::TargetTooLong);
  EXPECT_EQ(canonicalise("/?a=1&b=22", rules, out).refusal, Refusal::TargetTooLong);
  EXPECT_EQ(canonicalise("/?a&b&c", rules, out).refusal, Refusal::TargetNotCanonical);
}

TEST(CanonicalTarget, PercentDecodeGivesBackWhatWasMeant) {
  EXPECT_EQ(percent_decode("/caf%C3%A9/100%25"), "/caf\xc3\xa9/100%");
  EXPECT_EQ(percent_decode("%"), "%");
  EXPECT_EQ(percent_decode("%4"), "%4");
  EXPECT_EQ(percent_decode("%zz"), "%zz");
}

std::string random_target(std::mt19937& random) {
  static const std::vector<std::string> pieces = {"a",         "b",         "Z",
                                                  "9",         ".",         "..",
                                                  "/",         "/",         "/",
                                                  "//",        "?",         "?",
                                                  "&",         "&",         "=",
                                                  "=",         "+",         "%",
                                                  "%2",        "%25",       "%2e",
                                                  "%2E",       "%2f",       "%5c",
                                                  "%3b",       "%00",       "%0a",
                                                  "%09",       "%7f",       "%41",
                                                  "%7e",       "%c3%a9",    "%C3%A9",
                                                  "%c2%85",    "%c0%af",    "%ff",
                                                  "%e2%82%ac", "%ed%a0%80", "%f0%9f%98%80",
                                                  "%ef%bc%8e", "%ef%bc%8f", "%e2%80%8b",
                                                  "%20",       "%3d",       "%26",
                                                  "%2b",       "%23",       "%3a",
                                                  ":",         "@",         "!",
                                                  "$",         "'",         "(",
                                                  ")",         "*",         ",",
                                                  ";",         "[",         "]",
                                                  "{",         "}",         "|",
                                                  "^",         "`",         "\\",
                                                  "\"",        "<",         ">",
                                                  "#",         "-",         "_",
                                                  "~",         "40",        "zz",
                                                  "api",       "v1",        "query",
                                                  "job",       "%25%34%31", "%2541"};
  std::string out = "/";
  for (unsigned i = random() % 12; i > 0; --i) {
    // One in three is plain, so that a fair share of the targets is accepted.
    out += random() % 3 == 0 ? std::string("x") : pieces[random() % pieces.size()];
  }
  return out;
}

TEST(CanonicalTarget, AgreesWithANaiveSecondOneOverRandomTargets) {
  std::mt19937 random(20260302);
  CanonicalTarget ours_out;
  CanonicalTarget again;
  int accepted_ones = 0;
  constexpr int kTargets = 200'000;
  for (int i = 0; i < kTargets; ++i) {
    const std::string target = random_target(random);
    const Verdict verdict = canonicalise(target, {}, ours_out);
    const std::optional<Naive> naive = naive_canonicalise(target);
    ASSERT_EQ(verdict.ok(), naive.has_value()) << target << ": " << verdict.sentence;
    if (!naive) continue;
    ++accepted_ones;
    ASSERT_EQ(ours_out.text(), naive->path + (naive->has_query ? "?" + naive->query : "")) << target;
    ASSERT_EQ(ours_out.parameters().size(), naive->parameters.size()) << target;
    for (std::size_t k = 0; k < naive->parameters.size(); ++k) {
      ASSERT_EQ(ours_out.parameters().all()[k].name, naive->parameters[k].first) << target;
      ASSERT_EQ(ours_out.parameters().all()[k].value, naive->parameters[k].second) << target;
    }
    // The canonical form is its own canonical form.
    ASSERT_TRUE(canonicalise(ours_out.text(), {}, again).ok()) << target;
    ASSERT_EQ(again.text(), ours_out.text()) << target;
  }
  EXPECT_GT(accepted_ones, kTargets / 20);
  EXPECT_LT(accepted_ones, kTargets * 19 / 20);
}

}  // namespace
}  // namespace postern::http
