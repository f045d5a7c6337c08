// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a new policy opens waits for an admin: over restarts, replacements, returns and damage.
#include <gmock/gmock.h>

#include <fstream>

#include "tests/unit/ledger/house.h"

namespace postern::ledger {
namespace {

using base::Json;
using ::testing::HasSubstr;

std::string with(const std::string& operation) {
  std::string text(kPolicyText);
  return text.insert(text.find("      - POST"), "      - " + operation + "\n");
}
std::string without_silences() {
  std::string text(kPolicyText);
  const std::size_t begin = text.find("  silences.write");
  return text.erase(begin, text.find("roles:") - begin);
}
std::string hash_of(std::string_view text) { return "sha256:" + base::sha256_hex(text); }

class PolicyHouse : public House {
 protected:
  Client::Answer accept(const std::string& hash) {
    return answer(*console, by_admin({{"command", "policy.accept"}, {"hash", hash}}));
  }
  Json set(const std::string& text) {
    const Client::Answer given = put_policy(text);
    EXPECT_TRUE(given.ok) << base::dump_json(given.json);
    until([&] { return enforcer->policy == text && console->policy == text; });
    return given.json;
  }
  std::string kept(std::string_view text) const {
    return folder.path() + "/policy/" + base::sha256_hex(text) + ".yaml";
  }
  const std::string two = with("GET /two"), three = with("GET /three");
  const std::string one{kPolicyText};
};

TEST_F(PolicyHouse, TheFirstOneIsAcceptedByBeingThere) {
  EXPECT_EQ(enforcer->accepted_policy, std::nullopt);
  EXPECT_FALSE(ledger->state().policy_waits());
  ASSERT_EQ(logged("policy.accepted").size(), 1u);
  EXPECT_THAT(logged("policy.accepted")[0], HasSubstr("\"reason\":\"first\""));
  EXPECT_TRUE(std::ifstream(kept(one)).good());
}

TEST_F(PolicyHouse, ApprovalsThatAreNoLongerAskedForStillAreUntilThatIsAccepted) {
  std::string strict(kPolicyText);
  strict.insert(strict.find("    class: write"), "    approvals: 2\n");
  ASSERT_EQ(set(strict)["waits"], false) << "it only asks for more";
  ASSERT_EQ(set(one)["waits"], true);
  const Json grant{{"command", "grant.give"}, {"engineer", "alice"}, {"capabilities", {"silences.write"}}};
  EXPECT_EQ(answer(*console, by_admin(grant)).json["approvals_needed"], 2);
  ASSERT_TRUE(accept(hash_of(one)).ok);
  EXPECT_FALSE(answer(*console, by_admin(grant)).json.contains("approvals_needed"));
}

TEST_F(PolicyHouse, WhatOpensSomethingIsToldWithTheOneThatIsAccepted) {
  EXPECT_EQ(set(two)["waits"], true);
  EXPECT_EQ(enforcer->accepted_policy, one);
  EXPECT_THAT(logged("policy.changed").back(),
              HasSubstr("\"newly_allowed\":1,\"no_longer_allowed\":0,\"waits\":true"));
  EXPECT_TRUE(ledger->state().policy_waits());
  EXPECT_TRUE(accept(hash_of(two)).ok);
  until([&] { return !enforcer->state.policy_waits(); });
  EXPECT_EQ(enforcer->changes.back(), "policy.accepted");
  EXPECT_THAT(logged("policy.accepted").back(), HasSubstr("\"actor\":\"admin:root\""));
  EXPECT_THAT(logged("policy.accepted").back(), HasSubstr("\"old\":\"" + hash_of(one) + "\""));
  EXPECT_FALSE(std::ifstream(kept(one)).good()) << "it counts no more";
  const auto late = join(Sender::Enforcer, 1);
  until([&] { return late->policy == two; });
  EXPECT_EQ(late->accepted_policy, std::nullopt);
}

TEST_F(PolicyHouse, WhatOnlyTakesAwayIsAcceptedAtOnce) {
  EXPECT_EQ(set(without_silences())["waits"], false);
  EXPECT_EQ(enforcer->accepted_policy, std::nullopt);
  EXPECT_FALSE(ledger->state().policy_waits());
  EXPECT_THAT(logged("policy.accepted").back(), HasSubstr("\"reason\":\"narrower\""));
}

TEST_F(PolicyHouse, AnAdminAcceptsWhatHeWasShownOrNothing) {
  set(two);
  EXPECT_EQ(accept(hash_of(three)).json["status"], 409);
  EXPECT_EQ(accept("").json["status"], 400);
  set(three);
  EXPECT_EQ(enforcer->accepted_policy, one) << "held against what was accepted, not against what waited";
  EXPECT_EQ(accept(hash_of(two)).json["status"], 409);
  EXPECT_TRUE(ledger->state().policy_waits());
  EXPECT_TRUE(accept(hash_of(three)).ok);
  EXPECT_EQ(accept(hash_of(three)).json["changed"], false);
  EXPECT_EQ(logged("policy.accepted").size(), 2u);
}

TEST_F(PolicyHouse, GoingBackToTheAcceptedOneLeavesNothingToAccept) {
  set(two);
  EXPECT_EQ(set(one)["waits"], false);
  EXPECT_EQ(enforcer->accepted_policy, std::nullopt);
  EXPECT_FALSE(ledger->state().policy_waits());
  EXPECT_EQ(logged("policy.accepted").size(), 1u);
}

TEST_F(PolicyHouse, ARestartedLedgerStillWaits) {
  set(two);
  stop();
  start(two);
  until([&] { return enforcer->policy == two; });
  EXPECT_EQ(enforcer->accepted_policy, one);
  EXPECT_TRUE(accept(hash_of(two)).ok);
  stop();
  start(two);
  until([&] { return enforcer->policy == two; });
  EXPECT_EQ(enforcer->accepted_policy, std::nullopt);
}

TEST_F(PolicyHouse, ThePolicyThatChangedWhileNobodyServedWaitsToo) {
  stop();
  start(two);
  until([&] { return enforcer->policy == two; });
  EXPECT_EQ(enforcer->accepted_policy, one);
}

TEST_F(PolicyHouse, WhenWhatWasAcceptedIsDamagedNothingOfItIsTold) {
  set(two);
  stop();
  std::ofstream(kept(one), std::ios::app) << "# more\n";
  start(two);
  until([&] { return enforcer->policy == two; });
  EXPECT_EQ(enforcer->accepted_policy, "");
  EXPECT_EQ(set(three)["waits"], true);
  EXPECT_EQ(enforcer->accepted_policy, "");
  EXPECT_TRUE(accept(hash_of(three)).ok) << "an admin is the way out";
}

TEST_F(PolicyHouse, ALogOfBeforeThereWasSuchAThingHasAcceptedWhatIsInForce) {
  state::State old;
  old.apply({{"type", "policy.changed"}, {"detail", {{"new", hash_of(one)}}}});
  EXPECT_FALSE(old.policy_waits());
  EXPECT_EQ(old.accepted().hash, hash_of(one));
}

TEST_F(PolicyHouse, WhatIsAcceptedWhileTheNextOneIsReadIsWhatThatIsHeldAgainst) {
  set(two);
  supervisor->send_policy(two + "# the same, said again\n");
  const std::uint64_t next = supervisor->command({{"command", "policy.set"}});
  EXPECT_TRUE(accept(hash_of(two)).ok);
  until([&] { return supervisor->answers.count(next) > 0; });
  // Whichever came first: nothing is open that was not accepted, and nothing waits that was.
  const bool waits = supervisor->answers[next].json["waits"].get<bool>();
  EXPECT_EQ(waits, ledger->state().accepted().hash != hash_of(two + "# the same, said again\n"));
}

TEST_F(PolicyHouse, NothingIsPutInForceWhoseTextCannotBeKept) {
  files.syncs_fail = true;
  const Client::Answer given = put_policy(two);
  EXPECT_EQ(given.json["code"], "log_unavailable");
  EXPECT_EQ(enforcer->policy, one);
  files.syncs_fail = false;
}

TEST_F(PolicyHouse, ARequestTakesAsManyApprovalsAsEitherPolicySays) {
  std::string strict(kPolicyText);
  strict.insert(strict.find("    class: write"), "    approvals: 2\n");
  EXPECT_EQ(set(strict)["waits"], false);
  EXPECT_EQ(set(one)["waits"], true);
  const auto needed = [this](const std::string& engineer) {
    return done(*enforcer, {{"command", "request.create"},
                            {"session", visit(engineer)},
                            {"capabilities", {"silences.write"}},
                            {"reason", "incident"}})["approvals_needed"];
  };
  EXPECT_EQ(needed("alice"), 2);
  EXPECT_TRUE(accept(hash_of(one)).ok);
  EXPECT_EQ(needed("bob"), 1);
}

TEST_F(PolicyHouse, OnlyAnAdminAccepts) {
  set(two);
  EXPECT_FALSE(may_command(Sender::Enforcer, "policy.accept"));
  EXPECT_FALSE(may_command(Sender::Supervisor, "policy.accept"));
  EXPECT_EQ(
      answer(*console, {{"command", "policy.accept"}, {"actor", "engineer:alice"}, {"hash", hash_of(two)}})
          .json["status"],
      403);
}

}  // namespace
}  // namespace postern::ledger
