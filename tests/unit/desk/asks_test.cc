// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What people ask of an installation reaches it with its next heartbeat, and what it says of that stands here; of others' it learns
// and changes nothing.
#include "mission/desk/asks.h"

#include "mission/desk/admin.h"
#include "tests/unit/desk/rig.h"

namespace postern::mission {
namespace {

using base::Json;

class AccessAskedTest : public DeskRig {
 protected:
  Answer make(const std::string& installation, Json body, const std::string& cookie) {
    return at_page(http::Method::Post, "/api/v1/installations/" + installation + "/requests", std::move(body),
                   cookie);
  }
  Json request(const std::string& id) {
    const Answer answer =
        ask({.method = http::Method::Get, .target = "/api/v1/requests/" + id, .local = true});
    EXPECT_EQ(answer.status, 200) << answer.body;
    return *base::parse_json(answer.body);
  }
  // The answer to a heartbeat.
  Json beat(const Enrolled& who) {
    const std::string id = ulid();
    const Answer answer = report(who, {{id, line::Kind::Heartbeat, 1, clock.wall(), Json::object()}});
    EXPECT_EQ(answer.status, 200) << answer.body;
    return line::parse_taken(answer.body).value().answers.at(id);
  }
  void stands(const Enrolled& who, const line::Standing& standing) {
    const Answer answer =
        report(who, {{ulid(), line::Kind::Standing, 1, clock.wall(), line::to_json(standing)}});
    EXPECT_EQ(answer.status, 200) << answer.body;
  }
  const Json wish{{"engineer", "alice"}, {"role", "viewer"}, {"reason", "disk alert"}};
};

TEST_F(AccessAskedTest, GoesWithTheHeartbeatUntilItIsOver) {
  const Enrolled who = enrolled(), other = enrolled();
  const std::string ole = sign_in("ole");
  const Answer made = make(who.id, wish, ole);
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string id = (*base::parse_json(made.body))["id"];
  EXPECT_EQ(request(id)["state"], "sent");
  EXPECT_TRUE(beat(other).empty()) << "another's";
  const line::Asks asked = line::parse_asks(beat(who));
  ASSERT_EQ(asked.good.size(), 1U);
  EXPECT_EQ(asked.good[0].id, id);
  EXPECT_EQ(asked.good[0].by, "ole");
  EXPECT_EQ(asked.good[0].stands, "");
  stands(other, {id, "approved", {}, 0});
  EXPECT_EQ(request(id)["state"], "sent") << "another says so";
  stands(who, {id, "pending", "not known there", 0});
  EXPECT_EQ(request(id)["state"], "pending");
  EXPECT_EQ(request(id)["note"], "not known there");
  EXPECT_EQ(line::parse_asks(beat(who)).good.at(0).stands, "pending");
  stands(who, {id, "refused", "no", 0});
  EXPECT_TRUE(beat(who).empty());
  EXPECT_EQ(at_page(http::Method::Delete, "/api/v1/requests/" + id, {}, ole).status, 409);
}

TEST_F(AccessAskedTest, IsWithdrawnWhereItIsNotOverAndSaidSoToTheInstallation) {
  const Enrolled who = enrolled();
  const std::string ole = sign_in("ole");
  const Answer stream = orders(who, ulid());
  read_all(*stream.source);
  const std::string id = (*base::parse_json(make(who.id, wish, ole).body))["id"];
  EXPECT_NE(read_all(*stream.source).find("\"asks\""), std::string::npos);
  EXPECT_EQ(at_page(http::Method::Delete, "/api/v1/requests/" + id, {}, ole).status, 204);
  EXPECT_NE(read_all(*stream.source).find("\"asks\""), std::string::npos);
  EXPECT_TRUE(line::parse_asks(beat(who)).good.at(0).withdrawn);
  EXPECT_EQ(request(id)["withdrawn"], true);
}

TEST_F(AccessAskedTest, SaysWhatIsWrongAndWhoMay) {
  const Enrolled who = enrolled();
  const std::string ole = sign_in("ole"), vera = sign_in("vera");
  EXPECT_EQ(make(who.id, wish, vera).status, 403);
  EXPECT_EQ(make("nobody", wish, ole).status, 404);
  for (const char* key : {"engineer", "role", "reason"}) {
    Json less = wish;
    less.erase(key);
    EXPECT_EQ(make(who.id, less, ole).status, 400) << key;
  }
  Json both = wish;
  both["capabilities"] = {"metrics.read"};
  EXPECT_EQ(make(who.id, both, ole).status, 400);
  EXPECT_EQ(make(who.id, Json::array(), ole).status, 400);
  Json forged = wish;
  forged["by"] = "the customer";
  forged["stands"] = "approved";
  const Json made = *base::parse_json(make(who.id, forged, ole).body);
  EXPECT_EQ(made["by"], "ole");
  EXPECT_EQ(made["state"], "sent");
  EXPECT_EQ(at_page(http::Method::Get, "/api/v1/requests", {}, vera).status, 200);
  EXPECT_EQ(ask({.method = http::Method::Get, .target = "/api/v1/requests/none", .local = true}).status, 404);
}

// It may say so at five hundred a second: what else is known of it stays.
TEST_F(AccessAskedTest, ChangesOfWhereItStandsAreWrittenDownAtAPaceAndTheOthersCounted) {
  const Enrolled who = enrolled();
  const std::string id = (*base::parse_json(make(who.id, wish, sign_in("ole")).body))["id"];
  const auto alternate = [&](int times) {
    std::vector<line::Report> reports;
    for (int i = 0; i < times; ++i)
      reports.push_back({ulid(), line::Kind::Standing, 1, clock.wall(),
                         line::to_json(line::Standing{id, i % 2 == 0 ? "pending" : "approved", {}, 0})});
    ASSERT_EQ(report(who, reports).status, 200);
  };
  for (int i = 0; i < 10; ++i) alternate(100);
  EXPECT_EQ(store->events(who.id, 0, 5000, "request.stands")->size(), 100U);
  EXPECT_EQ(request(id)["state"], "approved") << "where it stands is known all the same";
  clock.advance(300 * base::kSecond);
  alternate(1);
  const auto told = store->events(who.id, 0, 5000, "request.stands");
  ASSERT_EQ(told->size(), 101U);
  EXPECT_EQ(base::json_number_or(told->front().body, "unrecorded", 0), 900);
}

TEST_F(AccessAskedTest, OfNoKnownFormOrAskChangesNothing) {
  const Enrolled who = enrolled();
  stands(who, {ulid(), "approved", {}, 0});
  const Answer answer = report(who, {{ulid(), line::Kind::Standing, 1, clock.wall(), {{"state", 7}}}});
  EXPECT_EQ(answer.status, 200) << "taken, and forgotten";
}

}  // namespace
}  // namespace postern::mission
