// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/router.h"
#include "tests/unit/console/rig.h"

namespace postern::console {
namespace {

using enum http::Method;

class SiteTest : public Rig {};

TEST_F(SiteTest, AnswersNobodyWhoIsNotSignedIn) {
  connect_ledger();
  for (const Route& route : routes()) {
    if (route.access == Access::Anyone || route.access == Access::Signed) continue;
    std::string path(route.path);
    for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{'))
      path.replace(at, path.find('}') - at + 1, "x");
    const Ask ask = route.method == Get ? Ask{Get, path} : change(route.method, path);
    EXPECT_EQ(answer(ask).status, 401) << path;
  }
  EXPECT_TRUE(fake.commands.empty());
}

TEST_F(SiteTest, SignsAnAdminInWithAStrictHostCookie) {
  connect_ledger();
  const Response response = answer(change(
      Post, "/api/v1/sign-in", base::dump_json(base::Json{{"name", "root"}, {"password", kPassword}})));
  ASSERT_EQ(response.status, 200);
  EXPECT_EQ(json_of(response)["role"], "admin");
  const std::string cookie = field_of(response, "set-cookie");
  EXPECT_TRUE(cookie.starts_with("__Host-postern-admin="));
  for (const char* attribute : {"HttpOnly", "Secure", "SameSite=Strict", "Path=/"}) {
    EXPECT_NE(cookie.find(attribute), std::string::npos) << cookie;
  }
  EXPECT_EQ(cookie.find("Domain"), std::string::npos);
  ASSERT_TRUE(turn_until([&] { return !fake.events.empty(); }));
  EXPECT_EQ(fake.events[0]["type"], "admin.signed_in");
  EXPECT_EQ(fake.lines[0].find(kPassword), std::string::npos);
}

TEST_F(SiteTest, RefusesAWrongPasswordAndAnUnknownNameAlike) {
  connect_ledger();
  const Response wrong = answer(change(Post, "/api/v1/sign-in", R"({"name":"root","password":"guess"})"));
  const Response unknown = answer(change(Post, "/api/v1/sign-in", R"({"name":"nobody","password":"guess"})"));
  EXPECT_EQ(wrong.status, 403);
  EXPECT_EQ(wrong.body, unknown.body);
  EXPECT_TRUE(field_of(wrong, "set-cookie").empty());
  ASSERT_TRUE(turn_until([&] { return !fake.events.empty(); }));
  EXPECT_EQ(fake.events[0]["type"], "admin.refused");
}

TEST_F(SiteTest, MakesGuessersWait) {
  connect_ledger();
  for (int i = 0; i < SignInGuard::kFreeFailures; ++i) {
    EXPECT_EQ(answer(change(Post, "/api/v1/sign-in", R"({"name":"root","password":"guess"})")).status, 403);
  }
  const Response limited = answer(change(
      Post, "/api/v1/sign-in", base::dump_json(base::Json{{"name", "root"}, {"password", kPassword}})));
  EXPECT_EQ(limited.status, 429);
  EXPECT_FALSE(field_of(limited, "retry-after").empty());
}

TEST_F(SiteTest, EndsTheSignInAtSignOut) {
  connect_ledger();
  const std::string cookie = sign_in("root");
  EXPECT_EQ(answer({Get, "/api/v1/me", {}, {{"cookie", cookie}}}).status, 200);
  const Response out = answer(change(Post, "/api/v1/sign-out", "{}", cookie));
  EXPECT_EQ(out.status, 204);
  EXPECT_NE(field_of(out, "set-cookie").find("Max-Age=0"), std::string::npos);
  const Response refused = answer({Get, "/api/v1/me", {}, {{"cookie", cookie}}});
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(field_of(refused, "www-authenticate"), "Bearer");  // RFC 9110 15.5.2
}

TEST_F(SiteTest, TakesADoubledCookieForNone) {
  connect_ledger();
  const std::string cookie = sign_in("root");
  EXPECT_EQ(answer({Get, "/api/v1/me", {}, {{"cookie", cookie + "; " + cookie}}}).status, 401);
}

TEST_F(SiteTest, AnAuditorReadsAndChangesNothing) {
  connect_ledger();
  const std::string cookie = sign_in("eve");
  EXPECT_EQ(answer({Get, "/api/v1/capabilities", {}, {{"cookie", cookie}}}).status, 200);
  for (const Route& route : routes()) {
    if (route.access != Access::Admins) continue;
    std::string path(route.path);
    for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{'))
      path.replace(at, path.find('}') - at + 1, "x");
    const Response response = answer(change(route.method, path, "{}", cookie));
    EXPECT_EQ(response.status, 403) << path;
    EXPECT_EQ(json_of(response)["code"], "auditor");
  }
  EXPECT_TRUE(fake.commands.empty());
}

TEST_F(SiteTest, RefusesChangesFromAnotherSite) {
  connect_ledger();
  const std::string cookie = sign_in("root");
  const auto with = [&](std::vector<std::pair<std::string, std::string>> fields) {
    fields.emplace_back("cookie", cookie);
    return Ask{Put, "/api/v1/remote-access", R"({"mode":"all"})", std::move(fields)};
  };
  EXPECT_EQ(answer(with({{"content-type", "text/plain"}})).status, 415);
  EXPECT_EQ(answer(with({})).status, 415);
  EXPECT_EQ(answer(with({{"content-type", "application/json"}, {"origin", "https://evil.example"}})).status,
            403);
  EXPECT_EQ(answer(with({{"content-type", "application/json"}, {"origin", "null"}})).status, 403);
  EXPECT_EQ(answer(with({{"content-type", "application/json"}, {"origin", "http://127.0.0.1:9443"}})).status,
            403);
  EXPECT_EQ(answer(with({{"content-type", "application/json"}, {"sec-fetch-site", "same-site"}})).status,
            403);
  EXPECT_TRUE(fake.commands.empty());
}

TEST_F(SiteTest, SendsAChangeAsACommandInTheNameOfWhoAsked) {
  connect_ledger();
  fake.answer = [](const base::Json&) {
    return base::Json{{"mode", "all"}, {"cut", {{"exchanges", 3}}}, {"sessions_ended", 2}};
  };
  const std::string cookie = sign_in("root");
  const Response response =
      answer(change(Put, "/api/v1/remote-access", R"({"mode":"all","until":"2h"})", cookie));
  ASSERT_EQ(response.status, 200) << response.body;
  ASSERT_EQ(fake.commands.size(), 1U);
  const base::Json& command = fake.commands[0].json;
  EXPECT_EQ(command["command"], "remote_access.set");
  EXPECT_EQ(command["actor"], "admin:root");
  EXPECT_EQ(command["from"], "192.0.2.7:50123");
  EXPECT_EQ(command["until"], "2h");
  EXPECT_EQ(json_of(response)["cut"], (base::Json{{"exchanges", 3}, {"sessions", 2}}));
}

TEST_F(SiteTest, DoesNotLetABodyChooseCommandOrActor) {
  connect_ledger();
  const Ask ask{Post,
                "/api/v1/engineers",
                R"({"name":"a","actor":"admin:other"})",
                {{"content-type", "application/json"}},
                {},
                true};
  const Response response = answer(ask);
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.body.find("actor"), std::string::npos);
  EXPECT_TRUE(fake.commands.empty());
}

TEST_F(SiteTest, KnowsTheControlSocketsPeerWithoutACookie) {
  connect_ledger();
  fake.answer = [](const base::Json&) {
    return base::Json{{"pass", "p.q"}, {"engineer", "alice"}, {"expires", "t"}};
  };
  Ask ask{Post, "/api/v1/passes", R"({"engineer":"alice"})", {{"content-type", "application/json"}}};
  ask.local = true;
  const Response response = answer(ask);
  ASSERT_EQ(response.status, 201) << response.body;
  EXPECT_EQ(fake.commands.at(0).json["actor"], "admin:uid-0");
  EXPECT_EQ(json_of(response)["link"], "https://support.example:8443/.postern/sign-in#pass=p.q");
}

TEST_F(SiteTest, PassesOnWhyTheLedgerRefused) {
  connect_ledger();
  Ask ask{Put, "/api/v1/capabilities/nothing", R"({"setting":"on"})", {{"content-type", "application/json"}}};
  ask.local = true;
  std::optional<Response> got;
  site.answer(make_call(ask), [&](Response response) { got = std::move(response); });
  ASSERT_TRUE(turn_until([&] { return !fake.commands.empty(); }));
  fake.reply(fake.commands[0].id, false,
             {{"code", "not_found"}, {"message", "the policy has no such capability"}, {"status", 404}});
  ASSERT_TRUE(turn_until([&] { return got.has_value(); }));
  EXPECT_EQ(got->status, 404);
  EXPECT_EQ(got->content_type, "application/problem+json");
  EXPECT_EQ(json_of(*got)["code"], "not_found");
}

TEST_F(SiteTest, SaysThatTheLogIsUnavailableWhileThereIsNoLedger) {
  Ask ask{Put, "/api/v1/remote-access", R"({"mode":"all"})", {{"content-type", "application/json"}}};
  ask.local = true;
  const Response response = answer(ask);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(json_of(response)["code"], "log_unavailable");
  EXPECT_EQ(answer({Get, "/healthz"}).status, 200);
  EXPECT_EQ(answer({Get, "/readyz"}).status, 503);
}

TEST_F(SiteTest, IsReadyOnceTheLogCanBeWritten) {
  connect_ledger();
  EXPECT_EQ(answer({Get, "/readyz"}).status, 200);
  fake.send_log_status(false, "no space left on device");
  ASSERT_TRUE(turn_until([&] { return !ledger.writable(); }));
  const Response response = answer({Get, "/readyz"});
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(response.body.find("no space left"), std::string::npos);
}

TEST_F(SiteTest, CarriesStrictHeadersOnEveryAnswer) {
  connect_ledger();
  for (const Ask& ask : {Ask{Get, "/"}, Ask{Get, "/assets/a-1.js"}, Ask{Get, "/api/v1/me"},
                         Ask{Get, "/api/v1/nothing"}, Ask{Get, "/nothing"}}) {
    const Response response = answer(ask);
    EXPECT_TRUE(field_of(response, "content-security-policy").starts_with("default-src 'none'"))
        << ask.target;
    EXPECT_NE(field_of(response, "content-security-policy").find("frame-ancestors 'none'"),
              std::string::npos);
    EXPECT_EQ(field_of(response, "content-security-policy").find("unsafe"), std::string::npos);
    EXPECT_EQ(field_of(response, "x-content-type-options"), "nosniff");
    EXPECT_EQ(field_of(response, "referrer-policy"), "no-referrer");
    EXPECT_FALSE(field_of(response, "strict-transport-security").empty());
    EXPECT_FALSE(field_of(response, "cache-control").empty());
  }
  EXPECT_EQ(field_of(answer({Get, "/api/v1/me"}), "cache-control"), "no-store");
}

TEST_F(SiteTest, ServesAssetsWithTagsAndCompression) {
  const Response plain = answer({Get, "/assets/a-1.js"});
  EXPECT_EQ(plain.bytes(), "alert");
  EXPECT_NE(field_of(plain, "cache-control").find("immutable"), std::string::npos);
  const Response packed = answer({Get, "/assets/a-1.js", {}, {{"accept-encoding", "br, gzip"}}});
  EXPECT_EQ(packed.bytes(), "gz");
  EXPECT_EQ(field_of(packed, "content-encoding"), "gzip");
  EXPECT_EQ(answer({Get, "/", {}, {{"if-none-match", "\"page\""}}}).status, 304);
  EXPECT_EQ(field_of(answer({Get, "/"}), "cache-control"), "no-cache");
}

TEST_F(SiteTest, AChangeNamesTheVersionThatWasSeenAndIsToldThePresentOne) {
  connect_ledger();
  Ask seen{Get, "/api/v1/remote-access"};
  seen.local = true;
  EXPECT_EQ(field_of(answer(seen), "etag"), "\"0\"");
  Ask ask = change(Put, "/api/v1/remote-access", "{\"mode\":\"all\"}", sign_in("root"));
  ask.fields.emplace_back("if-match", "\"42\"");
  std::optional<Response> got;
  site.answer(make_call(ask), [&](Response response) { got = std::move(response); });
  ASSERT_TRUE(turn_until([&] { return !fake.commands.empty(); }));
  EXPECT_EQ(fake.commands[0].json["if_match"], "42");
  fake.reply(fake.commands[0].id, false,
             {{"code", "changed_meanwhile"}, {"message", "it is off now"}, {"status", 412}});
  ASSERT_TRUE(turn_until([&] { return got.has_value(); }));
  EXPECT_EQ(got->status, 412);
  EXPECT_EQ(json_of(*got)["current"]["mode"], "off");
  EXPECT_EQ(json_of(*got)["current"]["version"], "0");
}

TEST_F(SiteTest, ShowsStatusWithWhatItKnowsAndWhatTheSupervisorKnows) {
  connect_ledger();
  nodes.take({{"type", "node.down"},
              {"time", "2026-03-01T00:00:00.000000Z"},
              {"detail", {{"service", "p"}, {"node", "http://127.0.0.1:9090"}, {"reason", "refused"}}}});
  Ask ask{Get, "/api/v1/status"};
  ask.local = true;
  const base::Json status = json_of(answer(ask));
  EXPECT_EQ(status["roles"][0]["name"], "ledger");
  EXPECT_EQ(status["component"]["nodes"][0]["state"], "down");
  EXPECT_EQ(status["policy"]["operations"], 2);
  EXPECT_EQ(status["log"]["directory"], directory + "/log");
  EXPECT_EQ(status["log"]["writable"], true);
}

TEST_F(SiteTest, ShowsWhatOfTheLogCanBeVerified) {
  connect_ledger();
  fake.send_published({7, 1'772'366'400'000'000, "postern/test+key", "the disk is full"});
  ASSERT_TRUE(turn_until([this] { return ledger.published().size == 7; }));
  Ask ask{Get, "/api/v1/status"};
  ask.local = true;
  const base::Json status = json_of(answer(ask));
  EXPECT_EQ(status["log"]["verifier_key"], "postern/test+key");
  EXPECT_EQ(status["log"]["checkpoint"]["size"], 7);
  EXPECT_EQ(status["log"]["checkpoint"]["time"], "2026-03-01T12:00:00.000000Z");
  EXPECT_EQ(status["log"]["checkpoint"]["problem"], "the disk is full");
}

TEST_F(SiteTest, CallsANodeThatNobodyChecksNeitherUpNorDown) {
  connect_ledger();
  Ask ask{Get, "/api/v1/status"};
  ask.local = true;
  const base::Json nobody_said = json_of(answer(ask))["component"]["nodes"];
  EXPECT_EQ(nobody_said[0]["state"], "not_checked") << "no check has ended yet";
  nodes.take({{"type", "node.down"},
              {"time", "2026-03-01T00:00:00.000000Z"},
              {"detail", {{"service", "q"}, {"node", "http://127.0.0.1:9091"}, {"reason", "refused"}}}});
  const base::Json unchecked = json_of(answer(ask))["component"]["nodes"][1];
  EXPECT_EQ(unchecked,
            (base::Json{{"service", "q"}, {"url", "http://127.0.0.1:9091"}, {"state", "not_checked"}}))
      << "what was said while it had a check counts no more";
}

TEST_F(SiteTest, NamesTheMethodsOfAPathThatHasNotThisOne) {
  const Response response = answer(change(Delete, "/api/v1/remote-access"));
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(field_of(response, "allow"), "GET, HEAD, PUT");
}

}  // namespace
}  // namespace postern::console
