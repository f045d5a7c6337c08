// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "base/bytes.h"
#include "mission/desk/admin.h"
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

TEST_F(AdminApiTest, ARoleGivesWhatTheTableSaysAndNothingElse) {
  struct Who {
    std::string name;
    accounts::Rank rank;
  };
  for (const Who& who : {Who{"vera", accounts::Rank::Auditor}, {"ole", accounts::Rank::Operator}}) {
    const std::string cookie = sign_in(who.name);
    for (const AdminRoute& route : admin_routes()) {
      const bool own = route.path.find("/account") != std::string_view::npos ||
                       route.path.find("/sign-") != std::string_view::npos ||
                       route.path == "/api/v1/events/stream";
      if (route.access == Access::Anyone || own) continue;
      std::string path(route.path);
      if (const auto hole = path.find('{'); hole != std::string::npos)
        path.replace(hole, path.find('}') - hole + 1, "nobody");
      const Answer answer = at_page(route.method, path, base::Json::object(), cookie);
      EXPECT_EQ(answer.code == "rank", !may(who.rank, route.access))
          << who.name << " " << path << answer.body;
      EXPECT_EQ(at_page(route.method, path, base::Json::object(), "").status, 401) << path;
    }
  }
}

TEST_F(AdminApiTest, WhatChangesSomethingIsForOperatorsOrOnesOwn) {
  for (const AdminRoute& route : admin_routes()) {
    if (route.method == http::Method::Get) continue;
    const bool own = route.path.starts_with("/api/v1/account/") || route.path == "/api/v1/sign-out";
    const bool stranger = route.path.starts_with("/api/v1/sign-in") || route.path == "/api/v1/invitation" ||
                          route.path == "/api/v1/invitation/accept";
    EXPECT_EQ(route.access == Access::Viewers, own) << route.path;
    EXPECT_EQ(route.access == Access::Anyone, stranger) << route.path;
  }
}

TEST_F(AdminApiTest, IsWhatTheOpenApiDocumentDescribes) {
  const auto document = base::parse_json(admin_openapi());
  ASSERT_TRUE(document.ok()) << document.error().message;
  const std::map<Access, std::string> words{{Access::Anyone, "anyone"},
                                            {Access::Viewers, "viewer"},
                                            {Access::Operators, "operator"},
                                            {Access::Administrators, "administrator"}};
  std::set<std::string> described, routed;
  for (const auto& [path, methods] : (*document)["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      bool repeatable = false;
      for (const auto& parameter : operation.value("parameters", base::Json::array())) {
        repeatable |= parameter.contains("$ref");
        if (base::json_text_or(parameter, "in", "") != "path") continue;
        EXPECT_NE(path.find("{" + parameter["name"].get<std::string>() + "}"), std::string::npos) << path;
      }
      EXPECT_EQ(operation.contains("security"), operation["x-role"] == "anyone") << path;
      EXPECT_EQ(repeatable, method != "get" && operation["x-role"] != "anyone") << method << " " << path;
      described.insert(method + " " + path + " " + operation["x-role"].get<std::string>() +
                       (operation.contains("x-proof") ? " proof" : ""));
    }
  }
  for (const AdminRoute& route : admin_routes())
    routed.insert(base::to_lower(http::to_text(route.method)) + " " + std::string(route.path) + " " +
                  words.at(route.access) + (route.proof ? " proof" : ""));
  EXPECT_EQ(described, routed);
}

TEST_F(AdminApiTest, WhatBringsAnUpdateToCustomersWantsAFreshProof) {
  constexpr base::Nanos kAgo = 11 * 60 * base::kSecond;
  const std::string cookie =
      std::string(people_manner().cookie) + "=" +
      sign_ins.open(*registrar->accounts().find("admin"), {"password", "192.0.2.7:1", "test"},
                    loop.now() - kAgo, loop.wall());
  using enum http::Method;
  for (const auto& [method, path] : {std::pair{Post, "updates"},
                                     {Post, "updates/files/a"},
                                     {Post, "updates/p/offer"},
                                     {Post, "updates/p/resume"},
                                     {Put, "installations/one/ring"}})
    EXPECT_EQ(at_page(method, std::string("/api/v1/") + path, {{"ring", 1}}, cookie).code, "reauthenticate")
        << path;
  // What stops one is wanted at once.
  EXPECT_EQ(at_page(Post, "/api/v1/updates/p/suspend", {{"why", "x"}}, cookie).code, "not_found");
}

TEST_F(AdminApiTest, APageOfAnotherSiteChangesNothing) {
  const std::string cookie = sign_in("ole");
  Ask ask{.target = "/api/v1/enrolments", .body = R"({"customer":"A"})", .cookie = cookie};
  ask.origin = "https://evil.example";
  EXPECT_EQ(this->ask(ask).status, 403);
  EXPECT_EQ(json("/api/v1/enrolments")["items"].size(), 0U);
  ask.origin = "https://localhost:9444";
  EXPECT_EQ(this->ask(ask).status, 201);
}

TEST_F(AdminApiTest, AnInstallationsCertificateIsNobodyAtThePage) {
  const Enrolled who = enrolled();
  const Answer answer = ask({.method = http::Method::Get,
                             .target = "/api/v1/installations",
                             .certificate = who.certificate,
                             .cookie = std::string()});
  EXPECT_EQ(answer.code, "no_session");
  // Nor does the line answer what the page does.
  EXPECT_EQ(
      ask({.method = http::Method::Get, .target = "/api/v1/installations", .certificate = who.certificate})
          .status,
      404);
}

TEST_F(AdminApiTest, EveryActNamesItsPerson) {
  const std::string cookie = sign_in("ole");
  const Answer made = at_page(http::Method::Post, "/api/v1/enrolments", {{"customer", "A"}}, cookie);
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string id = (*base::parse_json(made.body))["id"];
  EXPECT_EQ(at_page(http::Method::Delete, "/api/v1/enrolments/" + id, {}, cookie).status, 204);
  const Enrolled who = enrolled();  // its code was made on the machine
  EXPECT_EQ(
      at_page(http::Method::Post, "/api/v1/installations/" + who.id + "/retire", base::Json::object(), cookie)
          .status,
      204);
  std::vector<std::string> acts;
  const base::Json listed = json("/api/v1/acts")["items"];
  for (const base::Json& act : listed)
    acts.push_back(act["type"].get<std::string>() + " " + act["actor"].get<std::string>());
  EXPECT_EQ(acts, (std::vector<std::string>{"installation.retired person:ole", "enrolment.made person:uid-0",
                                            "enrolment.withdrawn person:ole", "enrolment.made person:ole",
                                            "person.signed_in person:ole"}));
  EXPECT_EQ(json("/api/v1/acts?actor=person:ole&type=enrolment")["items"].size(), 2U);
  EXPECT_EQ(json("/api/v1/acts?subject=" + id)["items"].size(), 2U);
  EXPECT_EQ(json("/api/v1/acts?limit=1")["items"].size(), 1U);
  EXPECT_EQ(get("/api/v1/acts?limit=0").status, 400);
}

TEST_F(AdminApiTest, ANameIsOneInstallationsAndWhoGaveItIsWritten) {
  const std::string cookie = sign_in("ole");
  const Enrolled one = enrolled(), other = enrolled();
  const auto named = [&](const std::string& id, const base::Json& body) {
    return at_page(http::Method::Put, "/api/v1/installations/" + id + "/name", body, cookie).status;
  };
  for (const char* wrong : {"Acme", "-acme", "acme-", "a.b", "01arz3ndektsv4rrffq69g5fav"})
    EXPECT_EQ(named(one.id, {{"name", wrong}}), 400) << wrong;
  EXPECT_EQ(named(one.id, base::Json::array()), 400);
  EXPECT_EQ(named("nobody", {{"name", "acme"}}), 404);
  EXPECT_EQ(named(one.id, {{"name", "acme"}}), 200);
  EXPECT_EQ(named(other.id, {{"name", "acme"}}), 409);
  EXPECT_EQ(json("/api/v1/installations/" + one.id)["name"], "acme");
  EXPECT_EQ(named(one.id, {{"name", ""}}), 200);
  EXPECT_FALSE(json("/api/v1/installations/" + one.id).contains("name"));
  EXPECT_EQ(named(other.id, {{"name", "acme"}}), 200);
  const base::Json acts = json("/api/v1/acts?type=installation.named&actor=person:ole")["items"];
  ASSERT_EQ(acts.size(), 3U);
  EXPECT_EQ(acts[0]["subject"], other.id);
  EXPECT_EQ(acts[0]["detail"], (base::Json{{"name", "acme"}}));
  EXPECT_EQ(json("/api/v1/events?type=installation.named")["items"][0]["body"]["by"], "person:ole");
}

TEST_F(AdminApiTest, AnAccountThatIsLockedOrLoweredIsSignedOut) {
  const std::string ole = sign_in("ole"), admin_cookie = sign_in("admin");
  EXPECT_EQ(at_page(http::Method::Get, "/api/v1/me", {}, ole).status, 200);
  EXPECT_EQ(at_page(http::Method::Put, "/api/v1/people/ole/role", {{"role", "viewer"}}, admin_cookie).status,
            200);
  EXPECT_EQ(at_page(http::Method::Get, "/api/v1/me", {}, ole).status, 401);
  EXPECT_EQ(at_page(http::Method::Put, "/api/v1/people/ole/role", {{"role", "auditor"}}, admin_cookie).status,
            400)
      << "a word of the gateway's console";
  EXPECT_EQ(at_page(http::Method::Put, "/api/v1/people/ole/lock", {{"locked", true}}, admin_cookie).status,
            200);
  EXPECT_EQ(
      at_page(http::Method::Post, "/api/v1/sign-in", {{"name", "ole"}, {"password", kPersonsPassword}}, "")
          .code,
      "account_locked");
  EXPECT_EQ(at_page(http::Method::Delete, "/api/v1/people/admin", base::Json::object(), admin_cookie).code,
            "last_admin");
}

TEST_F(AdminApiTest, PeopleOutliveTheProcessAndTheFirstAreNotMadeAgain) {
  const std::string admin_cookie = sign_in("admin");
  EXPECT_EQ(at_page(http::Method::Delete, "/api/v1/people/ole", base::Json::object(), admin_cookie).status,
            204);
  reopen();
  EXPECT_EQ(registrar->accounts().list.size(), 2U);
  EXPECT_EQ(registrar->accounts().find("ole"), nullptr);
}

TEST_F(AdminApiTest, WhatAnotherServerChangedIsSeenAndNotOverwritten) {
  const std::string cookie = sign_in("admin");
  Registrar other(*parts);
  ASSERT_TRUE(other.open("").ok());
  EXPECT_EQ(at_page(http::Method::Put, "/api/v1/people/vera/lock", {{"locked", true}}, cookie).status, 200);
  int status = 0;
  other.order("remove", {{"name", "ole"}, {"actor", "person:admin"}, {"from", "x"}},
              [&](const face::Registrar::Answer& answer) { status = answer.status; });
  commits->flush();
  EXPECT_EQ(status, 409);
  EXPECT_TRUE(other.accounts().find("vera")->locked) << "read again";
  other.order("remove", {{"name", "ole"}, {"actor", "person:admin"}, {"from", "x"}},
              [&](const face::Registrar::Answer& answer) { status = answer.status; });
  commits->flush();
  EXPECT_EQ(status, 200);
  EXPECT_NE(registrar->accounts().find("ole"), nullptr);
  registrar->look();
  EXPECT_EQ(registrar->accounts().find("ole"), nullptr);
}

TEST_F(AdminApiTest, AnInvitationLetsInOnce) {
  clock.advance((loop.wall() - clock.wall()) * 1000);  // a face looks at the loop's own clock
  const Answer invited =
      ask({.target = "/api/v1/invitations", .body = R"({"name":"nora","role":"operator"})", .local = true});
  ASSERT_EQ(invited.status, 201) << invited.body;
  const std::string link = (*base::parse_json(invited.body))["link"];
  const std::string token = link.substr(link.find('#') + 1);
  const base::Json accept{{"token", token}, {"password", kPersonsPassword}};
  const Answer in = at_page(http::Method::Post, "/api/v1/invitation/accept", accept, "");
  ASSERT_EQ(in.status, 200) << in.body;
  EXPECT_EQ(at_page(http::Method::Post, "/api/v1/enrolments", {{"customer", "A"}}, in.cookie).status, 201);
  EXPECT_EQ(at_page(http::Method::Post, "/api/v1/invitation/accept", accept, "").code, "no_invitation");
  EXPECT_EQ(get("/api/v1/acts").body.find(token), std::string::npos);
}

TEST_F(AdminApiTest, WithoutASecondFactorOnlyOnesOwnAccountOpens) {
  signing.second_factor_required = true;
  const std::string cookie = sign_in("admin");
  EXPECT_EQ(at_page(http::Method::Get, "/api/v1/account", {}, cookie).status, 200);
  EXPECT_EQ(at_page(http::Method::Get, "/api/v1/installations", {}, cookie).code, "second_factor_missing");
  EXPECT_EQ(at_page(http::Method::Post, "/api/v1/enrolments", {{"customer", "A"}}, cookie).code,
            "second_factor_missing");
}

TEST_F(AdminApiTest, TheLiveLineTellsOfAnEventOnceItIsDurableAndEndsWithTheSignIn) {
  const Enrolled who = enrolled();
  const std::string cookie = sign_in("vera");
  const Answer stream = at_page(http::Method::Get, "/api/v1/events/stream", {}, cookie);
  ASSERT_NE(stream.source, nullptr) << stream.status << stream.body;
  ASSERT_EQ(report(who, {event(1)}).status, 200);
  std::string told;
  EXPECT_TRUE(turn_until([&] {
    told += read_all(*stream.source);
    return told.find("event: event") != std::string::npos;
  })) << told;
  EXPECT_NE(told.find(who.id), std::string::npos) << told;
  EXPECT_EQ(at_page(http::Method::Post, "/api/v1/sign-out", base::Json::object(), cookie).status, 204);
  watch->changed();
  std::string out;
  EXPECT_TRUE(turn_until([&] { return stream.source->read(out, 4096) == answer::Source::State::Done; }));
}

}  // namespace
}  // namespace postern::mission
