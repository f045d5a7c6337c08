// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Admins who come in by their provider: what its claims mean for the accounts of the console.
#include "gateway/ledger/decide_account.h"
#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

using accounts::Rank;
using base::Json;

class AdminProviderScene : public ::testing::Test {
 protected:
  Scene scene;
  OpenIdTerms terms{"https://corp.example", "email", {}, false, {{"admin", {"ops"}}, {"auditor", {"audit"}}}};
  accounts::Accounts accounts =
      accounts::parse_admins(R"({"admins":[{"name":"root","role":"admin","password":"$argon2id$x"}]})")
          .value();

  Decision send(Json order) {
    order["actor"] = "admin:unknown";
    order["from"] = "192.0.2.7:5";
    Context here = scene.context();
    here.admin_openid = terms.issuer.empty() ? nullptr : &terms;
    AccountDecision decided = decide_account(here, accounts, order);
    EXPECT_LE(decided.decision.events.size(), 1U);
    scene.take(decided.decision.events);
    if (decided.next) accounts = *decided.next;
    return decided.decision;
  }
  Json open(const char* subject, const char* email, const Json& groups, const Json& more = Json::object()) {
    Json order{{"command", "admin_openid.open"},
               {"answer",
                {{"status", 200},
                 {"body",
                  {{"issuer", "https://corp.example"},
                   {"subject", subject},
                   {"email", email},
                   {"groups", groups},
                   {"sid", "s1"}}}}}};
    order.update(more);
    return send(order).reply;
  }
  Json named(const char* command, Json more = Json::object()) {
    more["command"] = command;
    return send(more).refused ? Json("refused") : Json("done");
  }
  const accounts::Account* alice() { return accounts.find("alice@corp.example"); }
};

TEST_F(AdminProviderScene, MakeAnAccountThatIsBoundToIssuerAndSubject) {
  const Json came = open("a-1", "Alice@corp.example", {"ops", "other"});
  EXPECT_EQ(came["name"], "alice@corp.example");
  EXPECT_EQ(came["role"], "admin");
  EXPECT_EQ(came["sid"], "s1");
  ASSERT_NE(alice(), nullptr);
  EXPECT_EQ(alice()->provider,
            (accounts::ProviderAccount{"https://corp.example", "a-1", Rank::Admin, false}));
  EXPECT_TRUE(alice()->password.empty());
  EXPECT_EQ(scene.all.back().type, audit::EventType::AdminAdded);
  EXPECT_EQ(scene.all.back().actor, "gateway");
  const auto detail = base::parse_json(scene.all.back().detail);
  EXPECT_EQ((*detail)["issuer"], "https://corp.example");
  EXPECT_EQ((*detail)["subject"], "a-1");
  const auto kept = accounts::parse_accounts(accounts::format_accounts(accounts, {}));
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept->accounts, accounts);

  const std::size_t events = scene.all.size();
  EXPECT_EQ(open("a-1", "married@corp.example", {"ops"})["name"], "alice@corp.example");
  EXPECT_EQ(scene.all.size(), events) << "nothing has changed";
  EXPECT_EQ(open("a-2", "alice@corp.example", {"ops"})["refused"], "name_taken");
  EXPECT_EQ(open("a-3", "root", {"ops"})["refused"], "name_taken") << "no local account is taken over";
}

TEST_F(AdminProviderScene, AreRefusedWithoutAGroupOrANameOrAnAnswer) {
  const Json none = open("b-1", "bob@corp.example", {"other"});
  EXPECT_EQ(none["refused"], "no_role");
  EXPECT_EQ(none["subject"], "b-1");
  EXPECT_EQ(open("b-1", "bob@corp.example", Json::array())["refused"], "no_role");
  EXPECT_EQ(open("b-1", "bob@corp.example", "ops")["refused"], "no_role");
  EXPECT_EQ(open("b-1", "", {"ops"})["refused"], "no_name");
  EXPECT_EQ(open("b-1", "bob smith@corp.example", {"ops"})["refused"], "no_name");
  EXPECT_EQ(open("b-1", "uid-0", {"ops"})["refused"], "no_name");
  EXPECT_EQ(send({{"command", "admin_openid.open"}, {"answer", {{"status", 403}, {"why", "a lie"}}}}).reply,
            (Json{{"refused", "sign_in_refused"}, {"why", "a lie"}}));
  EXPECT_EQ(send({{"command", "admin_openid.open"}}).reply["refused"], "provider_unavailable");
  EXPECT_EQ(accounts.list.size(), 1U);
  EXPECT_TRUE(scene.all.empty());
  terms.issuer.clear();
  EXPECT_TRUE(send({{"command", "admin_openid.open"}}).refused.has_value());
}

TEST_F(AdminProviderScene, AreRefusedIfTheirAccountCouldNotBeReadAgain) {
  const std::string longest(2048, 's');
  for (const std::string& subject : {std::string(), std::string("a\n1"), std::string("a\x7F"), longest + "s"})
    EXPECT_EQ(open(subject.c_str(), "bob@corp.example", {"ops"})["refused"], "no_name") << subject;
  for (const char* issuer : {"", "https://corp.example/\t"}) {
    const Json answer{{"status", 200},
                      {"body",
                       {{"issuer", issuer},
                        {"subject", "b-1"},
                        {"email", "bob@corp.example"},
                        {"groups", Json::array({"ops"})}}}};
    EXPECT_EQ(send({{"command", "admin_openid.open"}, {"answer", answer}}).reply["refused"], "no_name");
  }
  EXPECT_EQ(accounts.list.size(), 1U);
  EXPECT_TRUE(scene.all.empty());

  EXPECT_EQ(open(longest.c_str(), "bob@corp.example", {"ops"})["role"], "admin");
  const auto kept = accounts::parse_accounts(accounts::format_accounts(accounts, {}));
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept->accounts, accounts);
}

TEST_F(AdminProviderScene, HaveTheRoleOfTheirGroupsAtEachSignInAndNeverMoreThanAnAdminLeftThem) {
  open("a-1", "alice@corp.example", {"audit", "ops"});
  EXPECT_EQ(alice()->rank, Rank::Admin) << "the highest counts";
  EXPECT_EQ(open("a-1", "alice@corp.example", {"audit"})["role"], "auditor");
  EXPECT_EQ(scene.all.back().type, audit::EventType::AdminRoleChanged);
  EXPECT_EQ(named("admin.set_role", {{"name", "alice@corp.example"}, {"role", "admin"}}), "refused")
      << "no more than the groups give";
  EXPECT_EQ(open("a-1", "alice@corp.example", {"ops"})["role"], "admin");
  EXPECT_EQ(named("admin.set_role", {{"name", "alice@corp.example"}, {"role", "auditor"}}), "done");
  EXPECT_EQ(open("a-1", "alice@corp.example", {"ops"})["role"], "auditor");
  EXPECT_EQ(open("a-1", "alice@corp.example", {"audit"})["role"], "auditor");
  EXPECT_EQ(open("a-1", "alice@corp.example", {"ops"})["role"], "auditor") << "it is not forgotten";
  EXPECT_EQ(named("admin.set_role", {{"name", "alice@corp.example"}, {"role", "admin"}}), "done");
  EXPECT_EQ(open("a-1", "alice@corp.example", {"ops"})["role"], "admin");
  EXPECT_EQ(open("a-1", "alice@corp.example", {"none"})["name"], "alice@corp.example")
      << "the console is told whose sign-ins end";
}

TEST_F(AdminProviderScene, ProveOnlyForTheirOwnAccount) {
  open("a-1", "alice@corp.example", {"ops"});
  const Json as_alice{{"name", "alice@corp.example"}};
  EXPECT_EQ(open("a-1", "alice@corp.example", {"ops"}, as_alice)["role"], "admin");
  EXPECT_EQ(open("c-1", "carol@corp.example", {"ops"}, as_alice)["refused"], "another_account");
  EXPECT_EQ(accounts.find("carol@corp.example"), nullptr) << "and no account is made on the way";
  EXPECT_EQ(open("a-1", "alice@corp.example", {"ops"}, {{"name", "root"}})["refused"], "another_account");
}

TEST_F(AdminProviderScene, ThatAreLockedStayOutsideAndKeepNothingThatOpens) {
  open("a-1", "alice@corp.example", {"ops"});
  EXPECT_EQ(named("admin.lock", {{"name", "alice@corp.example"}}), "done");
  EXPECT_EQ(scene.all.back().type, audit::EventType::AdminLocked);
  EXPECT_EQ(open("a-1", "alice@corp.example", {"ops"})["refused"], "locked");
  EXPECT_EQ(named("admin.unlock", {{"name", "alice@corp.example"}}), "done");
  EXPECT_EQ(open("a-1", "alice@corp.example", {"ops"})["role"], "admin");
  EXPECT_EQ(named("admin.set_password", {{"name", "alice@corp.example"}, {"password", "$argon2id$x"}}),
            "refused");
  EXPECT_EQ(named("admin.add_passkey", {{"name", "alice@corp.example"},
                                        {"id", "AQID"},
                                        {"label", "Key"},
                                        {"rp", "localhost"},
                                        {"key", "a2V5a2V5"},
                                        {"counter", 0}}),
            "refused");
}

TEST_F(AdminProviderScene, DoNotCountAsTheLastAdmin) {
  open("a-1", "alice@corp.example", {"ops"});
  for (const char* command : {"admin.remove", "admin.lock"})
    EXPECT_EQ(named(command, {{"name", "root"}}), "refused") << command;
  EXPECT_EQ(named("admin.set_role", {{"name", "root"}, {"role", "auditor"}}), "refused");
  EXPECT_EQ(named("admin.add", {{"name", "spare"}, {"role", "admin"}, {"password", "$argon2id$y"}}), "done");
  EXPECT_EQ(named("admin.lock", {{"name", "root"}}), "done");
  EXPECT_EQ(named("admin.lock", {{"name", "spare"}}), "refused") << "a locked one does not count either";
  EXPECT_EQ(named("admin.remove", {{"name", "alice@corp.example"}}), "done");
}

TEST_F(AdminProviderScene, AreTheConsolesToAskFor) {
  for (const char* command :
       {"admin_openid.begin", "admin_openid.open", "admin_openid.depart", "admin_openid.end"}) {
    EXPECT_TRUE(may_command(Sender::Console, command)) << command;
    for (const Sender other : {Sender::Enforcer, Sender::Link, Sender::Supervisor})
      EXPECT_FALSE(may_command(other, command)) << command;
  }
  for (const char* command : {"openid.begin", "openid.open", "openid.depart", "openid.end"})
    EXPECT_FALSE(may_command(Sender::Console, command)) << command;
}

}  // namespace
}  // namespace postern::ledger
