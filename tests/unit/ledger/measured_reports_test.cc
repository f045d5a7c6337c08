// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// When health and usage are due, what of them is kept back, and what is made of Mission Control's answer.
#include "gateway/ledger/measured_reports.h"

#include <gmock/gmock.h>

#include <chrono>
#include <set>
#include <thread>

#include "tests/unit/audit/temporary_folder.h"
#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

using base::Json;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(SharedFields, AreTheSameInTheStateAndOnTheLine) {
  std::set<std::string> line, state(state::kSharedFields.begin(), state::kSharedFields.end());
  for (const std::string_view field : line::kHealthFields) line.insert("health." + std::string(field));
  for (const std::string_view field : line::kUsageFields) line.insert("usage." + std::string(field));
  EXPECT_EQ(line, state);
  EXPECT_EQ(line.size(), state::kSharedFields.size());
}

class ReportsOfMeasures : public ::testing::Test {
 protected:
  ReportsOfMeasures()
      : health(loop, clock, audit::system_files(), folder.path(), "0.1.0", [](const Draft&) {}),
        usage(loop, clock, audit::system_files(), folder.path()),
        reports(clock, health, usage,
                [this](std::string_view name) { return shared.contains(std::string(name)); }) {
    health.configure({});
    for (const std::string_view field : state::kSharedFields) shared.emplace(field);
  }
  void count_hours() {
    shared.insert("usage");
    usage.begin(UsageFold(), true, 0);
    clock.advance((3 * 3600 + 61) * base::kSecond);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    do {
      usage.look(0);
      loop.turn();
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      std::this_thread::yield();
    } while (usage.due(1).empty());
  }
  static line::Taken all_of(const std::vector<line::Report>& some) {
    line::Taken out;
    for (const line::Report& one : some) out.ids.push_back(one.id);
    return out;
  }

  audit::TemporaryFolder folder;
  loop::Loop loop;
  base::ManualClock clock{kNoon};
  std::set<std::string> shared;
  Health health;
  Usage usage;
  MeasuredReports reports;
};

TEST_F(ReportsOfMeasures, NothingIsDueThatIsNotShared) {
  EXPECT_THAT(reports.due(), IsEmpty());
  EXPECT_EQ(reports.preview("health")["shared"], false);
  EXPECT_EQ(reports.preview("health")["body"]["gateway"]["version"], "0.1.0");
  EXPECT_TRUE(reports.preview("events").is_null());
}

TEST_F(ReportsOfMeasures, HealthIsDueEveryTwoMinutesAndWhenAWarningBegan) {
  shared.insert("health");
  EXPECT_THAT(reports.due(), SizeIs(1));
  EXPECT_THAT(reports.due(), IsEmpty());
  clock.advance(10 * base::kSecond);
  ASSERT_TRUE(health.take_host(
      {{"host", {{"disks", {{{"name", "disk"}, {"percent", 99}}}}}}, {"gateway", Json::object()}}));
  EXPECT_THAT(reports.due(), SizeIs(1));
  EXPECT_THAT(reports.due(), IsEmpty());
  clock.advance(MeasuredReports::kHealthEvery);
  const auto later = reports.due();
  ASSERT_THAT(later, SizeIs(1));
  EXPECT_EQ(later[0].kind, line::Kind::Health);
}

TEST_F(ReportsOfMeasures, WhatIsKeptBackIsNotInThem) {
  shared.insert("health");
  shared.erase("health.version");
  EXPECT_FALSE(reports.due().at(0).body["gateway"].contains("version"));
  EXPECT_FALSE(reports.preview("health")["body"]["gateway"].contains("version"));
}

TEST_F(ReportsOfMeasures, TheVerdictIsOfTheReportThatIsUnderWay) {
  shared.insert("health");
  const auto sent = reports.due();
  line::Taken answer = all_of(sent);
  answer.answers["01HZX3T9GQ6W5JX0V4M2K8N7PD"] = {{"status", "critical"}};
  reports.taken(answer);
  EXPECT_TRUE(reports.status()["health"].is_null());
  answer.answers[sent[0].id] = {{"status", "warning"}, {"reasons", {"x"}}, {"minimum", {{"nodes", 2}}}};
  reports.taken(answer);
  EXPECT_EQ(reports.status()["health"]["status"], "warning");
  EXPECT_EQ(reports.status()["health"]["minimum"]["nodes"], 2);
  shared.erase("health");
  EXPECT_TRUE(reports.status()["health"].is_null());
}

TEST_F(ReportsOfMeasures, AnHourIsToldUntilItIsTakenAndUnderOneId) {
  count_hours();
  const auto first = reports.due(), again = reports.due();
  ASSERT_EQ(first.size(), 3U);
  ASSERT_EQ(again.size(), 3U);
  EXPECT_EQ(again[0].id, first[0].id);
  EXPECT_EQ(first[0].time % kUsageHour, 0);
  reports.taken(all_of({first[1]}));
  const auto left = reports.due();
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[1].id, first[2].id);
}

TEST_F(ReportsOfMeasures, OneWhoseFormIsNotTakenGoesAloneAndTheOthersStay) {
  count_hours();
  EXPECT_THAT(reports.due(), SizeIs(3));
  EXPECT_FALSE(reports.refused());
  const auto alone = reports.due();
  ASSERT_THAT(alone, SizeIs(1));
  EXPECT_TRUE(reports.refused());
  const auto next = reports.due();
  ASSERT_THAT(next, SizeIs(1));
  EXPECT_NE(next[0].id, alone[0].id);
  reports.taken(all_of(next));
  EXPECT_THAT(reports.due(), SizeIs(1));
}

}  // namespace
}  // namespace postern::ledger
