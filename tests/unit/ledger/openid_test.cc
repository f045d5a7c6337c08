// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

using base::Json;

struct Provided : Scene {
  OpenIdTerms terms{"https://login.example", "email", {}, false};

  Decision told(const char* command, Json answer) {
    Json order{{"command", command}, {"client", "192.0.2.7:50123"}, {"answer", std::move(answer)}};
    Context here = context();
    here.openid = terms.issuer.empty() ? nullptr : &terms;
    Decision decision = decide_command(here, Sender::Enforcer, order);
    take(decision.events);
    return decision;
  }
  Decision open(Json claims) {
    claims.update(
        {{"issuer", "https://login.example"}, {"subject", "sub-" + claims.value("email", std::string())}});
    return told("openid.open", {{"status", 200}, {"body", std::move(claims)}});
  }
  Decision depart(Json who) {
    who["issuer"] = "https://login.example";
    return told("openid.depart", {{"status", 200}, {"body", std::move(who)}});
  }
  void let_in() { admin({{"command", "remote_access.set"}, {"mode", "all"}}); }
};

TEST(OpenIdSignIn, OpensASessionOfTheEngineerWhomTheClaimNames) {
  Provided scene;
  scene.let_in();
  scene.know("alice");
  const Decision opened =
      scene.open({{"email", "Alice@example.com"}, {"sid", "s1"}, {"acr", "gold"}, {"amr", {"pwd", "otp"}}});
  ASSERT_EQ(status_of(opened), 200);
  EXPECT_EQ(opened.reply["engineer"], "alice");
  EXPECT_TRUE(opened.reply.contains("token"));
  const auto detail = base::parse_json(opened.events.back().detail);
  EXPECT_EQ((*detail)["method"], "openid");
  EXPECT_EQ((*detail)["issuer"], "https://login.example");
  EXPECT_EQ((*detail)["amr"], "pwd otp");
  const state::Session& session = scene.state.sessions().begin()->second;
  EXPECT_EQ(session.sid, "s1");
  EXPECT_EQ(state::State::from_json(scene.state.to_json())->sessions().begin()->second, session);
}

TEST(OpenIdSignIn, IsRefusedToWhomNobodyKnowsOrApproved) {
  Provided scene;
  scene.let_in();
  scene.admin({{"command", "engineer.add"}, {"name", "bob"}, {"email", "bob@example.com"}});
  EXPECT_EQ(code_of(scene.open({{"email", "bob@example.com"}})), "sign_in_refused");
  EXPECT_EQ(code_of(scene.open({{"email", "mallory@example.com"}})), "sign_in_refused");
  EXPECT_EQ(code_of(scene.open(Json::object())), "sign_in_refused")
      << "an address that was not verified is not told";
  EXPECT_EQ(code_of(scene.open({{"preferred_username", "bob"}})), "sign_in_refused")
      << "another claim counts for nothing";
  EXPECT_EQ(scene.all.back().type, audit::EventType::SessionRefused);
}

TEST(OpenIdSignIn, NeedsOneOfTheGroupsWhereAnyAreNamed) {
  Provided scene;
  scene.let_in();
  scene.know("alice");
  scene.terms.groups = {"support"};
  EXPECT_EQ(code_of(scene.open({{"email", "alice@example.com"}})), "sign_in_refused");
  EXPECT_EQ(code_of(scene.open({{"email", "alice@example.com"}, {"groups", "support"}})), "sign_in_refused");
  EXPECT_EQ(status_of(scene.open({{"email", "alice@example.com"}, {"groups", {"support"}}})), 200);
}

TEST(OpenIdSignIn, GivesTheHighestRoleOfTheGroups) {
  Provided scene;
  scene.let_in();
  scene.know("alice");
  scene.terms.roles = {{"admin", {"lead"}}, {"user", {"senior"}}, {"viewer", {"support", "other"}}};
  const auto role_with = [&](const Json& groups) {
    if (status_of(scene.open({{"email", "alice@example.com"}, {"groups", groups}})) != 200)
      return std::string("none");
    return base::json_text_or(*base::parse_json(scene.all.back().detail), "most_role", "");
  };
  EXPECT_EQ(role_with({"support"}), "viewer");
  EXPECT_EQ(role_with({"support", "senior"}), "user");
  EXPECT_EQ(role_with({"lead", "other"}), "admin");
  EXPECT_EQ(scene.state.sessions().rbegin()->second.most_role, "admin");
  EXPECT_EQ(role_with({"unknown"}), "none");
  scene.terms.groups = {"employees"};
  EXPECT_EQ(role_with({"lead"}), "none") << "where both are named, both are needed";
  EXPECT_EQ(role_with({"lead", "employees"}), "admin");
  scene.terms.roles.clear();
  EXPECT_EQ(role_with({"employees"}), "") << "no role, no ceiling";
}

TEST(OpenIdSignIn, BindsAnEngineerToTheAccountThatCameInFirst) {
  Provided scene;
  scene.let_in();
  scene.know("alice");
  const auto open_as = [&](const char* subject, const char* email) {
    return scene.told(
        "openid.open",
        {{"status", 200},
         {"body", {{"issuer", "https://login.example"}, {"subject", subject}, {"email", email}}}});
  };
  ASSERT_EQ(status_of(open_as("account-1", "alice@example.com")), 200);
  EXPECT_EQ(scene.state.engineers().at("alice").subject, "account-1");
  EXPECT_EQ(open_as("account-1", "married@example.com").reply["engineer"], "alice")
      << "the address may change";
  const Decision other = open_as("account-2", "alice@example.com");
  EXPECT_EQ(code_of(other), "sign_in_refused") << "the address was given to somebody else";
  EXPECT_NE(scene.all.back().detail.find("another account of the provider"), std::string::npos);
  EXPECT_NE(scene.all.back().detail.find("account-2"), std::string::npos) << "which one it was";
  EXPECT_EQ(scene.all.back().actor, "client") << "and it is not alice's doing";
  EXPECT_EQ(state::State::from_json(scene.state.to_json())->engineers().at("alice"),
            scene.state.engineers().at("alice"));
  scene.terms.issuer = "https://next.example";
  const Json moved{{"issuer", "https://next.example"}, {"subject", "n-7"}, {"email", "alice@example.com"}};
  EXPECT_EQ(status_of(scene.told("openid.open", {{"status", 200}, {"body", moved}})), 200)
      << "with another provider it begins anew";
  EXPECT_EQ(scene.state.engineers().at("alice").subject, "n-7");
}

TEST(OpenIdSignIn, MayNameEngineersByTheAccountItself) {
  Provided scene;
  scene.let_in();
  scene.know("alice");
  scene.terms.name_claim = "sub";
  const Json claims{{"issuer", "https://login.example"}, {"subject", "alice"}};
  EXPECT_EQ(scene.told("openid.open", {{"status", 200}, {"body", claims}}).reply["engineer"], "alice");
}

TEST(OpenIdSignIn, AddsWhomTheProviderVouchesForOnlyIfItMay) {
  Provided scene;
  scene.terms.groups = {"support"};
  scene.terms.provision = true;
  const Json carol{{"email", "Carol@example.com"}, {"groups", {"support"}}};
  EXPECT_EQ(code_of(scene.open(carol)), "remote_access_off");
  EXPECT_TRUE(scene.state.engineers().empty()) << "nobody is added through a door that is shut";
  scene.let_in();
  const Decision opened = scene.open(carol);
  ASSERT_EQ(status_of(opened), 200);
  EXPECT_EQ(types_of(opened.events),
            (std::vector<std::string>{"engineer.added", "engineer.approved", "session.opened"}));
  EXPECT_TRUE(scene.state.engineers().at("carol").approved);
  EXPECT_EQ(code_of(scene.open({{"email", "carol@evil.example"}, {"groups", {"support"}}})),
            "sign_in_refused")
      << "another carol is another person";
  EXPECT_EQ(code_of(scene.open({{"email", "a b@example.com"}, {"groups", {"support"}}})), "sign_in_refused");
}

TEST(OpenIdSignIn, IsNotDecidedOnWithoutTheProvidersAnswer) {
  Provided scene;
  scene.let_in();
  scene.know("alice");
  const Decision refused =
      scene.told("openid.open", {{"status", 403}, {"why", "the token has expired (exp)"}});
  EXPECT_EQ(code_of(refused), "sign_in_refused");
  EXPECT_EQ(refused.refused->message, "the token has expired (exp)");
  EXPECT_EQ(code_of(scene.told("openid.open", {{"status", 502}, {"why", "away"}})), "gateway_error");
  EXPECT_NE(status_of(scene.told("openid.open", nullptr)), 200);
  EXPECT_NE(status_of(scene.told("openid.open", {{"status", 200}, {"body", {"email"}}})), 200);
  scene.terms.issuer.clear();
  EXPECT_EQ(status_of(scene.open({{"email", "alice@example.com"}})), 404);
}

TEST(OpenIdDeparture, EndsTheSessionsOfThatPersonOrOfThatSessionOfTheProvider) {
  Provided scene;
  scene.let_in();
  scene.know("alice");
  scene.know("bob");
  const auto come = [&](const std::string& email, const std::string& sid) {
    return base::json_text_or(scene.open({{"email", email}, {"sid", sid}}).reply, "session", "");
  };
  const std::string first = come("alice@example.com", "s1"), second = come("alice@example.com", "s2");
  const std::string other = come("bob@example.com", "s3"), pass = scene.visit("alice");
  EXPECT_EQ(scene.depart({{"sid", "s1"}}).reply["sessions_ended"], 1);
  EXPECT_FALSE(scene.state.sessions().contains(first));
  EXPECT_EQ(scene.depart({{"subject", "sub-bob@example.com"}, {"sid", "s2"}}).reply["sessions_ended"], 0);
  EXPECT_EQ(scene.depart({{"subject", "sub-alice@example.com"}}).reply["sessions_ended"], 1);
  EXPECT_FALSE(scene.state.sessions().contains(second));
  EXPECT_TRUE(scene.state.sessions().contains(other));
  EXPECT_TRUE(scene.state.sessions().contains(pass)) << "a pass is nothing of the provider's";
  EXPECT_EQ(scene.depart(Json::object()).reply["sessions_ended"], 0) << "nobody is everybody";
  EXPECT_EQ(scene.all.back().outcome, "signed_out_at_provider");
}

}  // namespace
}  // namespace postern::ledger
