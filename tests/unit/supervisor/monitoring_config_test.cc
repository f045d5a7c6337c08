// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is measured, and from where on it is a warning: from postern.yaml to what each role is told.
#include <gmock/gmock.h>

#include "gateway/supervisor/reload.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kMonitoring = R"(monitoring:
  every: 15s
  timeout: 2s
  disks: [/srv/data]
  services:
    - service: prometheus
      metrics:
        path: /prometheus/metrics
        values:
          version: prometheus_build_info@version
          processed: prometheus_http_requests_total
          failed: ['prometheus_http_requests_total{code="500"}', 'prometheus_http_requests_total{code="503"}']
          queries: prometheus_engine_queries
      json:
        - path: /prometheus/api/v1/status/runtimeinfo?a=b
          values: { start_time: $.data.startTime }
  usage: [queries, processed]
  warnings:
    disk: { above: 70, clear: 60 }
    cpu: { above: 90, over: 10m }
    clock: { above: 5s, clear: 1s }
    certificate: { below: 40 }
)";

std::string monitored(std::string_view what = {}, std::string_view by = {}) {
  std::string text = std::string(kSound) + std::string(kMonitoring);
  return what.empty() ? text : replaced(text, what, by);
}
std::string fault_of_monitoring(std::string_view what, std::string_view by) {
  return base::format_faults("postern.yaml", parse_config(monitored(what, by), "/etc/postern", 4).faults);
}

TEST(MonitoringConfig, IsReadWithAllItSays) {
  const ParsedConfig parsed = parse_config(monitored(), "/etc/postern", 4);
  ASSERT_NE(parsed.config, nullptr) << base::format_faults("postern.yaml", parsed.faults);
  const Monitoring& out = parsed.config->monitoring;
  EXPECT_EQ(out.every, 15 * base::kWallSecond);
  ASSERT_EQ(out.services.size(), 1U);
  ASSERT_EQ(out.services[0].sources.size(), 2U);
  EXPECT_EQ(out.services[0].sources[0].values.size(), 5U);
  EXPECT_TRUE(out.services[0].sources[1].json);
  EXPECT_EQ(out.disk.raise, 70);
  EXPECT_EQ(out.cpu.clear, 85);
  EXPECT_EQ(out.cpu_over, 600 * base::kWallSecond);
  EXPECT_EQ(out.certificate.clear, 40);
}

TEST(MonitoringConfig, WorksWithoutAWord) {
  const ParsedConfig parsed = parse_config(std::string(kSound), "/etc/postern", 4);
  ASSERT_NE(parsed.config, nullptr);
  EXPECT_EQ(parsed.config->monitoring.disk.raise, 85);
  EXPECT_TRUE(parsed.config->monitoring.services.empty());
}

TEST(MonitoringConfig, SaysWhatIsWrongAndWhere) {
  const std::array<std::array<std::string_view, 3>, 14> cases{{
      {"every: 15s", "every: 10m", "every must be a duration"},
      {"[/srv/data]", "[data]", "absolute path"},
      {"service: prometheus", "service: promtheus", "no service \"promtheus\""},
      {"path: /prometheus/metrics", "path: metrics", "must begin with '/'"},
      {"prometheus_build_info@version", "prometheus_build_info", "a version is the value of a label"},
      {"processed: prometheus", "Processed: prometheus", "lower-case letters"},
      {"{code=\"500\"}", "{code=~\"5..\"}", "nothing but = is known"},
      {"$.data.startTime", "data.startTime", "a path begins with $"},
      {"$.data.startTime", "$..startTime", "without .."},
      {"[queries, processed]", "[quries]", "no service has a value"},
      {"[queries, processed]", "[version]", "does not count anything"},
      {"above: 70, clear: 60", "above: 70, clear: 75", "clear must not be more than above"},
      {"above: 70, clear: 60", "above: 170", "above must be a whole number between 1 and 100"},
      {"below: 40", "below: 40, clear: 10", "clear must not be less than below"},
  }};
  for (const auto& [what, by, fault] : cases)
    EXPECT_THAT(fault_of_monitoring(what, by), HasSubstr(std::string(fault))) << by;
  EXPECT_THAT(fault_of_monitoring("every: 15s", "evry: 15s"), HasSubstr("every"));
}

TEST(MonitoringConfig, NodesThatComeAndGoAreKnown) {
  const auto before = parse_config(std::string(kSound), "/etc/postern", 4).config;
  ASSERT_NE(before, nullptr);
  Config after = *before;
  const std::string gone = after.services[0].nodes[0].url;
  after.services[0].nodes[0].url = "http://198.51.100.7:9090";
  after.services[0].nodes[0].authority = {"198.51.100.7", 9090};
  const auto changes = node_changes(*before, after);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_FALSE(changes[0].added);
  EXPECT_EQ(changes[0].node, gone);
  EXPECT_TRUE(changes[1].added);
  EXPECT_TRUE(node_changes(*before, *before).empty());
}

}  // namespace
}  // namespace postern::supervisor
