// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The policy in force, what of it waits, and the acceptance, as the API tells them.
#include "base/crypto.h"
#include "tests/unit/console/rig.h"

namespace postern::console {
namespace {

using enum http::Method;

class PolicyApi : public Rig {
 protected:
  static std::string hash_of(std::string_view text) { return "sha256:" + base::sha256_hex(text); }
  static std::string more() {
    std::string text(kPolicyText);
    return text.insert(
        text.find("roles:"),
        "  extra.write:\n    title: Extra\n    class: write\n    operations:\n      - POST /extra\n");
  }
  // The ledger has put text in force, and before is what was accepted.
  void wait_with(const std::string& text, std::string_view before) {
    connect_ledger();
    state::State state;
    state.apply({{"type", "policy.changed"}, {"detail", {{"new", hash_of(kPolicyText)}}}});
    state.apply({{"type", "policy.changed"}, {"detail", {{"new", hash_of(text)}, {"waits", true}}}});
    fake.send_state(state);
    fake.send_raw(static_cast<std::uint16_t>(ipc::FromLedger::AcceptedPolicy), piece(before));
    fake.send_policy(text);
    ASSERT_TRUE(turn_until([&] { return ledger.policy_text() == text && ledger.policy_waits(); }));
  }
  static std::string piece(std::string_view text) {
    base::BinaryWriter out;
    ipc::encode(ipc::PolicyPiece{true, text}, out);
    return out.bytes();
  }
  base::Json get(const std::string& target) {
    Ask ask{Get, target};
    ask.local = true;
    return json_of(answer(ask));
  }
};

TEST_F(PolicyApi, SaysThatNothingWaits) {
  connect_ledger();
  const base::Json diff = get("/api/v1/policy/diff");
  EXPECT_EQ(diff["waits"], false);
  EXPECT_TRUE(diff["changes"].empty());
  EXPECT_EQ(get("/api/v1/status")["policy"]["waits"], false);
}

TEST_F(PolicyApi, NamesWhatOpensAndSaysThatItWaits) {
  wait_with(more(), kPolicyText);
  const base::Json diff = get("/api/v1/policy/diff");
  EXPECT_EQ(diff["waits"], true);
  EXPECT_EQ(diff["hash"], hash_of(more()));
  EXPECT_EQ(diff["accepted"]["hash"], hash_of(kPolicyText));
  EXPECT_EQ(diff["accepted"]["readable"], true);
  ASSERT_EQ(diff["changes"].size(), 1U);
  const base::Json& change = diff["changes"][0];
  EXPECT_EQ(change["effect"], "new");
  EXPECT_EQ(change["capability"], "extra.write");
  EXPECT_EQ(change["title"], "Extra");
  EXPECT_EQ(change["class"], "write");
  EXPECT_EQ(change["what"], "POST /extra");
  EXPECT_EQ(diff["counts"]["new"], 1);
  EXPECT_EQ(get("/api/v1/status")["policy"]["waits"], true);
}

TEST_F(PolicyApi, CountsAllOfItAsNewWhenWhatWasAcceptedCannotBeRead) {
  wait_with(more(), "");
  const base::Json diff = get("/api/v1/policy/diff");
  EXPECT_EQ(diff["accepted"]["readable"], false);
  EXPECT_EQ(diff["counts"]["new"], 3);
}

TEST_F(PolicyApi, AnAdminAcceptsByNameAndAnAuditorDoesNot) {
  wait_with(more(), kPolicyText);
  fake.answer = [](const base::Json&) { return base::Json{{"changed", true}}; };
  const std::string body = base::dump_json(base::Json{{"hash", hash_of(more())}});
  EXPECT_EQ(answer(change(Post, "/api/v1/policy/accept", body, sign_in("eve"))).status, 403);
  EXPECT_TRUE(fake.commands.empty());
  EXPECT_EQ(answer(change(Post, "/api/v1/policy/accept", body, sign_in("root"))).status, 200);
  ASSERT_EQ(fake.commands.size(), 1U);
  EXPECT_EQ(fake.commands[0].json["command"], "policy.accept");
  EXPECT_EQ(fake.commands[0].json["hash"], hash_of(more()));
  EXPECT_EQ(fake.commands[0].json["actor"], "admin:root");
  EXPECT_EQ(answer(change(Post, "/api/v1/policy/accept", "{\"all\":true}", sign_in("root"))).status, 400);
}

TEST_F(PolicyApi, WhatIsAcceptedWaitsNoMore) {
  wait_with(more(), kPolicyText);
  fake.send_change(base::dump_json(base::Json{{"type", "policy.accepted"},
                                              {"time", "2026-03-01T00:00:00.000000Z"},
                                              {"actor", "admin:root"},
                                              {"detail", {{"new", hash_of(more())}}}}));
  ASSERT_TRUE(turn_until([&] { return !ledger.policy_waits(); }));
  const base::Json shown = get("/api/v1/policy");
  EXPECT_EQ(shown["accepted"]["by"], "admin:root");
  EXPECT_EQ(shown["text"], more());
}

}  // namespace
}  // namespace postern::console
