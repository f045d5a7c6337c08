// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How nodes and the host are, as they are measured: warnings, and the last 24 hours.
#include "gateway/ledger/health.h"

#include <gmock/gmock.h>

#include "tests/unit/audit/temporary_folder.h"
#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Window, ForgetsWhatIsOlderThanADay) {
  Window window;
  window.add(kNoon, {60 * base::kWallSecond, 0, 100, 2});
  window.add(kNoon + 3600 * base::kWallSecond, {0, 20 * base::kWallSecond, 100, 0});
  const Counted both = window.sum(kNoon + 3600 * base::kWallSecond);
  EXPECT_DOUBLE_EQ(*both.availability(), 75);
  EXPECT_DOUBLE_EQ(*both.processing(), 99);
  const Counted later = window.sum(kNoon + 25 * 3600 * base::kWallSecond);
  EXPECT_DOUBLE_EQ(*later.availability(), 0);
  EXPECT_FALSE(window.sum(kNoon + 49 * 3600 * base::kWallSecond).availability());
}

TEST(Window, WhatAClockCountedThatWasAheadIsNotOfThisDay) {
  constexpr base::Micros ahead = kNoon + 30 * 24 * 3600 * base::kWallSecond;
  Window window;
  window.add(kNoon, {60 * base::kWallSecond, 0, 0, 0});
  window.add(ahead - 12 * 3600 * base::kWallSecond, {0, base::kWallSecond, 0, 0});
  window.add(ahead, {0, 60 * base::kWallSecond, 0, 0});
  EXPECT_FALSE(window.sum(kNoon).availability()) << "nothing of what is to come";
  window.add(kNoon + Window::kPiece, {30 * base::kWallSecond, 0, 0, 0});
  EXPECT_EQ(window.sum(kNoon + Window::kPiece).up, 30 * base::kWallSecond);
  EXPECT_EQ(window.to_json().size(), 1U) << "it ages from here on";
  EXPECT_EQ(window.sum(ahead).down, 0);
}

TEST(Window, IsTheSameWhenItIsReadAgain) {
  Window window;
  window.add(kNoon, {60 * base::kWallSecond, 30 * base::kWallSecond, 7, 1});
  window.add(kNoon - Window::kPiece, {base::kWallSecond, 0, 0, 0});  // the clock stepped back
  const Window again = Window::from_json(window.to_json());
  EXPECT_EQ(again.to_json(), window.to_json());
  EXPECT_EQ(again.sum(kNoon).up, 61 * base::kWallSecond);
  EXPECT_EQ(Window::from_json(Json{{"no", "list"}}).sum(kNoon).up, 0);
  EXPECT_EQ(Window::from_json(Json::parse(R"([[1,2],["a",1,2,3,4],null])")).sum(kNoon).up, 0);
}

TEST(Growth, OfACounterThatBeganAnewIsWhatItCountedSince) {
  Growth growth;
  EXPECT_EQ(growth.take(100), 0);
  EXPECT_EQ(growth.take(130), 30);
  EXPECT_EQ(growth.take(5), 5);
}

class MeasuredHealth : public ::testing::Test {
 protected:
  MeasuredHealth() { begin(); }
  void begin() {
    health = std::make_unique<Health>(loop, clock, audit::system_files(), folder.path(), "0.1.0",
                                      [this](const Draft& draft) { recorded.push_back(draft); });
    HealthTerms terms;
    terms.nodes = {{"prometheus", "http://a:9090"}, {"prometheus", "http://b:9090"}};
    health->configure(terms);
  }
  void disk(double percent) {
    ASSERT_TRUE(health->take_host(
        {{"host",
          {{"cores", 2},
           {"disks", {{{"name", "disk"}, {"folder", "/var/lib/postern"}, {"percent", percent}}}}}},
         {"gateway", Json::object()}}));
  }
  void cpu(double busy, double total) {
    ASSERT_TRUE(health->take_host(
        {{"host", {{"cpu_busy", busy}, {"cpu_total", total}}}, {"gateway", Json::object()}}));
  }
  bool node(const char* url, const char* state, std::map<std::string, double> numbers = {}) {
    return health->take_node({"prometheus", url, state, {}, "2.42.0", std::move(numbers)});
  }
  std::vector<std::string> outcomes() const {
    std::vector<std::string> out;
    for (const Draft& draft : recorded)
      out.push_back(std::string(audit::text_of(draft.type).name) + " " + draft.subject);
    return out;
  }

  audit::TemporaryFolder folder;
  loop::Loop loop;
  base::ManualClock clock{kNoon};
  std::vector<Draft> recorded;
  std::unique_ptr<Health> health;
};

TEST_F(MeasuredHealth, AWarningBeginsAtOneValueAndEndsAtAnother) {
  for (const double percent : {80.0, 84.9, 85.0, 86.0, 84.0, 81.0, 85.0, 80.0, 81.0, 84.0}) disk(percent);
  EXPECT_THAT(outcomes(), ElementsAre("host.warning disk", "host.cleared disk"));
  EXPECT_THAT(recorded[0].detail, HasSubstr(R"("value":85,"unit":"%","warns_at":85,"clears_at":80)"));
  EXPECT_THAT(recorded[0].detail, HasSubstr(R"("file":"/var/lib/postern")"));
}

TEST_F(MeasuredHealth, ADiskThatIsNotWatchedAnyMoreIsNoWarning) {
  disk(90);
  ASSERT_TRUE(health->take_host({{"host", Json::object()}, {"gateway", Json::object()}}));
  EXPECT_THAT(outcomes(), ElementsAre("host.warning disk", "host.cleared disk"));
}

TEST_F(MeasuredHealth, OnlyCpuThatLastsIsAWarning) {
  cpu(0, 0);
  clock.advance(200 * base::kSecond);
  cpu(200, 200);
  EXPECT_TRUE(recorded.empty());
  clock.advance(100 * base::kSecond);
  cpu(300, 300);
  EXPECT_THAT(outcomes(), ElementsAre("host.warning cpu"));
  clock.advance(300 * base::kSecond);
  cpu(350, 600);
  EXPECT_THAT(outcomes(), ElementsAre("host.warning cpu", "host.cleared cpu"));
}

TEST_F(MeasuredHealth, ANodesLimitsAndCertificateAreWatched) {
  const double now = static_cast<double>(kNoon / base::kWallSecond);
  node("http://a:9090", "up", {{"storage", 90}, {"storage_limit", 100}, {"certificate", now + 5 * 86400}});
  EXPECT_THAT(outcomes(), ElementsAre("node.warning http://a:9090", "node.warning http://a:9090"));
  node("http://a:9090", "up", {{"storage", 50}, {"storage_limit", 100}, {"certificate", now + 90 * 86400}});
  EXPECT_EQ(recorded.size(), 4U);
  EXPECT_EQ(recorded[3].type, EventType::NodeCleared);
}

TEST_F(MeasuredHealth, AvailabilityIsOfTheTimeThatIsKnown) {
  node("http://a:9090", "up");
  for (int i = 0; i < 9; ++i) clock.advance(30 * base::kSecond), node("http://a:9090", "up");
  clock.advance(30 * base::kSecond);
  node("http://a:9090", "down");
  clock.advance(7200 * base::kSecond);  // nobody looked: neither up nor down
  node("http://a:9090", "up");
  const Json body = health->body();
  EXPECT_DOUBLE_EQ(body["nodes"][0]["availability"].get<double>(), 90);
  EXPECT_EQ(body["availability"]["seconds"], 300);
  EXPECT_EQ(body["nodes"][1]["state"], "unknown");
  EXPECT_EQ(body["nodes"][0]["version"], "2.42.0");
  EXPECT_FALSE(body["nodes"][1].contains("version"));
}

TEST_F(MeasuredHealth, ProcessingIsByGrowthOfItsCounters) {
  node("http://a:9090", "up", {{"processed", 1000}, {"failed", 100}});
  node("http://a:9090", "up", {{"processed", 1100}, {"failed", 104}});
  node("http://a:9090", "up", {{"processed", 10}, {"failed", 0}});  // it was started anew
  EXPECT_EQ(health->body()["processing"]["processed"], 110);
  EXPECT_EQ(health->body()["processing"]["failed"], 4);
}

TEST_F(MeasuredHealth, FalseCountersGrowNoFurtherThanAnExactNumber) {
  for (int i = 0; i < 2'050; ++i) {
    const double said = i % 2 == 0 ? 0 : 0x1p53;
    node("http://a:9090", "up", {{"processed", said}, {"failed", said}});
  }
  EXPECT_EQ(health->body()["processing"]["processed"], std::int64_t{1} << 53U);
  EXPECT_EQ(health->body()["processing"]["failed"], std::int64_t{1} << 53U);
}

TEST_F(MeasuredHealth, CpuOfANodeIsHowManyCoresItUsed) {
  node("http://a:9090", "up", {{"cpu", 10}});
  clock.advance(100 * base::kSecond);
  node("http://a:9090", "up", {{"cpu", 60}});
  EXPECT_DOUBLE_EQ(health->body()["nodes"][0]["cpu"].get<double>(), 0.5);
}

TEST_F(MeasuredHealth, WhatIsOldIsNotTold) {
  node("http://a:9090", "up", {{"memory", 5}});
  disk(10);
  clock.advance(3600 * base::kSecond);
  const Json body = health->body();
  EXPECT_EQ(body["nodes"][0]["state"], "unknown");
  EXPECT_FALSE(body["nodes"][0].contains("memory"));
  EXPECT_FALSE(body["gateway"].contains("storage"));
}

TEST_F(MeasuredHealth, ANodeThatIsNotConfiguredIsNotTaken) { EXPECT_FALSE(node("http://c:9090", "up")); }

TEST(NodeFigures, OfAnotherFormAreNotTaken) {
  const auto parse = [](const char* text) { return parse_node_figures(*base::parse_json(text)); };
  EXPECT_TRUE(parse(R"({"service":"a","node":"b","state":"up","numbers":{"cpu":1.5}})"));
  EXPECT_TRUE(parse(R"({"service":"a","node":"b","state":"up","numbers":null})"));
  EXPECT_FALSE(parse(R"([])"));
  EXPECT_FALSE(parse(R"({"state":"well"})"));
  EXPECT_FALSE(parse(R"({"state":"up","numbers":{"cpu":"1"}})"));
  EXPECT_FALSE(parse(R"({"state":"up","numbers":{"cpu":-1}})"));
  EXPECT_FALSE(parse(R"({"state":"up","numbers":[1]})"));
}

}  // namespace
}  // namespace postern::ledger
