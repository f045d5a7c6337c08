// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "measure/exposition.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <string>
#include <vector>

namespace postern::measure {
namespace {

// What samples name lies in the text: it is kept.
std::vector<Sample> samples_of(const std::string& text) {
  static std::deque<std::string> texts;
  texts.push_back(text);
  std::vector<Sample> out;
  const base::Status read = read_exposition(texts.back(), [&out](const Sample& one) { out.push_back(one); });
  EXPECT_TRUE(read.ok()) << read.error().message;
  return out;
}

std::string fault_of(const std::string& text) {
  const base::Status read = read_exposition(text, [](const Sample&) {});
  return read.ok() ? "none" : read.error().message;
}

TEST(Exposition, TheExampleOfItsDocumentationIsRead) {
  const auto samples = samples_of(
      "# HELP http_requests_total The total number of HTTP requests.\n"
      "# TYPE http_requests_total counter\n"
      "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n"
      "http_requests_total{method=\"post\",code=\"400\"}    3 1395066363000\n"
      "\n"
      "# Escaping in label values:\n"
      "msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"Cannot find "
      "file:\\n\\\"FILE.TXT\\\"\"} 1.458255915e9\n"
      "metric_without_timestamp_and_labels 12.47\n"
      "something_weird{problem=\"division by zero\"} +Inf -3982045\n"
      "rpc_duration_seconds_count 2693\n"
      "with_comma{a=\"b\",} NaN\n"
      "go_info{ } -1e+06\n");
  ASSERT_EQ(samples.size(), 8U);
  EXPECT_EQ(samples[0].name, "http_requests_total");
  EXPECT_EQ(*samples[0].label("code"), "200");
  EXPECT_EQ(samples[0].value, 1027);
  EXPECT_EQ(samples[1].value, 3);
  EXPECT_EQ(*samples[2].label("path"), "C:\\DIR\\FILE.TXT");
  EXPECT_EQ(*samples[2].label("error"), "Cannot find file:\n\"FILE.TXT\"");
  EXPECT_EQ(samples[2].value, 1458255915);
  EXPECT_EQ(samples[3].value, 12.47);
  EXPECT_TRUE(std::isinf(samples[4].value));
  EXPECT_TRUE(std::isnan(samples[6].value));
  EXPECT_EQ(samples[7].value, -1e6);
  EXPECT_EQ(samples[7].label("a"), nullptr);
}

TEST(Exposition, WhatIsNoSampleIsRefusedWithItsLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"a 1\nb\n", "line 2 of the metrics: there is no blank"},
      {"9a 1\n", "does not begin with the name"},
      {"a{b=\"c\" 1\n", "its labels are not closed"},
      {"a{b=\"c} 1\n", "is not closed"},
      {"a{b=\"\\t\"} 1\n", "an escape that is none"},
      {"a{b=c} 1\n", "is not closed"},
      {"a{b=\"1\",b=\"2\"} 1\n", "twice"},
      {"a{b:c=\"1\"} 1\n", "has no value"},
      {"a one\n", "no number"},
      {"a +-1\n", "no number"},
      {"a 1,5\n", "no number"},
      {"a 1 2.5\n", "no time"},
      {"a 1 2 # {x=\"y\"} 1\n", "behind its time"},
      {"a 1", "it does not end"},
      {"a{b=\"\xff\"} 1\n", "not UTF-8"},
  };
  for (const auto& [text, fault] : cases)
    EXPECT_NE(fault_of(text).find(fault), std::string::npos) << text << fault_of(text);
}

TEST(Exposition, WhatIsTooMuchIsRefused) {
  EXPECT_NE(fault_of(std::string(kExpositionLine + 1, 'a') + " 1\n").find("16 KiB"), std::string::npos);
  EXPECT_NE(fault_of(std::string(kExpositionSize + 1, '\n')).find("8 MiB"), std::string::npos);
  std::string labels;
  for (int i = 0; i < 65; ++i) labels += "l" + std::to_string(i) + "=\"\",";
  EXPECT_NE(fault_of("a{" + labels + "} 1\n").find("64 labels"), std::string::npos);
}

}  // namespace
}  // namespace postern::measure
