// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "measure/reading.h"

#include <gtest/gtest.h>

namespace postern::measure {
namespace {

TEST(Reading, SamplesThatASelectorMatchesAreAddedUp) {
  const std::string text =
      "build_info{version=\"2.42.0\",branch=\"x\"} 1\n"
      "requests_total{code=\"200\"} 10\n"
      "requests_total{code=\"500\"} 2\n"
      "requests_total{code=\"500\",path=\"/\"} 3\n"
      "broken NaN\n";
  Reading out;
  ASSERT_TRUE(read_metrics(text,
                           {{"version", "build_info@version"},
                            {"processed", "requests_total"},
                            {"failed", "requests_total{code=\"500\"}"},
                            {"failed", "requests_total{code=\"503\"}"},
                            {"cpu", "broken"},
                            {"memory", "missing"},
                            {"queries", "requests_total{code=\"418\"}"},
                            {"logins", "no_login_yet"}},
                           out)
                  .ok());
  EXPECT_EQ(out.version, "2.42.0");
  EXPECT_EQ(out.numbers, (std::map<std::string, double>{{"processed", 15}, {"failed", 5}, {"queries", 0}}));
}

// A counter that is 0 for once would have grown by all of its life when it is seen again.
TEST(Reading, APageWithoutMetricsSaysNothingOfCounters) {
  for (const char* page : {"", "\n", "# HELP requests_total Requests.\n# TYPE requests_total counter\n"}) {
    Reading out;
    EXPECT_FALSE(read_metrics(page, {{"processed", "requests_total"}}, out).ok()) << page;
    EXPECT_TRUE(out.numbers.empty()) << page;
  }
  Reading other;
  EXPECT_TRUE(read_metrics("another_total 1\n", {{"processed", "requests_total"}}, other).ok());
  EXPECT_TRUE(other.numbers.empty());
}

TEST(Reading, DocumentsAreReadByPath) {
  Reading out;
  ASSERT_TRUE(
      read_document(
          R"({"data":{"start":"2026-03-01T00:00:00Z","v":"1.2","n":[{"m":1},{"m":2.5},{"m":"3"}],"flag":true}})",
          {{"start_time", "$.data.start"},
           {"version", "$.data.v"},
           {"memory", "$.data.n[*].m"},
           {"cpu", "$.data.flag"},
           {"storage", "$.data.n[1].m"}},
          out)
          .ok());
  EXPECT_EQ(out.version, "1.2");
  EXPECT_EQ(out.numbers,
            (std::map<std::string, double>{{"start_time", 1772323200}, {"memory", 3.5}, {"storage", 2.5}}));
}

TEST(Reading, TextsAreNothingButABoundedVersion) {
  for (const std::string& version : {std::string("a\nb"), std::string(65, 'a'), std::string("\xc3\xa4")}) {
    Reading out;
    ASSERT_TRUE(read_document(base::dump_json(base::Json{{"v", version}}),
                              {{"version", "$.v"}, {"memory", "$.v"}}, out)
                    .ok());
    EXPECT_EQ(out.version, "");
    EXPECT_TRUE(out.numbers.empty());
  }
}

TEST(Reading, WhatIsNoDocumentOfTheFormSaysSo) {
  Reading out;
  EXPECT_FALSE(read_metrics("<html>\n", {}, out).ok());
  EXPECT_FALSE(read_document("<html>", {}, out).ok());
  EXPECT_FALSE(read_document(std::string(kDocumentSize + 1, ' '), {}, out).ok());
}

TEST(Selector, IsReadAsItIsWritten) {
  const auto one = parse_selector("a:b_total{code=\"500\",method=\"get\"}");
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(*one, (Selector{"a:b_total", {{"code", "500"}, {"method", "get"}}, ""}));
  EXPECT_EQ(parse_selector("info{a=\"b\"}@version")->text_of, "version");
  for (const char* wrong : {"", "{a=\"b\"}", "a{", "a{b}", "a{b=~\"c\"}", "a{b=\"c\"", "a@", "a b",
                            "a{b=\"\\\"\"}", "a{b=\"c\"}x"})
    EXPECT_FALSE(parse_selector(wrong).ok()) << wrong;
}

TEST(Selector, OnlyAVersionIsAText) {
  EXPECT_TRUE(check_metric({"version", "a@b"}).ok());
  EXPECT_FALSE(check_metric({"version", "a"}).ok());
  EXPECT_FALSE(check_metric({"cpu", "a@b"}).ok());
  EXPECT_TRUE(check_document({"cpu", "$.a[0].b"}).ok());
  EXPECT_FALSE(check_document({"cpu", "$..a"}).ok());
  EXPECT_TRUE(is_value_name("queries_2"));
  EXPECT_FALSE(is_value_name("Queries"));
}

}  // namespace
}  // namespace postern::measure
