// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How reports of health are judged, and that hours of usage are counted once, whatever an installation sends.
#include "mission/desk/measures.h"

#include <gmock/gmock.h>

#include "tests/unit/desk/rig.h"

namespace postern::mission {
namespace {

using base::Json;
using line::HealthStatus;
using ::testing::IsEmpty;

constexpr base::Micros kUsageTime = kTestTime - kTestTime % (3600 * base::kWallSecond);

HealthStatus judged(const char* body, const HealthMinimum& minimum = {}) {
  return judge_health(*base::parse_json(body), minimum, kTestTime).status;
}

TEST(HealthJudgement, IsByTheWorstThatIsSaid) {
  EXPECT_EQ(judged("{}"), HealthStatus::Ok);
  EXPECT_EQ(judged(R"({"nodes":[{"service":"a","state":"up"},{"service":"a","state":"unknown"}]})"),
            HealthStatus::Ok);
  EXPECT_EQ(judged(R"({"nodes":[{"service":"a","state":"up"},{"service":"a","state":"down"}]})"),
            HealthStatus::Warning);
  EXPECT_EQ(judged(R"({"nodes":[{"service":"a","state":"up"},{"service":"b","state":"down"}]})"),
            HealthStatus::Critical);
  EXPECT_EQ(judged(R"({"availability":{"percent":99.4}})"), HealthStatus::Warning);
  EXPECT_EQ(judged(R"({"availability":{"percent":99.5},"processing":{"percent":98}})"), HealthStatus::Ok);
  EXPECT_EQ(judged(R"({"processing":{"percent":97.9}})"), HealthStatus::Warning);
  EXPECT_EQ(judged(R"({"warnings":[{"resource":"disk"}]})"), HealthStatus::Warning);
  EXPECT_EQ(judged(R"({"gateway":{"certificate":"2020-01-01T00:00:00Z"}})"), HealthStatus::Critical);
}

TEST(HealthJudgement, KnowsWhatThereMustBeAtLeast) {
  const char* body =
      R"({"gateway":{"cores":2,"memory":{"total":4000}},"nodes":[{"service":"a","state":"up"}]})";
  EXPECT_EQ(judged(body, {1, 2, 4000}), HealthStatus::Ok);
  for (const HealthMinimum& more :
       {HealthMinimum{2, 0, 0}, HealthMinimum{0, 3, 0}, HealthMinimum{0, 0, 4001}})
    EXPECT_EQ(judged(body, more), HealthStatus::Warning);
  EXPECT_EQ(judged("{}", {2, 3, 4001}), HealthStatus::Ok) << "what is kept back is not judged";
}

TEST(HealthJudgement, OfWhatIsOfNoSuchFormIsNothingWorse) {
  for (const char* body :
       {R"({"nodes":5,"gateway":[],"availability":1,"warnings":{"resource":1}})",
        R"({"nodes":[1,null,[]],"warnings":[3]})",
        R"({"nodes":[{"state":7,"certificate":"x"}],"gateway":{"memory":[],"storage":[1,{"used":"a"}]}})"}) {
    EXPECT_EQ(judged(body), HealthStatus::Ok) << body;
    static_cast<void>(health_row(*base::parse_json(body), {}, kTestTime));
  }
  Json many = {{"nodes", Json::array()}, {"warnings", Json::array()}};
  for (int i = 0; i < 500; ++i) many["warnings"].push_back({{"resource", "r" + std::to_string(i)}});
  EXPECT_LE(judge_health(many, {}, kTestTime).reasons.size(), line::kMostReasons);
}

class MeasuresOfInstallations : public DeskRig {
 protected:
  line::Report usage_of(base::Micros hour, const char* body) {
    return {ulid(), line::Kind::Usage, 1, hour, *base::parse_json(body)};
  }
  line::Report health_of(const char* body) {
    return {ulid(), line::Kind::Health, 1, clock.wall(), *base::parse_json(body)};
  }
  std::vector<std::string> own_events(const std::string& id) {
    std::vector<std::string> out;
    const auto all = store->events(id, 0, 100);
    for (const StoredEvent& event : *all) {
      if (event.own) out.push_back(event.type);
    }
    return out;
  }
};

TEST_F(MeasuresOfInstallations, AnHourThatIsToldTwiceCountsOnce) {
  const Enrolled one = enrolled();
  const line::Report hour =
      usage_of(kUsageTime - 3600 * base::kWallSecond, R"({"complete":true,"sessions":2,"engineers":1,
    "exchanges":{"read":5,"write":1,"refused":0},"bytes":{"in":1,"out":2},"capabilities":0,"component":{"queries":9,"Bad":1}})");
  line::Report other = hour;
  other.id = ulid();  // from a copy, or after its state was lost
  for (const line::Report& told : {hour, hour, other}) EXPECT_EQ(report(one, {told}).status, 200);
  reopen();
  EXPECT_EQ(report(one, {hour}).status, 200);
  const auto sums = store->usage_sums(one.id, 0);
  ASSERT_EQ(sums->size(), 1U);
  EXPECT_EQ(sums->front().hours, 1);
  EXPECT_EQ(sums->front().counts.at("exchanges_read"), 5);
  EXPECT_EQ(sums->front().counts.at("component.queries"), 9);
  EXPECT_FALSE(sums->front().counts.contains("component.Bad"));
}

TEST_F(MeasuresOfInstallations, WhatIsNoHourIsTakenAndForgottenAndOneToComeIsNotTaken) {
  const Enrolled one = enrolled();
  line::Report odd = usage_of(kUsageTime + base::kWallSecond, "{}"), new_schema = usage_of(kUsageTime, "{}");
  odd.time = kUsageTime - base::kWallSecond;
  new_schema.schema = 2;
  const line::Report ahead = usage_of(kUsageTime + 2 * 3600 * base::kWallSecond, "{}");
  const Answer answer = report(one, {odd, new_schema, ahead});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(line::parse_taken(answer.body)->ids.size(), 2U);
  EXPECT_THAT(*store->usage(one.id, 0, 10), IsEmpty());
}

TEST_F(MeasuresOfInstallations, HealthIsAnsweredAndItsChangesAreEvents) {
  const Enrolled one = enrolled();
  const line::Report well = health_of(R"({"nodes":[{"service":"a","state":"up"}]})");
  const Answer answer = report(one, {well});
  EXPECT_EQ(line::parse_taken(answer.body)->answers.at(well.id)["status"], "ok");
  clock.advance(121 * base::kSecond);
  const line::Report ill = health_of(R"({"nodes":[{"service":"a","state":"down"}]})");
  EXPECT_EQ(line::parse_taken(report(one, {ill}).body)->answers.at(ill.id)["status"], "critical");
  clock.advance(121 * base::kSecond);
  report(one, {health_of(R"({"nodes":[{"service":"a","state":"down"}]})")});
  clock.advance(121 * base::kSecond);
  report(one, {health_of(R"({"nodes":[{"service":"a","state":"up"}]})")});
  const auto events = own_events(one.id);
  EXPECT_EQ(std::count(events.begin(), events.end(), "installation.health_worse"), 1);
  EXPECT_EQ(std::count(events.begin(), events.end(), "installation.health_better"), 1);
  EXPECT_EQ(store->health(one.id, 0, 10)->size(), 4U);
  const Answer shown =
      ask({.method = http::Method::Get, .target = "/api/v1/installations/" + one.id, .local = true});
  EXPECT_EQ((*base::parse_json(shown.body))["health"]["rows"].size(), 4U);
}

TEST_F(MeasuresOfInstallations, TheHistoryOfHealthIsShownAndTheNewestOfEachInTheList) {
  const Enrolled one = enrolled(), silent = enrolled();
  const auto get = [&](const std::string& path) {
    return ask({.method = http::Method::Get, .target = "/api/v1/installations" + path, .local = true});
  };
  const auto items = [&](const std::string& path) { return (*base::parse_json(get(path).body))["items"]; };
  for (int i = 0; i < 40; ++i) {
    report(one, {health_of(i == 39 ? R"({"nodes":[{"service":"a","state":"down"}]})"
                                   : R"({"nodes":[{"service":"a","state":"up"}]})")});
    if (i < 39) clock.advance(121 * base::kSecond);
  }
  EXPECT_EQ(items("/" + one.id + "/health").size(), 40U);
  EXPECT_EQ(items("/" + one.id + "/health")[0]["status"], "critical") << "the newest first";
  EXPECT_GE(items("/" + one.id + "/health?of=year").size(), 2U);
  EXPECT_TRUE(items("/" + silent.id + "/health?of=days").empty());
  EXPECT_EQ(get("/" + one.id + "/health?of=ever").status, 400);
  std::map<std::string, base::Json> newest;
  for (const base::Json& item : items("")) newest[item["id"]] = item["newest_health"];
  EXPECT_EQ(newest[one.id]["status"], "critical");
  EXPECT_TRUE(newest[silent.id].is_null());
  clock.advance(1000 * base::kSecond);
  EXPECT_TRUE(items("")[0]["newest_health"].is_null() && items("")[1]["newest_health"].is_null())
      << "what is old says nothing of now";
}

TEST_F(MeasuresOfInstallations, HealthThatIsToldAgainIsAnsweredAgainAndCountsOnce) {
  const Enrolled one = enrolled();
  report(one, {health_of(R"({"availability":{"percent":100}})")});
  const line::Report told = health_of(R"({"availability":{"percent":99}})");
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(line::parse_taken(report(one, {told}).body)->answers.at(told.id)["status"], "warning");
  const auto hours = store->health_hours(one.id, 0, 10);
  ASSERT_EQ(hours->size(), 1U);
  EXPECT_DOUBLE_EQ(hours->front().numbers["availability"].get<double>(), 99.5);
}

TEST_F(MeasuresOfInstallations, UsageIsShownHourByHourAndSummedUp) {
  const Enrolled one = enrolled();
  report(one, {usage_of(kUsageTime - 3600 * base::kWallSecond, R"({"sessions":2})"),
               usage_of(kUsageTime, R"({"sessions":3})")});
  const auto shown = [&](const std::string& query) {
    return *base::parse_json(
        ask({.method = http::Method::Get, .target = "/api/v1/usage" + query, .local = true}).body);
  };
  EXPECT_EQ(shown("")["items"].size(), 2U);
  EXPECT_EQ(shown("?since=" + base::format_time(kUsageTime + 1))["items"].size(), 1U);
  EXPECT_EQ(shown("?sum=true")["items"][0]["counts"]["sessions"], 5);
  const Answer file = ask({.method = http::Method::Get, .target = "/api/v1/usage?format=csv", .local = true});
  EXPECT_EQ(file.type, "text/csv; charset=utf-8");
  EXPECT_EQ(file.body, "installation,hour,complete,sessions\n" + one.id + "," +
                           base::format_time(kUsageTime - 3600 * base::kWallSecond) + ",true,2\n" + one.id +
                           "," + base::format_time(kUsageTime) + ",true,3\n");
  EXPECT_EQ(
      ask({.method = http::Method::Get, .target = "/api/v1/usage?since=yesterday", .local = true}).status,
      400);
}

}  // namespace
}  // namespace postern::mission
