// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/tokens.h"

#include "base/bytes.h"
#include "tests/unit/console/rig.h"

namespace postern::console {
namespace {

using enum http::Method;

class TokenApi : public Rig {
 protected:
  TokenApi() {
    connect_ledger();
    fake.answer = [](const base::Json&) { return base::Json{{"changed", true}}; };
  }
  void know(base::Json more = base::Json::object()) {
    const std::string id = "T" + std::to_string(++known_);
    base::Json detail{{"token", id},
                      {"name", "deploy"},
                      {"admin", "root"},
                      {"rank", "admin"},
                      {"scopes", {"read", "policy"}},
                      {"token_sha256", base::to_hex(token_sha256(token))},
                      {"expires", base::format_time(loop.wall() + 3600 * base::kWallSecond)}};
    detail.update(more);
    state::State state;
    state.apply({{"type", "token.created"}, {"time", base::format_time(loop.wall())}, {"detail", detail}});
    fake.send_state(state);
    ASSERT_TRUE(turn_until([&] { return ledger.state().tokens().contains(id); }));
  }
  Response ask(http::Method method, const std::string& target, const std::string& with = {},
               const std::string& client = "192.0.2.7:50123") {
    Ask out{method, target};
    out.client = client;
    out.fields = {{"authorization", "Bearer " + (with.empty() ? token : with)}};
    if (method != Get) {
      out.body = "{}";
      out.fields.emplace_back("content-type", "application/json");
    }
    return answer(out);
  }
  static std::string code_of(const Response& response) {
    return base::json_text_or(json_of(response), "code", "");
  }
  const std::string token = make_token();

 private:
  int known_ = 0;
};

TEST_F(TokenApi, ATokenOfAnAccountThatIsGoneIsWorthNothingToTheNextOneOfItsName) {
  know();
  EXPECT_EQ(ask(Get, "/api/v1/status").status, 200);
  accounts::Accounts made = ledger.accounts();
  for (accounts::Account& one : made.list) one.added = loop.wall() + base::kWallSecond;
  fake.send_accounts(made);
  ASSERT_TRUE(turn_until([&] { return ledger.accounts().list.front().added > loop.wall(); }));
  EXPECT_EQ(ask(Get, "/api/v1/status").status, 401);
}

TEST_F(TokenApi, ATokenStandsForItsOwnerWithinItsScopes) {
  know();
  EXPECT_EQ(ask(Get, "/api/v1/status").status, 200);
  EXPECT_EQ(ask(Post, "/api/v1/policy/accept").status, 200);
  ASSERT_TRUE(turn_until([&] { return fake.commands.size() >= 2; }));
  EXPECT_EQ(fake.commands.back().json["actor"], "admin:root/deploy");
  EXPECT_EQ(code_of(ask(Put, "/api/v1/remote-access")), "scope");
  EXPECT_EQ(code_of(ask(Post, "/api/v1/engineers")), "scope");
}

TEST_F(TokenApi, HowLongAnAnswerTookIsToldToWhoeverIsKnown) {
  know();
  EXPECT_TRUE(field_of(ask(Get, "/api/v1/status"), "server-timing").starts_with("console;dur="));
  EXPECT_TRUE(field_of(ask(Get, "/api/v1/status", make_token()), "server-timing").empty());
}

TEST_F(TokenApi, NoTokenMakesTokensOrSignsOut) {
  know({{"scopes", {"read", "requests", "permissions", "sessions", "policy", "engineers"}}});
  EXPECT_EQ(code_of(ask(Post, "/api/v1/tokens")), "scope");
  EXPECT_EQ(code_of(ask(Delete, "/api/v1/tokens/T1")), "scope");
  EXPECT_EQ(code_of(ask(Post, "/api/v1/log/rotate-key")), "scope");
}

TEST_F(TokenApi, OnlyAWholeTokenCounts) {
  know();
  for (const std::string& wrong : {std::string("postern_"), token.substr(0, token.size() - 1), token + "x",
                                   make_token(), token.substr(kTokenBegins.size())}) {
    const Response refused =
        ask(Get, "/api/v1/status", wrong, "192.0.2." + std::to_string(wrong.size()) + ":1");
    EXPECT_EQ(refused.status, 401) << wrong;
    EXPECT_EQ(field_of(refused, "www-authenticate"), "Bearer error=\"invalid_token\"");
  }
}

TEST_F(TokenApi, WrongOnesMakeTheirAddressWaitAndNobodyElse) {
  know();
  int last = 0;
  for (int i = 0; i < 10; ++i) last = ask(Get, "/api/v1/status", make_token()).status;
  EXPECT_EQ(last, 429);
  EXPECT_EQ(ask(Get, "/api/v1/status").status, 200) << "the right one from the same address";
  EXPECT_EQ(ask(Get, "/api/v1/status", make_token(), "198.51.100.1:1").status, 401);
}

TEST_F(TokenApi, ATokenDiesWithItsTimeItsOwnerAndOutsideItsNetworks) {
  know({{"expires", base::format_time(loop.wall() - 1)}});
  EXPECT_EQ(ask(Get, "/api/v1/status").status, 401);
  know({{"admin", "mallory"}});
  EXPECT_EQ(ask(Get, "/api/v1/status").status, 401);
  know({{"networks", {"198.51.100.0/24", "2001:db8::/32"}}});
  EXPECT_EQ(ask(Get, "/api/v1/status").status, 401);
  EXPECT_EQ(ask(Get, "/api/v1/status", {}, "198.51.100.9:1").status, 200);
  EXPECT_EQ(ask(Get, "/api/v1/status", {}, "[2001:db8::9]:1").status, 200);
}

TEST_F(TokenApi, ATokenNeverHasMoreThanItsOwner) {
  know({{"admin", "eve"}});  // an auditor
  EXPECT_EQ(ask(Get, "/api/v1/status").status, 200);
  EXPECT_EQ(code_of(ask(Post, "/api/v1/policy/accept")), "auditor");
}

TEST_F(TokenApi, ATokenAndACookieTogetherAreRefused) {
  know();
  Ask both{Get, "/api/v1/status"};
  both.fields = {{"authorization", "Bearer " + token}, {"cookie", sign_in("root")}};
  EXPECT_EQ(answer(both).status, 400);
}

TEST_F(TokenApi, AUseIsToldToTheLedgerOnce) {
  know();
  for (int i = 0; i < 3; ++i) ask(Get, "/api/v1/status");
  ASSERT_TRUE(turn_until([&] { return !fake.commands.empty(); }));
  EXPECT_EQ(fake.commands.size(), 1U);
  EXPECT_EQ(fake.commands[0].json["command"], "token.use");
  EXPECT_EQ(fake.commands[0].json["client"], "192.0.2.7");
  const base::Json items =
      json_of(answer({.method = Get, .target = "/api/v1/tokens", .local = true}))["items"];
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0]["last_used"]["client"], "192.0.2.7");
  EXPECT_EQ(items[0].dump().find(base::to_hex(token_sha256(token))), std::string::npos);
}

TEST_F(TokenApi, ANewOneIsShownOnceAndOnlyItsHashLeaves) {
  fake.answer = [](const base::Json&) { return base::Json{{"id", "T9"}}; };
  const Response made =
      answer(change(Post, "/api/v1/tokens", R"({"name":"deploy","scopes":["read"]})", sign_in("root")));
  EXPECT_EQ(made.status, 201);
  const std::string shown = base::json_text_or(json_of(made), "token", "");
  EXPECT_TRUE(shown.starts_with(kTokenBegins));
  ASSERT_EQ(fake.commands.size(), 1U);
  EXPECT_EQ(fake.commands[0].json["admin"], "root");
  EXPECT_EQ(fake.commands[0].json["token_sha256"], base::to_hex(token_sha256(shown)));
  EXPECT_EQ(fake.commands[0].json.dump().find(shown), std::string::npos);
}

TEST_F(TokenApi, OnTheControlSocketSomebodyMustOwnIt) {
  Ask ask{Post,
          "/api/v1/tokens",
          R"({"name":"deploy","scopes":["read"]})",
          {{"content-type", "application/json"}}};
  ask.local = true;
  EXPECT_EQ(answer(ask).status, 400);
  EXPECT_TRUE(fake.commands.empty());
}

}  // namespace
}  // namespace postern::console
