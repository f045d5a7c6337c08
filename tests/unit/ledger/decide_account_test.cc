// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/decide_account.h"

#include "accounts/orders.h"
#include "base/bytes.h"
#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

using accounts::Rank;
using base::Json;

const std::string kHash = "$argon2id$v=19$m=65536,t=3,p=1$abc$def";
const std::string kCode = base::sha256_hex("code");

// The accounts follow what is decided, as the ledger does it.
class AccountScene : public ::testing::Test {
 protected:
  Scene scene;
  accounts::Accounts accounts =
      accounts::parse_admins(R"({"admins":[{"name":"root","role":"admin","password":"$argon2id$x"}]})")
          .value();

  Decision send(Json order, const std::string& actor = "admin:root") {
    order["actor"] = actor;
    order["from"] = "192.0.2.7:5";
    AccountDecision decided = decide_account(scene.context(), accounts, order);
    EXPECT_LE(decided.decision.events.size(), 1U);
    EXPECT_FALSE(decided.decision.refused && decided.next) << "refused and changed";
    scene.take(decided.decision.events);
    if (decided.next) accounts = *decided.next;
    return decided.decision;
  }
  Decision add(const std::string& name, const char* role) {
    return send({{"command", "admin.add"}, {"name", name}, {"role", role}, {"password", kHash}});
  }
  std::string code_of(const Decision& decision) { return decision.refused ? decision.refused->code : ""; }
  audit::EventType last() const { return scene.all.back().type; }
};

TEST_F(AccountScene, NoSecretStandsInAnyEvent) {
  add("bob", "auditor");
  send({{"command", "admin.set_password"}, {"name", "bob"}, {"password", kHash + "2"}});
  send({{"command", "admin.set_totp"},
        {"name", "bob"},
        {"secret", base::to_base64url(std::string(20, 'S'))},
        {"step", 5},
        {"recovery", {kCode}}});
  send({{"command", "admin.add_passkey"},
        {"name", "bob"},
        {"id", "AQID"},
        {"label", "Key"},
        {"rp", "localhost"},
        {"key", "a2V5a2V5"},
        {"counter", 0}});
  send({{"command", "admin.use_recovery"}, {"name", "bob"}, {"code_sha256", kCode}});
  send({{"command", "admin.invite"},
        {"name", "eve"},
        {"role", "auditor"},
        {"token_sha256", base::sha256_hex("t")}});
  ASSERT_EQ(scene.lines.size(), 6U);
  for (const std::string& line : scene.lines) {
    for (const std::string& secret : {std::string("argon2"), base::to_base64url(std::string(20, 'S')), kCode,
                                      base::sha256_hex("t"), std::string("a2V5a2V5")})
      EXPECT_EQ(line.find(secret), std::string::npos) << line;
  }
}

TEST_F(AccountScene, TheLastAdminStaysOne) {
  EXPECT_EQ(code_of(send({{"command", "admin.remove"}, {"name", "root"}})), "last_admin");
  EXPECT_EQ(code_of(send({{"command", "admin.set_role"}, {"name", "root"}, {"role", "auditor"}})),
            "last_admin");
  add("bob", "auditor");
  EXPECT_EQ(code_of(send({{"command", "admin.remove"}, {"name", "root"}})), "last_admin")
      << "an auditor is none";
  send({{"command", "admin.set_role"}, {"name", "bob"}, {"role", "admin"}});
  EXPECT_EQ(last(), audit::EventType::AdminRoleChanged);
  EXPECT_FALSE(send({{"command", "admin.remove"}, {"name", "root"}}).refused);
  EXPECT_EQ(accounts.find("root"), nullptr);
}

TEST_F(AccountScene, AddsWhoIsNewAndWellNamed) {
  EXPECT_FALSE(add("bob", "auditor").refused);
  EXPECT_EQ(accounts.find("bob")->rank, Rank::Auditor);
  EXPECT_EQ(accounts.find("bob")->handle.size(), accounts::kHandleSize);
  EXPECT_EQ(code_of(add("bob", "admin")), "conflict");
  EXPECT_EQ(code_of(add("uid-0", "admin")), "invalid");
  EXPECT_EQ(code_of(add("eve", "owner")), "invalid");
  EXPECT_EQ(
      code_of(send({{"command", "admin.add"}, {"name", "eve"}, {"role", "admin"}, {"password", "secret"}})),
      "invalid")
      << "a password, not its hash";
}

TEST_F(AccountScene, UsesACodeUpOnce) {
  const Json setting_up{{"command", "admin.set_totp"},
                        {"name", "root"},
                        {"secret", base::to_base64url(std::string(20, 'S'))},
                        {"step", 5},
                        {"recovery", {kCode}}};
  EXPECT_FALSE(send(setting_up).refused);
  EXPECT_EQ(code_of(send({{"command", "admin.use_totp"}, {"name", "root"}, {"step", 5}})), "conflict");
  const Decision used = send({{"command", "admin.use_totp"}, {"name", "root"}, {"step", 6}});
  EXPECT_FALSE(used.refused);
  EXPECT_TRUE(used.events.empty()) << "the sign-in is the event";
  EXPECT_EQ(accounts.find("root")->totp->step, 6);
  EXPECT_EQ(code_of(send({{"command", "admin.use_totp"}, {"name", "root"}, {"step", 6}})), "conflict");
  EXPECT_FALSE(send({{"command", "admin.use_recovery"}, {"name", "root"}, {"code_sha256", kCode}}).refused);
  EXPECT_EQ(last(), audit::EventType::AdminCodeUsed);
  EXPECT_EQ(code_of(send({{"command", "admin.use_recovery"}, {"name", "root"}, {"code_sha256", kCode}})),
            "conflict");
}

TEST_F(AccountScene, NobodyUsesAFactorOfALockedAccount) {
  add("bob", "admin");
  ASSERT_FALSE(send({{"command", "admin.set_totp"},
                     {"name", "root"},
                     {"secret", base::to_base64url(std::string(20, 'S'))},
                     {"step", 5},
                     {"recovery", {kCode}}})
                   .refused);
  ASSERT_FALSE(send({{"command", "admin.add_passkey"},
                     {"name", "root"},
                     {"id", "AQID"},
                     {"label", "Key"},
                     {"rp", "localhost"},
                     {"key", "a2V5"},
                     {"counter", 3}})
                   .refused);
  ASSERT_FALSE(send({{"command", "admin.lock"}, {"name", "root"}}).refused);
  EXPECT_EQ(code_of(send({{"command", "admin.use_totp"}, {"name", "root"}, {"step", 6}})), "conflict");
  EXPECT_EQ(code_of(send({{"command", "admin.use_recovery"}, {"name", "root"}, {"code_sha256", kCode}})),
            "conflict");
  EXPECT_EQ(
      code_of(send({{"command", "admin.use_passkey"}, {"name", "root"}, {"id", "AQID"}, {"counter", 4}})),
      "conflict");
  EXPECT_EQ(accounts.find("root")->recovery.size(), 1U);
}

TEST_F(AccountScene, KeepsPasskeysApart) {
  add("bob", "admin");
  Json passkey{{"command", "admin.add_passkey"},
               {"name", "root"},
               {"id", "AQID"},
               {"label", "Key"},
               {"rp", "localhost"},
               {"key", "a2V5"},
               {"counter", 3}};
  EXPECT_FALSE(send(passkey).refused);
  passkey["name"] = "bob";
  EXPECT_EQ(code_of(send(passkey)), "conflict") << "somebody else's";
  const Json use{{"command", "admin.use_passkey"}, {"name", "root"}, {"id", "AQID"}, {"counter", 4}};
  EXPECT_FALSE(send(use).refused);
  EXPECT_EQ(accounts.find("root")->passkeys[0].used, scene.now);
  EXPECT_EQ(code_of(send(use)), "conflict") << "counted already";
  EXPECT_EQ(code_of(send({{"command", "admin.remove_passkey"}, {"name", "bob"}, {"id", "AQID"}})),
            "not_found");
  EXPECT_FALSE(send({{"command", "admin.remove_passkey"}, {"name", "root"}, {"id", "AQID"}}).refused);
  EXPECT_TRUE(accounts.find("root")->passkeys.empty());
}

TEST_F(AccountScene, AnInvitationIsGoodOnceAndForADay) {
  const std::string token = base::sha256_hex("token");
  const Json invite{
      {"command", "admin.invite"}, {"name", "bob"}, {"role", "auditor"}, {"token_sha256", token}};
  const Json accept{{"command", "admin.accept"}, {"token_sha256", token}, {"password", kHash}};
  EXPECT_EQ(code_of(send(accept, "admin:bob")), "not_found") << "nobody was invited";
  EXPECT_FALSE(send(invite).refused);
  scene.now += accounts::kInvitationLife;
  EXPECT_EQ(code_of(send(accept, "admin:bob")), "not_found") << "a day later";
  EXPECT_FALSE(send(invite).refused);
  scene.now += accounts::kInvitationLife - 1;
  EXPECT_FALSE(send(accept, "admin:bob").refused);
  EXPECT_EQ(scene.all.back().actor, "admin:bob");
  EXPECT_EQ(accounts.find("bob")->rank, Rank::Auditor);
  EXPECT_TRUE(accounts.invitations.empty());
  EXPECT_EQ(code_of(send(accept, "admin:bob")), "not_found");
}

TEST_F(AccountScene, AnotherInvitationOfTheSameNameReplacesTheFirst) {
  const auto invite = [&](const char* token) {
    return send({{"command", "admin.invite"},
                 {"name", "bob"},
                 {"role", "auditor"},
                 {"token_sha256", base::sha256_hex(token)}});
  };
  invite("one");
  const std::string id = base::json_text_or(invite("two").reply, "id", "");
  ASSERT_EQ(accounts.invitations.size(), 1U);
  EXPECT_EQ(accounts.find_invitation(base::sha256_hex("one")), nullptr);
  EXPECT_FALSE(send({{"command", "admin.revoke_invitation"}, {"id", id}}).refused);
  EXPECT_EQ(last(), audit::EventType::AdminInvitationRevoked);
  EXPECT_EQ(code_of(send({{"command", "admin.revoke_invitation"}, {"id", id}})), "not_found");
}

TEST_F(AccountScene, NothingIsChangedWhileTheLogCannotBeWritten) {
  scene.writable = false;
  EXPECT_EQ(code_of(add("bob", "auditor")), "log_unavailable");
  EXPECT_EQ(accounts.list.size(), 1U);
}

TEST_F(AccountScene, TheConsoleAloneMaySendThese) {
  EXPECT_TRUE(may_command(Sender::Console, "admin.add"));
  for (const Sender other : {Sender::Enforcer, Sender::Supervisor, Sender::Link})
    EXPECT_FALSE(may_command(other, "admin.add"));
  EXPECT_EQ(code_of(send({{"command", "admin.remove"}, {"name", "root"}}, "engineer:alice")), "denied");
}

}  // namespace
}  // namespace postern::ledger
