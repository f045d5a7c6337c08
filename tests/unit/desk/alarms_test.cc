// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/alarms.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "audit/event.h"
#include "mission/desk/alert_limit.h"
#include "tests/unit/desk/rig.h"

namespace postern::mission {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class AlarmsTest : public DeskRig {
 protected:
  AlarmsTest() { start(); }
  void start() { alarms = std::make_unique<Alarms>(*parts, AlertSettings{}); }
  void look() {
    alarms->look();
    commits->flush();
  }
  void pass(base::Micros seconds) { clock.advance(seconds * base::kSecond); }
  // "rule subject severity state", the newest first.
  std::vector<std::string> shown(bool resolved = false) {
    std::vector<std::string> out;
    const auto found = store->alerts({.resolved = resolved});
    EXPECT_TRUE(found.ok()) << found.error().message;
    for (const Alert& one : *found) {
      const base::Json json = json_of_alert(one);
      out.push_back(one.rule + " " + one.subject + (one.subject.empty() ? "" : " ") +
                    json["severity"].get<std::string>() + " " + json["state"].get<std::string>());
    }
    return out;
  }
  std::int64_t events_of(const std::string& installation, const std::string& type) {
    return static_cast<std::int64_t>(store->events(installation, 0, 1000, type)->size());
  }
  void tell_health(const Enrolled& one, const char* body) {
    report(one, {{ulid(), line::Kind::Health, 1, clock.wall(), *base::parse_json(body)}});
  }
  void set_standing(const Enrolled& one, Standing standing) {
    ASSERT_TRUE(store->set_standing(one.id, standing, clock.wall()).ok());
    ASSERT_TRUE(store->commit().ok());
  }

  std::unique_ptr<Alarms> alarms;
};

constexpr const char* kIll = R"({"nodes":[{"service":"a","state":"down"}]})";
constexpr const char* kWell = R"({"nodes":[{"service":"a","state":"up"}]})";

TEST_F(AlarmsTest, ALineThatIsDownForLongEnoughFiresAndIsResolvedOnceItIsUpForLongEnough) {
  const Enrolled one = enrolled();
  set_standing(one, Standing::Late);
  look();
  pass(299);
  look();
  EXPECT_THAT(shown(), IsEmpty());
  pass(2);
  look();
  EXPECT_THAT(shown(), ElementsAre("late severe firing"));
  look();
  EXPECT_EQ(events_of(one.id, "alert.fired"), 1);
  set_standing(one, Standing::Up);
  look();
  pass(299);
  look();
  EXPECT_THAT(shown(), ElementsAre("late severe firing")) << "it may come back";
  pass(2);
  look();
  EXPECT_THAT(shown(), IsEmpty());
  EXPECT_THAT(shown(true), ElementsAre("late severe resolved"));
  EXPECT_EQ(events_of(one.id, "alert.resolved"), 1);
}

TEST_F(AlarmsTest, WhatComesAndGoesIsOneAlertAndNotMany) {
  const Enrolled one = enrolled();
  for (int i = 0; i < 20; ++i) {  // 40 minutes
    tell_health(one, i % 2 == 0 ? kIll : kWell);
    for (int second = 0; second < 120; second += 15) {
      look();
      pass(15);
    }
  }
  EXPECT_THAT(shown(true), IsEmpty()) << "it was never ill for as long as the rule says";
  tell_health(one, kIll);
  look();
  pass(130);
  tell_health(one, kIll);
  look();
  pass(130);
  look();
  EXPECT_THAT(shown(), ElementsAre("health severe firing"));
  for (int i = 0; i < 20; ++i) {
    tell_health(one, i % 2 == 0 ? kWell : kIll);
    for (int second = 0; second < 120; second += 15) {
      look();
      pass(15);
    }
  }
  EXPECT_THAT(shown(true), ElementsAre("health severe firing")) << "it was never well for long enough";
  EXPECT_EQ(events_of(one.id, "alert.fired"), 1);
}

TEST_F(AlarmsTest, AResourceAtItsThresholdIsNamed) {
  const Enrolled one = enrolled();
  tell_health(
      one,
      R"({"warnings":[{"of":"gateway","resource":"host.disk","value":93,"unit":"%"},{"resource":7},"x"]})");
  look();
  EXPECT_THAT(shown(), ElementsAre("resource host.disk warning firing"));
  EXPECT_EQ(store->alerts({})->front().what, "host.disk is at its threshold (93 %)");
}

TEST_F(AlarmsTest, ACertificateThatIsSoonOverIsSaid) {
  enrolled();
  pass(24 * 86400);
  look();
  EXPECT_THAT(shown(), IsEmpty());
  pass(2 * 86400);
  look();
  EXPECT_THAT(shown(), ElementsAre("certificate severe firing"));
}

TEST_F(AlarmsTest, UsageThatStopsIsSaidWhileTheLineIsUp) {
  const Enrolled one = enrolled();
  const base::Micros hour =
      clock.wall() - clock.wall() % (3600 * base::kWallSecond) - 3600 * base::kWallSecond;
  ASSERT_TRUE(store->keep_usage({one.id, hour, true, {{"sessions", 1}}}, clock.wall()).ok());
  pass(8 * 3600);
  look();
  EXPECT_THAT(shown(), IsEmpty()) << "its line is not up: that is another alert";
  set_standing(one, Standing::Up);
  look();
  EXPECT_THAT(shown(), ElementsAre("usage warning firing"));
}

TEST_F(AlarmsTest, ASevereEventIsOneForAnHour) {
  const Enrolled one = enrolled();
  for (const char* severity : {"info", "severe", "severe"})
    report(one, {{ulid(),
                  line::Kind::Event,
                  1,
                  clock.wall(),
                  {{"type", "log.witness_refused"}, {"severity", severity}}}});
  parts->note(one.id, "installation.connected_twice", {{"client", "x"}});
  commits->flush();
  look();
  EXPECT_THAT(shown(), ElementsAre("event log.witness_refused severe firing",
                                   "event installation.connected_twice severe firing"));
  pass(3700);
  look();
  pass(301);
  look();
  EXPECT_THAT(shown(), IsEmpty());
}

// A hostile installation has names without end.
class AlertFloodTest : public AlarmsTest {
 protected:
  void tell_severe(const Enrolled& one, const std::vector<std::string>& types) {
    std::vector<line::Report> reports;
    for (const std::string& type : types)
      reports.push_back(
          {ulid(), line::Kind::Event, 1, clock.wall(), {{"type", type}, {"severity", "severe"}}});
    for (auto it = reports.begin(); it != reports.end();) {
      const auto end = it + std::min<std::ptrdiff_t>(100, reports.end() - it);
      ASSERT_EQ(report(one, {it, end}).status, 200);
      it = end;
    }
  }
  void tell_resources(const Enrolled& one, int number) {
    base::Json warnings = base::Json::array();
    for (int i = 0; i < number; ++i) warnings.push_back({{"resource", "r" + std::to_string(++names)}});
    report(one, {{ulid(), line::Kind::Health, 1, clock.wall(), {{"warnings", warnings}}}});
  }
  // Of those that are about several things: its health, which suffers from warnings, is one by itself.
  std::vector<std::string> subjects() {
    std::vector<std::string> out;
    const auto all = store->open_alerts();
    for (const Alert& one : *all)
      if (one.rule != "health") out.push_back(one.subject);
    return out;
  }
  std::size_t open() { return subjects().size(); }
  std::int64_t unrecorded(const std::string& installation, const std::string& type) {
    std::int64_t out = 0;
    const auto all = store->events(installation, 0, 1000, type);
    for (const StoredEvent& one : *all) out += base::json_number_or(one.body, "unrecorded", 0);
    return out;
  }
  int names = 0;
};

TEST_F(AlertFloodTest, TypesThatNoGatewayHasAreOneAlertTogether) {
  const Enrolled evil = enrolled(), good = enrolled();
  std::vector<std::string> types{"log.witness_refused"};
  for (int i = 0; i < 999; ++i) types.push_back("made.up_" + std::to_string(i));
  tell_severe(evil, types);
  tell_severe(good, {"sandbox.violated"});
  parts->note(evil.id, "installation.connected_twice", {{"client", "x"}});
  look();
  EXPECT_THAT(shown(), testing::UnorderedElementsAre("event log.witness_refused severe firing",
                                                     "event other types severe firing",
                                                     "event installation.connected_twice severe firing",
                                                     "event sandbox.violated severe firing"));
  const auto all = store->alerts({.installation = evil.id});
  const auto other =
      std::find_if(all->begin(), all->end(), [](const Alert& one) { return one.subject == kOtherTypes; });
  ASSERT_NE(other, all->end());
  EXPECT_THAT(other->what, testing::HasSubstr("types that are not known here, 999 times within the hour"));
}

// It may call any type severe, that of the catalogue has: what Mission Control noticed itself is among the alerts all the same.
TEST_F(AlertFloodTest, WhatIsAboveTheLimitIsOneAlertAndWhatWasNoticedStandsForItself) {
  const Enrolled evil = enrolled();
  std::vector<std::string> types;
  for (const audit::EventText& one : audit::all_events()) types.emplace_back(one.name);
  ASSERT_GT(types.size(), kMostAlerts + 20);
  tell_severe(evil, types);
  look();
  EXPECT_EQ(open(), kMostAlerts + 1);
  EXPECT_THAT(subjects(), testing::Contains(std::string(kOtherAlerts)));
  parts->note(evil.id, "installation.log_conflict", {{"client", "x"}});
  look();
  EXPECT_EQ(open(), kMostAlerts + 2);
  EXPECT_THAT(subjects(), testing::Contains("installation.log_conflict"));
  const auto all = store->alerts({.most = 1000});
  const auto more =
      std::find_if(all->begin(), all->end(), [](const Alert& one) { return one.subject == kOtherAlerts; });
  ASSERT_NE(more, all->end());
  EXPECT_THAT(more->what, testing::StartsWith(std::to_string(types.size() - kMostAlerts) + " more: "));
  pass(3700);
  look();
  pass(301);
  look();
  EXPECT_EQ(open(), 0U) << "it is over with what it stood for";
}

TEST_F(AlertFloodTest, ResourcesUnderEverNewNamesFillNothing) {
  const Enrolled evil = enrolled();
  for (int i = 0; i < 300; ++i) {  // twelve hours and a half
    tell_resources(evil, 64);
    look();
    ASSERT_LE(open(), kMostAlerts + 1);
    pass(151);
  }
  std::size_t resources = 0;
  const auto all = store->alerts({.resolved = true, .most = 100'000});
  for (const Alert& one : *all) resources += one.rule == "resource" ? 1U : 0U;
  EXPECT_LE(resources, static_cast<std::size_t>(kMostResolved) + kMostAlerts + 1);
  EXPECT_GE(resources, static_cast<std::size_t>(kMostResolved)) << "there were more";
  // 64 at once, and one in five minutes.
  EXPECT_LE(events_of(evil.id, "alert"), 64 + 151);
  EXPECT_GT(unrecorded(evil.id, "alert"), 1'000);
}

TEST_F(AlertFloodTest, WhatIsOpenStaysItselfWhileOthersCome) {
  const Enrolled one = enrolled();
  const auto tell = [&](const std::vector<std::string>& resources) {
    base::Json warnings = base::Json::array();
    for (const std::string& each : resources) warnings.push_back({{"resource", each}});
    report(one, {{ulid(), line::Kind::Health, 1, clock.wall(), {{"warnings", warnings}}}});
  };
  tell({"zz"});
  look();
  std::vector<std::string> all{"zz"};
  for (int i = 0; i < 40; ++i) all.push_back("a" + std::to_string(i));
  tell(all);
  look();
  EXPECT_THAT(subjects(), testing::Contains("zz"));
  EXPECT_EQ(open(), kMostAlerts + 1);
  pass(15);
  tell({"zz", "a0"});
  for (int i = 0; i < 3; ++i) {
    look();
    pass(301);
    tell({"zz", "a0"});
  }
  look();
  EXPECT_THAT(subjects(), testing::UnorderedElementsAre("zz", "a0"));
}

TEST_F(AlertFloodTest, OneLookWritesSoMuchAndTheNextGoesOn) {
  std::vector<Enrolled> many;
  for (int i = 0; i < 40; ++i) {
    many.push_back(enrolled());
    tell_resources(many.back(), 64);
  }
  std::set<std::string> told;
  std::size_t before = store->open_alerts()->size();
  int looks = 0;
  for (; told.size() < many.size(); ++looks) {
    ASSERT_LT(looks, 20);
    look();
    const auto all = store->open_alerts();
    EXPECT_LE(all->size() - before, Alarms::kMostChanges);
    before = all->size();
    for (const Alert& each : *all) told.insert(each.installation);
  }
  EXPECT_GT(looks, 1);
  look();
  EXPECT_EQ(open(), many.size() * (kMostAlerts + 1));
}

TEST_F(AlarmsTest, OfTwoServersOneFiresAndTheOtherKnows) {
  const Enrolled one = enrolled();
  set_standing(one, Standing::Late);
  Alarms other(*parts, AlertSettings{});
  pass(400);
  for (int i = 0; i < 3; ++i) {
    look();
    other.look();
    commits->flush();
  }
  EXPECT_THAT(shown(true), ElementsAre("late severe firing"));
  EXPECT_EQ(events_of(one.id, "alert.fired"), 1);
  start();  // and after a restart
  look();
  EXPECT_EQ(events_of(one.id, "alert.fired"), 1);
}

TEST_F(AlarmsTest, OneIsAcknowledgedOnceByAnOperator) {
  const Enrolled one = enrolled();
  set_standing(one, Standing::Late);
  pass(400);
  look();
  const std::string ole = sign_in("ole"), vera = sign_in("vera");
  const auto list = [&](const std::string& query) {
    return *base::parse_json(at_page(http::Method::Get, "/api/v1/alerts" + query, {}, vera).body);
  };
  const base::Json alert = list("")["items"][0];
  EXPECT_EQ(alert["state"], "firing");
  const std::string path = "/api/v1/alerts/" + alert["id"].get<std::string>() + "/acknowledge";
  EXPECT_EQ(at_page(http::Method::Post, path, base::Json::object(), vera).status, 403);
  EXPECT_EQ(at_page(http::Method::Post, path, base::Json::object(), ole).status, 204);
  EXPECT_EQ(at_page(http::Method::Post, path, base::Json::object(), ole).status, 404) << "once";
  EXPECT_EQ(list("")["items"][0]["state"], "acknowledged");
  EXPECT_EQ(list("")["items"][0]["by"], "person:ole");
  EXPECT_EQ(store->acts({.type = "alert.acknowledged"})->size(), 1U);
  EXPECT_TRUE(list("?installation=01JD7Z3V5T4Q2N8M6K0H1F9C3B")["items"].empty());
  EXPECT_EQ(at_page(http::Method::Get, "/api/v1/alerts?state=none", {}, vera).status, 400);
  EXPECT_EQ(at_page(http::Method::Get, "/api/v1/alerts?limit=0", {}, vera).status, 400);
  set_standing(one, Standing::Up);
  look();
  pass(301);
  look();
  EXPECT_TRUE(list("")["items"].empty());
  EXPECT_EQ(list("?state=all")["items"][0]["state"], "resolved");
  EXPECT_EQ(list("?state=all")["items"][0]["by"], "person:ole") << "it is known who had it";
}

}  // namespace
}  // namespace postern::mission
