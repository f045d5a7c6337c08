// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/admin_api.h"

#include "mission/store/postgres_database.h"
#include "tests/unit/desk/rig.h"

namespace postern::mission {
namespace {

class AdminApiTest : public DeskRig {
 protected:
  Answer get(const std::string& target) {
    return ask({.method = http::Method::Get, .target = target, .local = true});
  }
  base::Json json(const std::string& target) {
    const Answer answer = get(target);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return *base::parse_json(answer.body);
  }
};

TEST_F(AdminApiTest, ACodeIsShownOnceAndKeptNowhere) {
  const std::string code = new_code();
  const std::string listed = get("/api/v1/enrolments").body;
  EXPECT_EQ(listed.find(code), std::string::npos);
  EXPECT_EQ(listed.find("code"), std::string::npos);
  EXPECT_EQ(json("/api/v1/enrolments")["items"][0]["state"], "open");
}

TEST_F(AdminApiTest, StatusCountsAndShowsTheServers) {
  const Enrolled who = enrolled();
  const Answer stream = orders(who, ulid());
  const base::Json status = json("/api/v1/status");
  EXPECT_EQ(status["installations"], (base::Json{{"new", 0}, {"up", 1}, {"late", 0}, {"retired", 0}}));
  EXPECT_EQ(status["store"], (base::Json{{"available", true}}));
  ASSERT_EQ(status["servers"].size(), 1U);
  EXPECT_EQ(status["servers"][0]["here"], true);
  EXPECT_EQ(status["servers"][0]["connected"], 1);
}

TEST_F(AdminApiTest, WhileTheStoreIsAwayStatusSaysSoAndAllElseIsToBeTriedAgain) {
  const Enrolled who = enrolled();
  begin(std::make_unique<Store>(std::make_unique<PostgresDatabase>(PostgresSettings{})));
  const base::Json status = json("/api/v1/status");
  EXPECT_EQ(status["store"]["available"], false);
  EXPECT_TRUE(
      status["store"]["why"].get<std::string>().starts_with("PostgreSQL is away: it was not connected yet"));
  EXPECT_EQ(get("/api/v1/installations").status, 503);
  const Answer refused = report(who, {event(1)});
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.code, "store_unavailable");
  EXPECT_EQ(enrol(line::new_code()).status, 503);
  EXPECT_EQ(orders(who, ulid()).status, 503);
}

TEST_F(AdminApiTest, SaysWhatIsWrongWithAWish) {
  const auto wish = [&](const base::Json& body) {
    return ask({.target = "/api/v1/enrolments", .body = base::dump_json(body), .local = true}).status;
  };
  EXPECT_EQ(wish(base::Json::array()), 400);
  EXPECT_EQ(wish({{"customer", ""}}), 400);
  EXPECT_EQ(wish({{"customer", "a\nb"}}), 400);
  EXPECT_EQ(wish({{"customer", std::string(201, 'x')}}), 400);
  EXPECT_EQ(wish({{"customer", "A"}, {"expires", "soon"}}), 400);
  EXPECT_EQ(wish({{"customer", "A"}, {"expires", "1s"}}), 400);
  EXPECT_EQ(wish({{"customer", "A"}, {"expires", "91d"}}), 400);
  EXPECT_EQ(wish({{"customer", "A"}, {"expires", "90d"}}), 201);
}

TEST_F(AdminApiTest, ShowsStatesOfCodes) {
  const std::string used = new_code("A");
  ASSERT_EQ(enrol(used).status, 200);
  clock.advance(base::kSecond);
  new_code("B", "1m");
  clock.advance(base::kSecond);
  new_code("C");
  const std::string open = json("/api/v1/enrolments")["items"][0]["id"];
  EXPECT_EQ(
      ask({.method = http::Method::Delete, .target = "/api/v1/enrolments/" + open, .local = true}).status,
      204);
  EXPECT_EQ(
      ask({.method = http::Method::Delete, .target = "/api/v1/enrolments/" + open, .local = true}).status,
      404);
  clock.advance(60 * base::kSecond);
  const base::Json items = json("/api/v1/enrolments")["items"];
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0]["state"], "withdrawn");
  EXPECT_EQ(items[1]["state"], "expired");
  EXPECT_EQ(items[2]["state"], "used");
}

TEST_F(AdminApiTest, ShowsAnInstallationAndPagesItsEvents) {
  const Enrolled who = enrolled(), other = enrolled();
  std::vector<line::Report> sent;
  for (int i = 0; i < 5; ++i) sent.push_back(event(i));
  ASSERT_EQ(report(who, sent).status, 200);
  ASSERT_EQ(report(other, {event(9)}).status, 200);
  const base::Json shown = json("/api/v1/installations/" + who.id);
  EXPECT_EQ(shown["state"], "new");
  EXPECT_EQ(shown["certificates"].size(), 1U);
  const base::Json page = json("/api/v1/events?installation=" + who.id + "&limit=2");
  ASSERT_EQ(page["items"].size(), 2U);
  EXPECT_EQ(page["items"][0]["body"]["number"], 4);
  const base::Json next =
      json("/api/v1/events?installation=" + who.id + "&before=" + std::to_string(page["next"].get<int>()));
  EXPECT_EQ(next["items"][0]["body"]["number"], 2);
  EXPECT_EQ(next["items"].size(), 4U) << "three more, and that it enrolled";
  EXPECT_EQ(json("/api/v1/events")["items"].size(), 8U);
  EXPECT_EQ(get("/api/v1/events?limit=0").status, 400);
  EXPECT_EQ(get("/api/v1/events?before=x").status, 400);
  EXPECT_EQ(get("/api/v1/installations/nobody").status, 404);
  EXPECT_EQ(json("/api/v1/status")["installations"]["new"], 2);
}

TEST_F(AdminApiTest, OnlyTheControlSocketReachesIt) {
  EXPECT_EQ(ask({.method = http::Method::Get, .target = "/api/v1/status"}).status, 404);
  EXPECT_EQ(get("/line/v1/orders").status, 404);
  EXPECT_EQ(get("/api/v1/enrolments/x").status, 405);
}

}  // namespace
}  // namespace postern::mission
