// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/export.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/unit/audit/sample.h"

namespace postern::audit {
namespace {

TEST(JsonLines, AreTheLeavesByteForByte) {
  const std::vector<std::string> lines{sample(EventType::LogRead, 1), sample(EventType::LogRead, 2)};
  EXPECT_EQ(to_json_lines(lines), lines[0] + "\n" + lines[1] + "\n");
}

TEST(Csv, QuotesEveryValue) {
  const std::vector<std::string> lines{
      sample(EventType::LogRead, 1, "S", R"({"what":"events"})", "admin:root")};
  const auto csv = to_csv(lines);
  ASSERT_TRUE(csv.ok());
  EXPECT_EQ(*csv, std::string(csv_header()) +
                      R"("2026-03-01T12:00:00.001000Z","log.read","info","admin:root","S","","",)"
                      R"("Admin root read the log: events.","{""what"":""events""}","",")" +
                      sample_id(1) + "\"\r\n");
}

TEST(Csv, DisarmsFormulas) {
  for (const std::string actor : {"=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"}) {
    const std::vector<std::string> lines{sample(EventType::LogRead, 1, {}, {}, actor)};
    const auto csv = to_csv(lines);
    ASSERT_TRUE(csv.ok());
    EXPECT_NE(csv->find("\"'" + actor + "\""), std::string::npos) << *csv;
  }
}

TEST(Csv, RefusesWhatIsNoEvent) {
  const std::vector<std::string> lines{"nonsense"};
  EXPECT_FALSE(to_csv(lines).ok());
}

std::vector<std::string> visit() {
  const std::string completed =
      R"({"forwarded":")" + sample_id(2) +
      R"(","status":200,"request_bytes":0,"response_bytes":1200,"duration_us":4500,"component_us":3000,"outcome":"cut",)"
      R"("cut_reason":"capability_off","bytes_after_cut":0})";
  return {sample(EventType::SessionOpened, 1, "S"),
          sample(EventType::ExchangeForwarded, 2, "S",
                 R"({"method":"GET","target":"/api?a=1&b&c=%20","capability":"x.read"})"),
          sample(EventType::ExchangeRefused, 3, "S",
                 R"({"method":"POST","target":"/n","status":403,"code":"never"})"),
          sample(EventType::ExchangeCompleted, 4, "S", completed)};
}

TEST(Har, HasAnEntryPerExchange) {
  const auto text = to_har(visit(), {"https://gateway.example:8443", "0.1.0"});
  ASSERT_TRUE(text.ok());
  const auto har = base::parse_json(*text);
  ASSERT_TRUE(har.ok()) << *text;
  const auto& log = har->at("log");
  EXPECT_EQ(log.at("version"), "1.2");
  EXPECT_EQ(log.at("creator").at("name"), "Postern");
  ASSERT_EQ(log.at("entries").size(), 2U);
  const auto& entry = log.at("entries")[0];
  EXPECT_EQ(entry.at("startedDateTime"), "2026-03-01T12:00:00.002000Z");
  EXPECT_EQ(entry.at("request").at("url"), "https://gateway.example:8443/api?a=1&b&c=%20");
  const auto query =
      base::parse_json(R"([{"name":"a","value":"1"},{"name":"b","value":""},{"name":"c","value":"%20"}])");
  EXPECT_EQ(entry.at("request").at("queryString"), *query);
  EXPECT_EQ(entry.at("response").at("status"), 200);
  EXPECT_EQ(entry.at("response").at("bodySize"), 1200);
  EXPECT_EQ(entry.at("time"), 4.5);
  EXPECT_EQ(entry.at("timings").at("wait"), 3.0);
  EXPECT_EQ(entry.at("timings").at("receive"), 1.5);
  EXPECT_EQ(entry.at("_cut_reason"), "capability_off");
  EXPECT_EQ(entry.at("_event"), sample_id(2));
  const auto& refused = log.at("entries")[1];
  EXPECT_EQ(refused.at("response").at("status"), 403);
  EXPECT_EQ(refused.at("_code"), "never");
}

// What https://github.com/ahmadnassri/har-schema demands of each entry.
TEST(Har, HasEveryFieldThatHarDemands) {
  const auto har = base::parse_json(*to_har(visit(), {}));
  ASSERT_TRUE(har.ok());
  for (const auto& entry : har->at("log").at("entries")) {
    for (const char* key : {"startedDateTime", "time", "request", "response", "cache", "timings"}) {
      EXPECT_TRUE(entry.contains(key)) << key;
    }
    for (const char* key :
         {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"}) {
      EXPECT_TRUE(entry.at("request").contains(key)) << key;
    }
    for (const char* key : {"status", "statusText", "httpVersion", "cookies", "headers", "content",
                            "redirectURL", "headersSize", "bodySize"}) {
      EXPECT_TRUE(entry.at("response").contains(key)) << key;
    }
    for (const char* key : {"size", "mimeType"})
      EXPECT_TRUE(entry.at("response").at("content").contains(key)) << key;
    for (const char* key : {"send", "wait", "receive"}) EXPECT_TRUE(entry.at("timings").contains(key)) << key;
  }
}

TEST(Har, ToleratesTargetsThatAreNoPath) {
  const std::vector<std::string> lines{
      sample(EventType::ExchangeRefused, 1, "S",
             R"({"method":"GET","target":"evil.example:80","status":400})"),
      sample(EventType::ExchangeCompleted, 2, "S", R"({"forwarded":"unknown"})")};
  const auto har = base::parse_json(*to_har(lines, {}));
  ASSERT_TRUE(har.ok());
  EXPECT_EQ(har->at("log").at("entries")[0].at("request").at("_target"), "evil.example:80");
  EXPECT_EQ(har->at("log").at("entries").size(), 1U);
}

}  // namespace
}  // namespace postern::audit
