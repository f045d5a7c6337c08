// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Signing in by the admins' provider, through the API. The ledger behind it decides as the real one does; what the provider says is the
// test's.
#include "face/verifying.h"
#include "tests/unit/console/rig.h"

namespace postern::console {
namespace {

using base::Json;
using enum http::Method;

constexpr const char* kIssuer = "https://corp.example";

class OpenIdApi : public Rig {
 protected:
  OpenIdApi() {
    parts.facts.provider = face::ProviderFacts{kIssuer, {}, true};
    fake.provider = {kIssuer, "email", {}, false, {{"admin", {"ops"}}, {"auditor", {"audit"}}}};
    fake.answer = [](const Json&) { return Json{{"location", "https://corp.example/auth?x"}}; };
    ledger.on_accounts([this] { sign_ins.keep_only(ledger.accounts()); });
  }
  void SetUp() override { connect_ledger(); }

  void says(const char* subject, const Json& groups) {
    fake.provider_says = {{"status", 200},
                          {"body",
                           {{"issuer", kIssuer},
                            {"subject", subject},
                            {"email", std::string(subject) + "@corp.example"},
                            {"groups", groups},
                            {"sid", "s-" + std::string(subject)}}}};
  }
  static std::string cookie_in(const Response& response, std::string_view name) {
    for (const auto& [field, value] : response.fields) {
      if (field == "set-cookie" && value.starts_with(name)) return value.substr(0, value.find(';'));
    }
    return {};
  }
  static std::string code_of(const Response& response) {
    return base::json_text_or(json_of(response), "code", "");
  }
  // -> the cookie of the flow; the state is what the ledger was given.
  std::string begin(const std::string& path = "/api/v1/sign-in/openid/begin", const std::string& cookie = {},
                    const std::string& body = "{}") {
    const Response begun = answer(change(Post, path, body, cookie));
    EXPECT_EQ(begun.status, 200) << begun.body;
    EXPECT_EQ(json_of(begun)["location"], "https://corp.example/auth?x");
    return cookie_in(begun, "__Host-postern-admin-openid=");
  }
  Response back(const std::string& cookie, const std::string& state, const char* code = "c") {
    return answer(change(Post, "/api/v1/sign-in/openid",
                         base::dump_json(Json{{"code", code}, {"state", state}, {"iss", kIssuer}}), cookie));
  }
  std::string state() const { return base::json_text_or(fake.commands.back().json, "state", ""); }
  Response come_in(const std::string& body = "{}") {
    const std::string cookie = begin("/api/v1/sign-in/openid/begin", {}, body);
    return back(cookie, state());
  }
  bool noted(const char* type, const char* key, const std::string& value) {
    return turn_until([&] {
      return std::any_of(fake.events.begin(), fake.events.end(), [&](const Json& event) {
        return event["type"] == type && event["detail"].value(key, "") == value;
      });
    });
  }
};

TEST_F(OpenIdApi, SignsInWhomTheProviderNamesAndTheGroupsLetIn) {
  EXPECT_EQ(json_of(answer({Get, "/api/v1/sign-in"}))["openid"], true);
  says("alice", {"ops"});
  const Response came = come_in(R"({"return":"/requests?state=pending"})");
  ASSERT_EQ(came.status, 200) << came.body;
  const Json me = json_of(came);
  EXPECT_EQ(me["name"], "alice@corp.example");
  EXPECT_EQ(me["openid"], true);
  EXPECT_EQ(me["return"], "/requests?state=pending");
  const Json& order = fake.commands.back().json;
  EXPECT_EQ(order["code"], "c");
  EXPECT_EQ(order["iss"], kIssuer);
  EXPECT_TRUE(order.contains("verifier") && order.contains("nonce"));
  EXPECT_FALSE(order.contains("max_age_us"));
  EXPECT_TRUE(noted("admin.signed_in", "subject", "alice"));
  const std::string cookie = cookie_in(came, "__Host-postern-admin=");
  EXPECT_EQ(answer({Get, "/api/v1/me", {}, {{"cookie", cookie}}}).status, 200);
  EXPECT_EQ(cookie_in(came, "__Host-postern-admin-openid="), "__Host-postern-admin-openid=") << "used up";
  EXPECT_EQ(sign_ins.close_departed(kIssuer, "alice", "s-alice").size(), 1U);
}

TEST_F(OpenIdApi, GoesOnNowhereElse) {
  says("alice", {"ops"});
  for (const char* elsewhere : {"https://evil.example/", "//evil.example", "/\\\\evil.example", "x", ""})
    EXPECT_EQ(json_of(come_in(base::dump_json(Json{{"return", elsewhere}})))["return"], "/") << elsewhere;
}

TEST_F(OpenIdApi, CountsOnlyInTheBrowserThatBegan) {
  says("alice", {"ops"});
  const std::string one = begin();
  const std::string of_one = state();
  const std::string other = begin();
  EXPECT_EQ(code_of(back(other, of_one)), "sign_in_refused");
  EXPECT_EQ(code_of(back({}, of_one)), "sign_in_refused");
  EXPECT_TRUE(noted("admin.refused", "code", "sign_in_refused"));
  EXPECT_EQ(back(one, of_one).status, 200);
  EXPECT_EQ(guard.failures("192.0.2.7:5"), 0) << "whoever comes in has failed no more";
}

TEST_F(OpenIdApi, SaysWhyNobodyComesInAndCountsThem) {
  says("bob", {"none"});
  const Response refused = come_in();
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(code_of(refused), "no_role");
  EXPECT_TRUE(cookie_in(refused, "__Host-postern-admin=").empty());
  EXPECT_TRUE(noted("admin.refused", "subject", "bob"));
  EXPECT_EQ(guard.failures("192.0.2.7:5"), 1);
  fake.provider_says = {{"status", 502}, {"why", "it is away"}};
  const Response away = come_in();
  EXPECT_EQ(away.status, 502);
  EXPECT_EQ(code_of(away), "provider_unavailable");
  EXPECT_EQ(guard.failures("192.0.2.7:5"), 1) << "that was nobody's guess";
  const std::string cookie = begin();
  const Response said = answer(change(
      Post, "/api/v1/sign-in/openid",
      base::dump_json(Json{{"state", state()}, {"error", "access_denied"}, {"error_description", "no"}}),
      cookie));
  EXPECT_EQ(said.status, 403);
  EXPECT_NE(said.body.find("The provider refused: access_denied (no)"), std::string::npos) << said.body;
}

TEST_F(OpenIdApi, EndsTheSignInsOfWhomNoGroupMapsAnyMore) {
  says("alice", {"ops"});
  const std::string cookie = cookie_in(come_in(), "__Host-postern-admin=");
  says("alice", {"none"});
  EXPECT_EQ(code_of(come_in()), "no_role");
  EXPECT_EQ(answer({Get, "/api/v1/me", {}, {{"cookie", cookie}}}).status, 401);
  EXPECT_TRUE(noted("admin.signed_out", "reason", "account_changed"));
}

TEST_F(OpenIdApi, ProvesAgainWithATimeAtTheProviderThatIsNewerThanTheQuestion) {
  says("alice", {"ops"});
  const std::string cookie = cookie_in(come_in(), "__Host-postern-admin=");
  const std::string token = cookie.substr(cookie.find('=') + 1);
  const std::string session = sign_ins.find(token, loop.now(), loop.wall())->session;
  const std::string aged =
      std::string(face::Manner().cookie) + "=" + sign_ins.prove(session, false, loop.now() - kProofLife);
  const Json access{{"mode", "all"}};
  EXPECT_EQ(code_of(answer(change(Put, "/api/v1/remote-access", base::dump_json(access), aged))),
            "reauthenticate");
  std::string flow = begin("/api/v1/account/proof/openid", aged);
  EXPECT_EQ(fake.commands.back().json["anew"], true);
  says("carol", {"ops"});
  EXPECT_EQ(code_of(back(flow, state())), "another_account");
  EXPECT_EQ(ledger.accounts().find("carol@corp.example"), nullptr);
  flow = begin("/api/v1/account/proof/openid", aged);
  says("alice", {"ops"});
  const Response proved = back(flow, state());
  EXPECT_EQ(proved.status, 204) << proved.body;
  const Json& order = fake.commands.back().json;
  EXPECT_EQ(order["name"], "alice@corp.example");
  EXPECT_GE(order["max_age_us"].get<base::Micros>(), base::kWallSecond);
  EXPECT_LE(order["max_age_us"].get<base::Micros>(), 60 * base::kWallSecond);
  const std::string fresh = cookie_in(proved, "__Host-postern-admin=");
  fake.answer = [](const Json&) { return Json{{"mode", "all"}}; };
  EXPECT_EQ(answer(change(Put, "/api/v1/remote-access", base::dump_json(access), fresh)).status, 200);
  EXPECT_TRUE(noted("admin.proved", "subject", "alice"));
}

TEST_F(OpenIdApi, ADepartureEndsSignInsAndALieIsTold) {
  says("alice", {"ops"});
  const std::string cookie = cookie_in(come_in(), "__Host-postern-admin=");
  const auto depart = [&](Json said, const std::string& body = "logout_token=t") {
    fake.answer = [said = std::move(said)](const Json&) { return said; };
    return answer({Post,
                   "/api/v1/openid/backchannel-logout",
                   body,
                   {{"content-type", "application/x-www-form-urlencoded"}}});
  };
  EXPECT_EQ(depart({{"refused", "sign_in_refused"}, {"why", "a lie"}}).status, 400);
  EXPECT_TRUE(noted("admin.refused", "code", "logout_token"));
  EXPECT_EQ(depart({{"refused", "provider_unavailable"}, {"why", "away"}}).status, 502);
  EXPECT_EQ(depart(Json::object(), "x=y").status, 400);
  EXPECT_EQ(answer({Get, "/api/v1/me", {}, {{"cookie", cookie}}}).status, 200);
  EXPECT_EQ(depart({{"issuer", kIssuer}, {"subject", "alice"}, {"sid", ""}}).status, 200);
  EXPECT_EQ(answer({Get, "/api/v1/me", {}, {{"cookie", cookie}}}).status, 401);
  EXPECT_TRUE(noted("admin.signed_out", "reason", "signed_out_at_provider"));
  EXPECT_EQ(parts.departing, 0);
}

TEST_F(OpenIdApi, NobodyMakesAnAdminsOwnCommandWait) {
  fake.answer = nullptr;  // a provider that hangs
  std::vector<int> refused;
  for (int i = 0; i < 40; ++i) {
    site.answer(make_call(change(Post, "/api/v1/sign-in/openid/begin")), [&refused](Response response) {
      if (response.status != 502) refused.push_back(response.status);
    });
  }
  EXPECT_EQ(refused, std::vector<int>(8, 429));
  EXPECT_EQ(parts.asking_provider, 32);
  ASSERT_TRUE(turn_until([&] { return fake.commands.size() == 32; }));
  for (const auto& one : std::vector(fake.commands)) fake.reply(one.id, true, {{"location", "x"}});
  EXPECT_TRUE(turn_until([&] { return parts.asking_provider == 0; }));
}

TEST_F(OpenIdApi, LocalAccountsCanBeKeptToAFewButNeverToNone) {
  accounts::Accounts now = ledger.accounts();
  ASSERT_NE(now.find("root"), nullptr);
  parts.facts.provider->local_accounts = {"break-glass"};
  EXPECT_TRUE(may_sign_in_here(parts.facts, now, "root")) << "while none of those named is there";
  accounts::Account spare = *now.find("root");
  spare.name = "break-glass";
  spare.handle = std::string(accounts::kHandleSize, 'b');
  now.list.push_back(spare);
  fake.send_accounts(now);
  ASSERT_TRUE(turn_until([&] { return ledger.accounts().find("break-glass") != nullptr; }));
  const auto sign_in_as = [&](const char* name) {
    return answer(
        change(Post, "/api/v1/sign-in", base::dump_json(Json{{"name", name}, {"password", kPassword}})));
  };
  EXPECT_EQ(code_of(sign_in_as("root")), "provider_only");
  EXPECT_EQ(sign_in_as("break-glass").status, 200);
  now.find("break-glass")->locked = true;
  fake.send_accounts(now);
  ASSERT_TRUE(turn_until([&] { return ledger.accounts().find("break-glass")->locked; }));
  EXPECT_EQ(code_of(sign_in_as("break-glass")), "account_locked");
  EXPECT_EQ(sign_in_as("root").status, 200);
  EXPECT_EQ(code_of(sign_in_as("nobody")), "sign_in_refused");
  parts.facts.provider.reset();
  EXPECT_EQ(answer(change(Post, "/api/v1/sign-in/openid/begin")).status, 404);
}

}  // namespace
}  // namespace postern::console
