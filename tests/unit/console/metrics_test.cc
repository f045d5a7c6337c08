// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/metrics.h"

#include <fstream>
#include <set>
#include <sstream>

#include "gateway/ipc/figures.h"
#include "tests/unit/console/log_rig.h"

namespace postern::console {
namespace {

using enum audit::EventType;

class MetricsTest : public LogRig {
 protected:
  std::string scrape(const std::string& accept = {}) {
    Ask ask{http::Method::Get, "/metrics"};
    ask.local = true;
    if (!accept.empty()) ask.fields = {{"accept", accept}};
    const Response response = answer(ask);
    EXPECT_EQ(response.status, 200);
    type = response.content_type;
    return response.body;
  }
  void completed(const std::string& detail) { write(ExchangeCompleted, visit, detail); }
  static bool has(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
  }
  std::string type;
};

TEST_F(MetricsTest, CountWhatTheLogTookSinceTheyWereFirstAskedFor) {
  connect_ledger();
  write(ExchangeRefused, visit, R"({"code":"never","status":403})");
  flush();
  EXPECT_TRUE(has(scrape(), R"(postern_exchanges_refused_total{code="never"} 0)"));
  write(ExchangeRefused, visit, R"({"code":"never","status":403})");
  completed(
      R"({"outcome":"completed","status":200,"request_bytes":3,"response_bytes":40,"duration_us":1500,"component_us":900})");
  completed(R"({"outcome":"cut","status":206,"response_bytes":2,"duration_us":700000000})");
  completed(R"({"outcome":"not_forwarded","code":"component_down","duration_us":500})");
  flush();
  const std::string text = scrape();
  for (const char* const line :
       {R"(postern_exchanges_refused_total{code="never"} 1)",
        R"(postern_exchanges_total{outcome="completed"} 1)", R"(postern_exchanges_total{outcome="cut"} 1)",
        R"(postern_responses_total{status="2xx"} 2)",
        R"(postern_events_total{type="exchange.completed",severity="info"} 3)",
        "postern_request_bytes_total 3", "postern_response_bytes_total 42",
        R"(postern_exchange_duration_seconds_bucket{le="0.000500"} 1)",
        R"(postern_exchange_duration_seconds_bucket{le="0.001000"} 1)",
        R"(postern_exchange_duration_seconds_bucket{le="0.002500"} 2)",
        R"(postern_exchange_duration_seconds_bucket{le="600.000000"} 2)",
        R"(postern_exchange_duration_seconds_bucket{le="+Inf"} 3)",
        "postern_exchange_duration_seconds_count 3", "postern_exchange_duration_seconds_sum 700.002000",
        "postern_component_duration_seconds_count 1"}) {
    EXPECT_TRUE(has(text, line)) << line << "\n" << text;
  }
  EXPECT_EQ(scrape(), text) << "what is counted is not counted again";
}

TEST_F(MetricsTest, RefusalsThatWereCountedTogetherCountAsManyAsTheyWere) {
  connect_ledger();
  scrape();
  for (const char* const detail :
       {R"({"limit":"exchanges_per_session","count":40})", R"({"limit":"exchanges_per_session","count":2})",
        R"({"limit":"refusals","count":100000})", R"({"limit":"memory","count":-1})"})
    write(LimitReached, visit, detail);
  flush();
  const std::string text = scrape();
  EXPECT_TRUE(has(text, R"(postern_limit_reached_total{limit="exchanges_per_session"} 42)")) << text;
  EXPECT_TRUE(has(text, R"(postern_limit_reached_total{limit="refusals"} 100000)"));
  EXPECT_TRUE(has(text, R"(postern_limit_reached_total{limit="memory"} 0)"));
}

// From a series that begins with its first event no alert can tell that there was one.
TEST_F(MetricsTest, WhatHasNotHappenedYetIsThereAsNought) {
  connect_ledger();
  const std::string text = scrape();
  for (const audit::EventText& event : audit::all_events())
    EXPECT_TRUE(has(text, "postern_events_total{type=\"" + std::string(event.name) + "\",severity=\"" +
                              std::string(audit::name_of(event.severity)) + "\"} 0"))
        << event.name;
  for (const base::RefusalText& one : base::all_refusals().subspan(1))
    EXPECT_TRUE(has(text, "postern_exchanges_refused_total{code=\"" + std::string(one.code) + "\"} 0"))
        << one.code;
  EXPECT_TRUE(has(text, R"(postern_limit_reached_total{limit="connections"} 0)"));
  EXPECT_EQ(text.find("none"), std::string::npos);
}

TEST_F(MetricsTest, SayHowTheGatewayStands) {
  connect_ledger();
  flush();
  const std::string text = scrape();
  for (const char* const line :
       {R"(postern_remote_access{mode="off"} 1)", R"(postern_remote_access{mode="all"} 0)",
        "postern_log_writable 1", "postern_sessions 0", "postern_policy_waits 0"}) {
    EXPECT_TRUE(has(text, line)) << line << "\n" << text;
  }
}

TEST_F(MetricsTest, AreOpenMetricsForWhoAsksForThat) {
  connect_ledger();
  flush();
  const std::string plain = scrape("text/plain");
  EXPECT_EQ(type, kPlainMetricsType);
  EXPECT_TRUE(has(plain, "# TYPE postern_events_skipped_total counter"));
  EXPECT_EQ(plain.find("# EOF"), std::string::npos);
  const std::string open = scrape("application/openmetrics-text; version=1.0.0,text/plain;q=0.5");
  EXPECT_EQ(type, kOpenMetricsType);
  EXPECT_TRUE(has(open, "# TYPE postern_events_skipped counter"));
  EXPECT_TRUE(has(open, "# UNIT postern_response_bytes bytes"));
  EXPECT_TRUE(open.ends_with("\n# EOF\n"));
}

TEST_F(MetricsTest, NeedASignInOrAToken) {
  connect_ledger();
  EXPECT_EQ(answer({http::Method::Get, "/metrics"}).status, 401);
}

TEST(Metrics, EscapeWhatStandsInLabels) {
  LogFigures figures;
  figures.refused["a\"b\\c\nd"] = 1;
  const std::string text = write_metrics({base::Json::object(), base::Json(), state::State(), figures, 0, 0},
                                         MetricsFormat::Plain);
  EXPECT_NE(text.find(R"(postern_exchanges_refused_total{code="a\"b\\c\nd"} 1)"), std::string::npos);
}

base::Json role(const char* name, std::uint64_t first_figure) {
  ipc::RoleFigures counted;
  for (std::size_t i = 0; i < ipc::kFigures; ++i) counted.values[i] = first_figure + i;
  base::Json out{
      {"name", name}, {"cpu_us", 2'500'000}, {"resident_bytes", 4096}, {"figures", counted.values}};
  for (std::size_t i = 0; i < ipc::kTimings; ++i) {
    counted.timings[i].counts = {1, 0, 2};
    base::Json buckets = counted.timings[i].counts;
    buckets.push_back(700U);
    out["timings"].push_back(buckets);
  }
  return out;
}

TEST(Metrics, OfARoleAreThoseThatItsKindCounts) {
  base::Json roles = base::Json::array();
  roles.push_back(role("terminator.0", 100));
  roles.push_back(role("enforcer.1", 200));
  roles.push_back({{"name", "supervisor"}, {"cpu_us", 1}});
  roles.push_back("not a role");
  roles.push_back({{"name", "ledger"}, {"figures", "none"}, {"timings", 3}});
  const std::string text =
      write_metrics({base::Json::object(), roles, state::State(), LogFigures(), 0, 0}, MetricsFormat::Plain);
  for (const char* const line :
       {R"(postern_process_cpu_seconds_total{role="terminator.0"} 2.500000)",
        R"(postern_process_resident_bytes{role="enforcer.1"} 4096)",
        R"(postern_connections{role="terminator.0"} 100)",
        R"(postern_tls_handshakes_total{role="terminator.0",result="full"} 103)",
        R"(postern_exchanges_under_way{role="enforcer.1"} 210)",
        R"(postern_phase_duration_seconds_bucket{role="enforcer.1",phase="component",le="0.000050"} 1)",
        R"(postern_phase_duration_seconds_bucket{role="enforcer.1",phase="component",le="0.000250"} 3)",
        R"(postern_phase_duration_seconds_bucket{role="enforcer.1",phase="component",le="+Inf"} 3)",
        R"(postern_phase_duration_seconds_sum{role="enforcer.1",phase="component"} 0.000700)"}) {
    EXPECT_NE(("\n" + text).find("\n" + std::string(line) + "\n"), std::string::npos) << line << "\n" << text;
  }
  EXPECT_EQ(text.find("postern_connections{role=\"enforcer.1\"}"), std::string::npos);
  EXPECT_EQ(text.find("role=\"ledger\""), std::string::npos);
}

TEST(Metrics, HaveTheLimitsBesideWhatTheyLimit) {
  const base::Json status{{"limits", {{"connections", 4096}, {"memory", 1U << 30U}, {"head", "32KiB"}}}};
  const std::string text =
      write_metrics({status, base::Json(), state::State(), LogFigures(), 0, 0}, MetricsFormat::Plain);
  for (const char* const line :
       {R"(postern_limit{limit="connections"} 4096)", R"(postern_limit{limit="memory"} 1073741824)"})
    EXPECT_NE(text.find("\n" + std::string(line) + "\n"), std::string::npos) << line << "\n" << text;
  EXPECT_EQ(text.find("32KiB"), std::string::npos);
}

TEST(Metrics, AreThoseOfTheDocument) {
  std::ifstream file(SOURCE_DIRECTORY "/docs/METRICS.md");
  std::stringstream document;
  document << file.rdbuf();
  std::set<std::string> described, written;
  std::string line;
  while (std::getline(document, line)) {
    if (line.starts_with("| `postern_")) described.insert(line.substr(3, line.find('`', 3) - 3));
  }
  const base::Json status{{"started", "2026-03-01T08:00:00.000000Z"},
                          {"limits", {{"head", 32768}}},
                          {"log", {{"checkpoint", {{"time", "2026-03-01T08:00:00.000000Z"}}}}}};
  std::istringstream text(
      write_metrics({status, base::Json(), state::State(), LogFigures(), 0, 0}, MetricsFormat::Plain));
  while (std::getline(text, line)) {
    if (line.starts_with("# TYPE ")) written.insert(line.substr(7, line.find(' ', 7) - 7));
  }
  EXPECT_EQ(described, written);
}

// 2^63 - 1 is the largest number of all.
TEST_F(MetricsTest, FalseNumbersSumUpToNoMoreThanTheLargest) {
  connect_ledger();
  scrape();
  for (int i = 0; i < 3; ++i) {
    completed(
        R"({"outcome":"completed","request_bytes":9223372036854775807,"response_bytes":9223372036854775807,"duration_us":9223372036854775807})");
    write(LimitReached, {}, R"({"limit":"refusals","count":9223372036854775807})");
  }
  completed(R"({"outcome":"completed","request_bytes":-5,"response_bytes":-5,"duration_us":-5})");
  flush();
  const std::string text = scrape();
  for (const char* const line :
       {"postern_request_bytes_total 9223372036854775807", "postern_response_bytes_total 9223372036854775807",
        "postern_exchange_duration_seconds_sum 9223372036854.775391",
        R"(postern_limit_reached_total{limit="refusals"} 18446744073709551615)"})
    EXPECT_TRUE(has(text, line)) << line << "\n" << text;
}

TEST_F(MetricsTest, FalseNamesAreNoMoreThanTheConsoleKeeps) {
  connect_ledger();
  scrape();
  for (int i = 0; i < 300; ++i)
    write(ExchangeRefused, visit, R"({"code":"code_)" + std::to_string(i) + R"(","status":403})");
  flush();
  const std::string text = scrape();
  EXPECT_TRUE(has(text, R"(postern_exchanges_refused_total{code="code_0"} 1)"));
  EXPECT_TRUE(has(text, R"(postern_exchanges_refused_total{code="other"} 44)"));
}

TEST(LogFiguresTest, AreAddedOnlyWhereTheyFollow) {
  LogFigures all, more;
  all.begin = 3, all.end = 7;
  more.begin = 5, more.end = 9;
  more.refused["never"] = 1;
  EXPECT_FALSE(all.add(more));
  EXPECT_TRUE(all.refused.empty());
  more.begin = 7;
  EXPECT_TRUE(all.add(more));
  EXPECT_EQ(all.end, 9U);
  EXPECT_EQ(all.refused["never"], 1U);
}

}  // namespace
}  // namespace postern::console
