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

std::string har_of(const std::vector<std::string>& lines, const HarOptions& options) {
  HarWriter writer(options);
  std::string out;
  writer.begin(out);
  for (const std::string& line : lines) EXPECT_TRUE(writer.add(out, line).ok()) << line;
  writer.end(out);
  return out;
}

TEST(Har, HasAnEntryPerExchange) {
  const std::string text = har_of(visit(), {"https://gateway.example:8443", "0.1.0"});
  const auto har = base::parse_json(text);
  ASSERT_TRUE(har.ok()) << text;
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
  const auto har = base::parse_json(har_of(visit(), {}));
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
  const auto har = base::parse_json(har_of(lines, {}));
  ASSERT_TRUE(har.ok());
  EXPECT_EQ(har->at("log").at("entries")[0].at("request").at("_target"), "evil.example:80");
  EXPECT_EQ(har->at("log").at("entries").size(), 1U);
}

std::string forwarded(std::uint64_t number) {
  return sample(EventType::ExchangeForwarded, number, "S", R"({"method":"GET","target":"/"})");
}
std::string completed(std::uint64_t number, std::uint64_t of) {
  return sample(EventType::ExchangeCompleted, number, "S",
                R"({"forwarded":")" + sample_id(of) + R"(","status":200})");
}

TEST(Har, WritesInTheOrderInWhichExchangesBegan) {
  const std::vector<std::string> lines{forwarded(1), forwarded(2), completed(3, 2), completed(4, 1)};
  const auto har = base::parse_json(har_of(lines, {}));
  ASSERT_TRUE(har.ok());
  const auto& entries = har->at("log").at("entries");
  EXPECT_EQ(entries[0].at("_event"), sample_id(1));
  EXPECT_EQ(entries[1].at("_event"), sample_id(2));
  EXPECT_EQ(entries[0].at("response").at("status"), 200);
}

TEST(Har, HoldsBackNoMoreThanItSaysWhileAnExchangeStaysOpen) {
  HarWriter writer({});
  std::string out;
  writer.begin(out);
  ASSERT_TRUE(writer.add(out, forwarded(1)).ok());  // a WebSocket: it ends last
  const std::size_t before = out.size();
  std::uint64_t number = 2;
  for (std::size_t i = 0; i < kHarHeld + 50; ++i, number += 2) {
    ASSERT_TRUE(writer.add(out, forwarded(number)).ok());
    ASSERT_TRUE(writer.add(out, completed(number + 1, number)).ok());
    EXPECT_EQ(out.size() > before, i + 1 >= kHarHeld) << i;
  }
  ASSERT_TRUE(writer.add(out, completed(number, 1)).ok());
  writer.end(out);
  const auto har = base::parse_json(out);
  ASSERT_TRUE(har.ok());
  const auto& entries = har->at("log").at("entries");
  ASSERT_EQ(entries.size(), kHarHeld + 51);
  for (const auto& entry : entries) EXPECT_EQ(entry.at("response").at("status"), 200);
}

TEST(Har, WritesTheOldestAsItStandsIfAllThatItHoldsAreOpen) {
  std::vector<std::string> lines;
  for (std::uint64_t i = 1; i <= kHarHeld + 1; ++i) lines.push_back(forwarded(i));
  lines.push_back(completed(kHarHeld + 2, 1));  // too late
  lines.push_back(completed(kHarHeld + 3, 2));
  const auto har = base::parse_json(har_of(lines, {}));
  ASSERT_TRUE(har.ok());
  const auto& entries = har->at("log").at("entries");
  ASSERT_EQ(entries.size(), kHarHeld + 1);
  EXPECT_EQ(entries[0].at("response").at("status"), 0);
  EXPECT_EQ(entries[1].at("response").at("status"), 200);
}

}  // namespace
}  // namespace postern::audit
