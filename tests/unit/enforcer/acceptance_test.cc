// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A policy that waits for an admin, at the second door.
#include "base/crypto.h"
#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {
namespace {

class WaitingPolicy : public EnforcerScene {
 protected:
  WaitingPolicy() {
    change(event("policy.changed", {{"new", hash_of(kPolicy)}}));
    turn(5);
  }
  static std::string hash_of(std::string_view text) { return "sha256:" + base::sha256_hex(text); }
  static std::string with_more() {
    std::string text(kPolicy);
    return text.insert(text.find("  silences"), "      - GET /api/v1/more\n");
  }
  void put(const std::string& text, std::string_view before) {
    change(event("policy.changed", {{"new", hash_of(text)}, {"waits", true}}));
    ledger->send(ipc::FromLedger::AcceptedPolicy, ipc::PolicyPiece{true, before});
    ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{true, text});
    turn(10);
  }
  // The refusal's code, or "forwarded".
  std::string outcome(std::string_view target) {
    const int before = connects;
    const std::uint64_t id = get(target);
    if (!until([&] { return has(Type::ResponseEnd, id) || connects > before; })) return "nothing";
    if (connects > before) return "forwarded";
    std::string said = code(id);
    done(id);
    turn(5);
    return said;
  }
};

TEST_F(WaitingPolicy, WhatItOpensIsRefusedUntilItIsAccepted) {
  const std::string more = with_more();
  EXPECT_EQ(outcome("/api/v1/more"), "operation_not_listed");
  put(more, kPolicy);
  EXPECT_EQ(outcome("/api/v1/more"), "operation_not_accepted");
  change(event("policy.accepted", {{"new", hash_of(more)}}));
  turn(5);
  EXPECT_EQ(outcome("/api/v1/more"), "forwarded");
}

TEST_F(WaitingPolicy, WhatWasAcceptedGoesOnMeanwhile) {
  put(with_more(), kPolicy);
  EXPECT_EQ(outcome("/api/v1/query"), "forwarded");
}

TEST_F(WaitingPolicy, TheAcceptanceOfAnotherPolicyOpensNothing) {
  const std::string more = with_more();
  put(more, kPolicy);
  change(event("policy.changed", {{"new", hash_of("another")}, {"waits", true}}));
  change(event("policy.accepted", {{"new", hash_of("another")}}));
  turn(5);
  EXPECT_EQ(outcome("/api/v1/more"), "operation_not_accepted");
}

TEST_F(WaitingPolicy, NothingPassesWhenWhatWasAcceptedCannotBeRead) {
  put(with_more(), "");
  EXPECT_EQ(outcome("/api/v1/query"), "operation_not_accepted");
}

TEST_F(WaitingPolicy, APolicyThatComesAloneIsAccepted) {
  const std::string more = with_more();
  put(more, kPolicy);
  ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{true, more});
  turn(10);
  EXPECT_EQ(outcome("/api/v1/more"), "forwarded");
}

}  // namespace
}  // namespace postern::enforcer
