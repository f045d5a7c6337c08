// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/alarms.h"

#include <gmock/gmock.h>

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
