// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Accounts through the API: a second factor, passkeys, re-authentication, invitations. The ledger behind it decides as
// the real one does.
#include "accounts/totp.h"
#include "base/crypto.h"
#include "console/router.h"
#include "tests/unit/accounts/authenticator.h"
#include "tests/unit/console/rig.h"

namespace postern::console {
namespace {

using accounts::Authenticator;
using base::Json;
using enum http::Method;

constexpr const char* kNewPassword = "another one that is long";
constexpr const char* kHost = "console.example:9443";

class AccountApi : public Rig {
 protected:
  AccountApi() {
    parts.facts.names.push_back(*http::parse_authority(kHost));
    ledger.on_accounts([this] { sign_ins.keep_only(ledger.accounts()); });
  }
  void SetUp() override { connect_ledger(); }

  // As a browser that sees us by name.
  static Ask named(http::Method method, std::string target, const Json& body, const std::string& cookie) {
    return {method,
            std::move(target),
            base::dump_json(body),
            {{"host", kHost},
             {"content-type", "application/json"},
             {"origin", std::string("https://") + kHost},
             {"cookie", cookie}}};
  }
  Response send(http::Method method, std::string target, const Json& body, const std::string& cookie) {
    return answer(named(method, std::move(target), body, cookie));
  }
  Json read(const std::string& target, const std::string& cookie) {
    return json_of(answer({Get, target, {}, {{"host", kHost}, {"cookie", cookie}}}));
  }
  static std::string code_of(const Response& response) {
    return base::json_text_or(json_of(response), "code", "");
  }
  static std::string cookie_of(const Response& response) {
    const std::string cookie = field_of(response, "set-cookie");
    return cookie.substr(0, cookie.find(';'));
  }
  Response sign_in_with(const std::string& password, const std::string& code = {}) {
    Json body{{"name", "root"}, {"password", password}};
    if (!code.empty()) body["code"] = code;
    return answer(change(Post, "/api/v1/sign-in", base::dump_json(body)));
  }
  // Proved long ago, as far as anybody can tell who looks.
  std::string aged_sign_in() {
    const std::string cookie = sign_in("root");
    const auto identity = sign_ins.find(cookie.substr(cookie.find('=') + 1), loop.now(), loop.wall());
    const std::string fresh = sign_ins.prove(identity->session, false, loop.now() - kProofLife);
    return std::string(face::Manner().cookie) + "=" + fresh;
  }
  // The switch and a capability, both on; terms: with these details.
  void open_all(const Json& terms) {
    state::State state;
    for (Json detail : {Json{{"what", "remote_access"}, {"new", "all"}},
                        Json{{"what", "capability"}, {"name", "silences.write"}, {"new", "on"}}}) {
      detail.update(terms);
      state.apply(
          {{"type", "permission.changed"}, {"time", base::format_time(loop.wall())}, {"detail", detail}});
    }
    fake.send_state(state);
    ASSERT_TRUE(turn_until([&] {
      const state::Toggle* toggle = ledger.state().capability_toggle("silences.write");
      return toggle != nullptr && toggle->until.has_value() == terms.contains("until");
    }));
  }
  std::string set_up_totp(const std::string& cookie, std::vector<std::string>* recovery = nullptr) {
    EXPECT_EQ(send(Post, "/api/v1/account/totp/secret", Json::object(), cookie).status, 200);
    const auto identity = sign_ins.find(cookie.substr(cookie.find('=') + 1), loop.now(), loop.wall());
    const std::string secret = sign_ins.totp_secret(identity->session);
    // The step before: the one of now is left for the sign-in.
    const std::string code = accounts::totp_code(secret, accounts::totp_step(loop.wall()) - 1);
    const Response enabled = send(Put, "/api/v1/account/totp", {{"code", code}}, cookie);
    EXPECT_EQ(enabled.status, 200) << enabled.body;
    if (recovery != nullptr) *recovery = json_of(enabled)["recovery_codes"].get<std::vector<std::string>>();
    return secret;
  }
  std::string challenge_of(const Response& response) {
    return base::from_base64url(json_of(response)["challenge"].get<std::string>()).value();
  }
  void add_passkey(const Authenticator& device, const std::string& cookie) {
    const Response asked = send(Post, "/api/v1/account/passkeys/challenge", Json::object(), cookie);
    ASSERT_EQ(asked.status, 200) << asked.body;
    const Json body{
        {"name", "Laptop"},
        {"client_data", base::to_base64url(device.client_data("webauthn.create", challenge_of(asked)))},
        {"attestation", base::to_base64url(device.attestation())}};
    const Response added = send(Post, "/api/v1/account/passkeys", body, cookie);
    EXPECT_EQ(added.status, 204) << added.body;
  }
};

TEST_F(AccountApi, OpeningAsksAgainWhoItIsAndClosingNeverDoes) {
  const std::string cookie = aged_sign_in();
  const auto put_access = [&](const char* mode) {
    return send(Put, "/api/v1/remote-access", {{"mode", mode}}, cookie);
  };
  EXPECT_EQ(code_of(put_access("all")), "reauthenticate");
  EXPECT_EQ(code_of(put_access("read-only")), "reauthenticate");
  EXPECT_TRUE(fake.commands.empty());
  fake.answer = [](const Json&) { return Json{{"mode", "off"}}; };
  EXPECT_EQ(put_access("off").status, 200);
  const auto put_capability = [&](const char* setting) {
    return send(Put, "/api/v1/capabilities/silences.write", {{"setting", setting}}, cookie);
  };
  EXPECT_EQ(code_of(put_capability("on")), "reauthenticate");
  EXPECT_EQ(code_of(put_capability("ask")), "reauthenticate");
  EXPECT_NE(code_of(put_capability("off")), "reauthenticate");
  EXPECT_EQ(read("/api/v1/me", cookie)["proved"], false);
}

// What lets in less than now but for longer lets in then what nothing would.
TEST_F(AccountApi, WhatLetsInLessButForLongerAsksToo) {
  const std::string cookie = aged_sign_in();
  const std::string end = base::format_time(loop.wall() + 3600 * base::kWallSecond);
  open_all({{"until", end}});
  const auto put = [&](const char* path, Json body, const char* until) {
    if (until != nullptr) body["until"] = until;
    return code_of(send(Put, path, body, cookie));
  };
  fake.answer = [](const Json&) { return Json::object(); };
  const auto access = [&](const char* mode, const char* until) {
    return put("/api/v1/remote-access", {{"mode", mode}}, until);
  };
  const auto capability = [&](const char* setting, const char* until) {
    return put("/api/v1/capabilities/silences.write", {{"setting", setting}}, until);
  };
  EXPECT_EQ(access("approved", nullptr), "reauthenticate");
  EXPECT_EQ(access("read-only", "2h"), "reauthenticate");
  EXPECT_EQ(access("approved", "not a time"), "reauthenticate");
  EXPECT_EQ(capability("ask", nullptr), "reauthenticate");
  EXPECT_EQ(capability("ask", "2h"), "reauthenticate");
  EXPECT_TRUE(fake.commands.empty());
  EXPECT_NE(access("approved", "30m"), "reauthenticate");
  EXPECT_NE(access("approved", end.c_str()), "reauthenticate");
  EXPECT_NE(capability("ask", "30m"), "reauthenticate");
  open_all(Json::object());
  EXPECT_NE(access("approved", nullptr), "reauthenticate");
  EXPECT_NE(capability("ask", nullptr), "reauthenticate");
}

// It was let pass for what stood when it was judged: where an "off" came first it would open again, so the ledger is told what that was.
TEST_F(AccountApi, WhatOnlyNarrowsChangesWhatItWasJudgedByOrNothing) {
  const std::string cookie = aged_sign_in();
  open_all(Json::object());
  fake.answer = [](const Json&) { return Json::object(); };
  const auto access = [&](const char* mode, const std::string& who) {
    send(Put, "/api/v1/remote-access", {{"mode", mode}}, who);
    return base::json_text_or(fake.commands.back().json, "if_match", "none");
  };
  const auto capability = [&](const char* setting, const std::string& who) {
    send(Put, "/api/v1/capabilities/silences.write", {{"setting", setting}}, who);
    return base::json_text_or(fake.commands.back().json, "if_match", "none");
  };
  EXPECT_EQ(access("approved", cookie), std::to_string(ledger.state().remote_access_toggle().changed));
  EXPECT_EQ(capability("ask", cookie),
            std::to_string(ledger.state().capability_toggle("silences.write")->changed));
  EXPECT_EQ(access("off", cookie), "none") << "closing depends on nothing";
  EXPECT_EQ(capability("off", cookie), "none");
  const std::string proved = sign_in("root");
  EXPECT_EQ(access("all", proved), "none") << "opening was asked for";
  EXPECT_EQ(capability("on", proved), "none");
}

TEST_F(AccountApi, EveryRouteThatWantsAProofRefusesWithoutOne) {
  const std::string cookie = aged_sign_in();
  int asked = 0;
  for (const Route& route : routes()) {
    if (route.needs_proof != &proof::always) continue;
    std::string path(route.path);
    for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{'))
      path.replace(at, path.find('}') - at + 1, "x");
    EXPECT_EQ(code_of(send(route.method, path, Json::object(), cookie)), "reauthenticate") << path;
    ++asked;
  }
  EXPECT_GT(asked, 10);
  EXPECT_TRUE(fake.commands.empty());
}

TEST_F(AccountApi, TheControlSocketIsNotAsked) {
  Ask ask{Put, "/api/v1/remote-access", R"({"mode":"all"})", {{"content-type", "application/json"}}};
  ask.local = true;
  fake.answer = [](const Json&) { return Json{{"mode", "all"}}; };
  EXPECT_EQ(answer(ask).status, 200);
}

TEST_F(AccountApi, AProofOpensAgainAndGivesAnotherCookie) {
  const std::string cookie = aged_sign_in();
  EXPECT_EQ(code_of(send(Post, "/api/v1/account/proof", {{"password", "wrong password"}}, cookie)),
            "sign_in_refused");
  const Response proved = send(Post, "/api/v1/account/proof", {{"password", kPassword}}, cookie);
  ASSERT_EQ(proved.status, 204) << proved.body;
  const std::string fresh = cookie_of(proved);
  EXPECT_NE(fresh, cookie);
  fake.answer = [](const Json&) { return Json{{"mode", "all"}}; };
  EXPECT_EQ(send(Put, "/api/v1/remote-access", {{"mode", "all"}}, fresh).status, 200);
  ASSERT_TRUE(
      turn_until([&] { return !fake.events.empty() && fake.events.back()["type"] == "admin.proved"; }));
}

TEST_F(AccountApi, AsksForACodeAfterThePasswordOnceAnAppIsSetUp) {
  const std::string secret = set_up_totp(sign_in("root"));
  EXPECT_EQ(code_of(sign_in_with(kPassword)), "second_factor_needed");
  EXPECT_EQ(code_of(sign_in_with(kPassword, "000000")), "code_refused");
  const std::string code = accounts::totp_code(secret, accounts::totp_step(loop.wall()));
  EXPECT_EQ(code_of(sign_in_with("wrong password", code)), "sign_in_refused")
      << "and the code is not looked at";
  EXPECT_EQ(sign_in_with(kPassword, code).status, 200);
  EXPECT_EQ(code_of(sign_in_with(kPassword, code)), "code_refused") << "each is good once";
}

TEST_F(AccountApi, OpensWhatTheAccountIsOnceItsCodeIsUsedUp) {
  const std::string secret = set_up_totp(sign_in("root"));
  const auto code = [&](int later) {
    return accounts::totp_code(secret, accounts::totp_step(loop.wall()) + later);
  };
  fake.meanwhile = [](accounts::Accounts& all) { all.find("root")->rank = accounts::Rank::Auditor; };
  const Response lowered = sign_in_with(kPassword, code(0));
  ASSERT_EQ(lowered.status, 200) << lowered.body;
  EXPECT_EQ(json_of(lowered)["role"], "auditor");
  fake.meanwhile = [](accounts::Accounts& all) { all.find("root")->password = "$argon2id$another"; };
  EXPECT_EQ(code_of(sign_in_with(kPassword, code(1))), "sign_in_refused");
}

TEST_F(AccountApi, WhoIsLockedBeforeTheirCodeIsUsedUpIsNotIn) {
  const std::string secret = set_up_totp(sign_in("root"));
  fake.meanwhile = [](accounts::Accounts& all) { all.find("root")->locked = true; };
  const Response in = sign_in_with(kPassword, accounts::totp_code(secret, accounts::totp_step(loop.wall())));
  EXPECT_EQ(code_of(in), "account_locked") << in.body;
  EXPECT_EQ(cookie_of(in), "");
}

TEST_F(AccountApi, WhoIsLockedBeforeTheirPasskeyIsCountedIsNotIn) {
  Authenticator device;
  add_passkey(device, sign_in("root"));
  const Response asked = send(Post, "/api/v1/sign-in/challenge", Json::object(), {});
  device.counter = 2;
  fake.meanwhile = [](accounts::Accounts& all) { all.find("root")->locked = true; };
  const Response in =
      send(Post, "/api/v1/sign-in/passkey", device.assertion(challenge_of(asked)), cookie_of(asked));
  EXPECT_EQ(code_of(in), "account_locked") << in.body;
  EXPECT_EQ(cookie_of(in), "");
}

TEST_F(AccountApi, ARecoveryCodeStandsInForTheAppOnce) {
  std::vector<std::string> recovery;
  set_up_totp(sign_in("root"), &recovery);
  ASSERT_EQ(recovery.size(), accounts::kRecoveryCodes);
  const Response in = sign_in_with(kPassword, recovery[3]);
  EXPECT_EQ(in.status, 200) << in.body;
  EXPECT_EQ(read("/api/v1/account", cookie_of(in))["recovery_codes"], accounts::kRecoveryCodes - 1);
  EXPECT_EQ(code_of(sign_in_with(kPassword, recovery[3])), "code_refused");
  const Response made = send(Post, "/api/v1/account/recovery-codes", Json::object(), cookie_of(in));
  EXPECT_EQ(json_of(made)["recovery_codes"].size(), accounts::kRecoveryCodes);
  EXPECT_EQ(code_of(sign_in_with(kPassword, recovery[4])), "code_refused") << "those before are void";
}

TEST_F(AccountApi, AnAppThatShowsAnotherCodeIsNotSwitchedOn) {
  const std::string cookie = sign_in("root");
  EXPECT_EQ(send(Put, "/api/v1/account/totp", {{"code", "123456"}}, cookie).status, 409)
      << "nothing was begun";
  send(Post, "/api/v1/account/totp/secret", Json::object(), cookie);
  EXPECT_EQ(code_of(send(Put, "/api/v1/account/totp", {{"code", "12345"}}, cookie)), "code_refused");
  EXPECT_EQ(read("/api/v1/account", cookie)["totp"], false);
}

TEST_F(AccountApi, SignsInWithAPasskeyThatWasAdded) {
  Authenticator device;
  add_passkey(device, sign_in("root"));
  const Response asked = send(Post, "/api/v1/sign-in/challenge", Json::object(), {});
  ASSERT_EQ(asked.status, 200) << asked.body;
  EXPECT_FALSE(json_of(asked).contains("passkeys")) << "who has one is nobody's business yet";
  device.counter = 2;
  const Json assertion = device.assertion(challenge_of(asked));
  EXPECT_EQ(code_of(send(Post, "/api/v1/sign-in/passkey", assertion, {})), "passkey_refused")
      << "another browser";
  const Response again = send(Post, "/api/v1/sign-in/challenge", Json::object(), {});
  const Json good = device.assertion(challenge_of(again));
  const Response in = send(Post, "/api/v1/sign-in/passkey", good, cookie_of(again));
  ASSERT_EQ(in.status, 200) << in.body;
  EXPECT_EQ(json_of(in)["name"], "root");
  EXPECT_EQ(code_of(send(Post, "/api/v1/sign-in/passkey", good, cookie_of(again))), "passkey_refused")
      << "replayed";
  EXPECT_EQ(ledger.accounts().find("root")->passkeys[0].counter, 2U);
}

TEST_F(AccountApi, APasskeyMakesNoRoomForMoreGuessesOfACode) {
  const std::string cookie = sign_in("root");
  set_up_totp(cookie);
  Authenticator device;
  add_passkey(device, cookie);
  EXPECT_EQ(code_of(sign_in_with(kPassword, "000000")), "code_refused");
  const int failures = parts.code_guard.failures("root");
  ASSERT_GT(failures, 0);
  const Response asked = send(Post, "/api/v1/sign-in/challenge", Json::object(), {});
  device.counter = 2;
  const Response in =
      send(Post, "/api/v1/sign-in/passkey", device.assertion(challenge_of(asked)), cookie_of(asked));
  ASSERT_EQ(in.status, 200) << in.body;
  EXPECT_EQ(parts.code_guard.failures("root"), failures);
}

TEST_F(AccountApi, ProvesAndOpensWithAPasskeyOfItsOwnAlone) {
  Authenticator device;
  const std::string first = sign_in("root");
  add_passkey(device, first);
  const std::string cookie = aged_sign_in(), eve = sign_in("eve");
  device.counter = 2;
  const Response asked = send(Post, "/api/v1/account/proof/challenge", Json::object(), eve);
  EXPECT_EQ(
      code_of(send(Post, "/api/v1/account/proof", {{"passkey", device.assertion(challenge_of(asked))}}, eve)),
      "passkey_refused")
      << "somebody else's passkey";
  const Response own = send(Post, "/api/v1/account/proof/challenge", Json::object(), cookie);
  EXPECT_EQ(json_of(own)["passkeys"].size(), 1U);
  EXPECT_EQ(
      send(Post, "/api/v1/account/proof", {{"passkey", device.assertion(challenge_of(own))}}, cookie).status,
      204);
}

TEST_F(AccountApi, SaysThatPasskeysDoNotWorkWithAnAddress) {
  const std::string cookie = sign_in("root");
  EXPECT_EQ(code_of(answer(change(Post, "/api/v1/sign-in/challenge"))), "no_passkeys_here");
  EXPECT_FALSE(json_of(answer({Get, "/api/v1/account", {}, {{"cookie", cookie}, {"host", "127.0.0.1:9443"}}}))
                   .contains("passkey_host"));
  EXPECT_EQ(read("/api/v1/account", cookie)["passkey_host"], "console.example");
}

TEST_F(AccountApi, APasswordIsChangedWithTheOldOneAndEndsTheOtherSignIns) {
  const std::string here = sign_in("root"), elsewhere = sign_in("root");
  const auto put = [&](const char* old, const char* fresh) {
    return send(Put, "/api/v1/account/password", {{"old", old}, {"new", fresh}}, here);
  };
  EXPECT_EQ(code_of(put(kPassword, "short")), "weak_password");
  EXPECT_EQ(code_of(put(kPassword, "password1234")), "weak_password");
  EXPECT_EQ(code_of(put("not the old one", kNewPassword)), "sign_in_refused");
  EXPECT_EQ(put(kPassword, kNewPassword).status, 204);
  EXPECT_EQ(answer({Get, "/api/v1/me", {}, {{"cookie", here}}}).status, 200);
  EXPECT_EQ(answer({Get, "/api/v1/me", {}, {{"cookie", elsewhere}}}).status, 401);
  EXPECT_EQ(sign_in_with(kNewPassword).status, 200);
}

TEST_F(AccountApi, AnInvitedAuditorChoosesAPasswordAndIsIn) {
  const std::string root = sign_in("root");
  const Response invited = send(Post, "/api/v1/invitations", {{"name", "bob"}, {"role", "auditor"}}, root);
  ASSERT_EQ(invited.status, 201) << invited.body;
  const std::string link = json_of(invited)["link"];
  EXPECT_TRUE(link.starts_with("https://console.example:9443/invitation#")) << link;
  const std::string token = link.substr(link.find('#') + 1);
  EXPECT_EQ(read("/api/v1/invitations", root)["items"].size(), 1U);
  EXPECT_EQ(base::dump_json(read("/api/v1/invitations", root)).find(token), std::string::npos);
  EXPECT_EQ(json_of(send(Post, "/api/v1/invitation", {{"token", token}}, {}))["name"], "bob");
  const auto accept = [&](const char* password) {
    return send(Post, "/api/v1/invitation/accept", {{"token", token}, {"password", password}}, {});
  };
  EXPECT_EQ(code_of(accept("short")), "weak_password");
  const Response in = accept(kNewPassword);
  ASSERT_EQ(in.status, 200) << in.body;
  EXPECT_EQ(json_of(in)["role"], "auditor");
  EXPECT_EQ(answer({Get, "/api/v1/admins", {}, {{"cookie", cookie_of(in)}}}).status, 200);
  EXPECT_EQ(code_of(accept(kNewPassword)), "no_invitation");
}

TEST_F(AccountApi, GuessersOfInvitationsWaitAsThoseOfPasswordsDo) {
  for (int i = 0; i < SignInGuard::kFreeFailures; ++i)
    EXPECT_EQ(send(Post, "/api/v1/invitation", {{"token", "guess"}}, {}).status, 404);
  EXPECT_EQ(send(Post, "/api/v1/invitation", {{"token", "guess"}}, {}).status, 429);
}

TEST_F(AccountApi, TheLastAdminCannotBeTakenAway) {
  const std::string root = sign_in("root");
  EXPECT_EQ(code_of(send(Delete, "/api/v1/admins/root", Json::object(), root)), "last_admin");
  EXPECT_EQ(code_of(send(Put, "/api/v1/admins/root/role", {{"role", "auditor"}}, root)), "last_admin");
  EXPECT_EQ(send(Put, "/api/v1/admins/eve/role", {{"role", "admin"}}, root).status, 200);
  EXPECT_EQ(send(Put, "/api/v1/admins/root/role", {{"role", "auditor"}}, root).status, 200);
  EXPECT_EQ(answer({Get, "/api/v1/me", {}, {{"cookie", root}}}).status, 401)
      << "another role is another sign-in";
}

TEST_F(AccountApi, AnAdminEndsTheSignInsOfOthers) {
  const std::string root = sign_in("root"), eve = sign_in("eve");
  EXPECT_EQ(json_of(send(Delete, "/api/v1/admins/eve/sign-ins", Json::object(), root))["ended"], 1);
  EXPECT_EQ(answer({Get, "/api/v1/me", {}, {{"cookie", eve}}}).status, 401);
  EXPECT_EQ(answer({Get, "/api/v1/me", {}, {{"cookie", root}}}).status, 200);
}

TEST_F(AccountApi, TheMachineGivesAnotherPasswordAndPrintsItOnce) {
  Ask ask{Post, "/api/v1/admins/root/password", "{}", {{"content-type", "application/json"}}};
  ask.local = true;
  const Response reset = answer(ask);
  ASSERT_EQ(reset.status, 200) << reset.body;
  EXPECT_EQ(sign_in_with(json_of(reset)["password"].get<std::string>()).status, 200);
  EXPECT_EQ(code_of(sign_in_with(kPassword)), "sign_in_refused");
}

TEST_F(AccountApi, WhereMoreThanAPasswordIsWantedOnesOwnAccountIsAllThatOpens) {
  parts.facts.second_factor_required = true;
  const std::string cookie = sign_in("root");
  EXPECT_EQ(read("/api/v1/me", cookie)["must_enroll"], true);
  EXPECT_EQ(code_of(answer({Get, "/api/v1/status", {}, {{"cookie", cookie}}})), "second_factor_missing");
  EXPECT_EQ(answer({Get, "/api/v1/account", {}, {{"cookie", cookie}, {"host", kHost}}}).status, 200);
  set_up_totp(cookie);
  EXPECT_EQ(answer({Get, "/api/v1/status", {}, {{"cookie", cookie}}}).status, 200);
}

TEST_F(AccountApi, TellsWhenAttemptsBeginToBeSlowed) {
  for (int i = 0; i < SignInGuard::kFreeFailures; ++i) sign_in_with("wrong password");
  ASSERT_TRUE(turn_until([&] {
    return std::any_of(fake.events.begin(), fake.events.end(),
                       [](const Json& event) { return event["type"] == "admin.slowed"; });
  }));
}

}  // namespace
}  // namespace postern::console
