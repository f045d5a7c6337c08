// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "certs/signed_grant.h"
#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

class SignedGrantScene : public testing::Test {
 protected:
  SignedGrantScene() {
    scene_.limits.grants.signers = {certs::verifier_of(key_)};
    scene_.log_key = certs::format_verifier_key(
        certs::make_verifier_key("postern/gw1", certs::NoteAlgorithm::Ed25519, scene_.key));
    wanted_ = {"postern/gw1", scene_.ids.make(kNoon), "alice", "viewer", {},
               kNoon,         kNoon + 4 * kHour,      "SUP-1", "why"};
  }
  std::string document() const {
    const std::string text = *certs::format_grant(wanted_);
    return text + "\n" + certs::signature_line(key_, text);
  }
  Decision apply(const std::string& bytes) {
    return scene_.admin({{"command", "grant.apply"}, {"document", bytes}});
  }
  // Why it is refused; the event says the same.
  std::string refused(const Decision& decision) {
    if (!decision.refused) return {};
    EXPECT_EQ(types_of(decision.events), std::vector<std::string>{"grant.refused"});
    EXPECT_EQ(base::parse_json(decision.events.at(0).detail)->at("why"), decision.refused->message);
    return decision.refused->message;
  }
  Scene scene_;
  const certs::SignerKey key_{"example.org/grants", base::Secret(std::string(32, 'g'))};
  certs::SignedGrant wanted_;
};

TEST_F(SignedGrantScene, StartOnce) {
  const std::string bytes = document();
  const Decision applied = apply(bytes);
  ASSERT_FALSE(applied.refused) << applied.refused->message;
  EXPECT_EQ(types_of(applied.events), std::vector<std::string>{"grant.started"});
  const state::Grant& grant = scene_.state.grants().at(wanted_.id);
  EXPECT_EQ(grant.signed_by, std::vector<std::string>{"example.org/grants"});
  EXPECT_EQ(grant.by, "admin:root");
  EXPECT_EQ(grant.until, wanted_.until);
  EXPECT_EQ(applied.reply["signed_by"], base::Json::array({"example.org/grants"}));
  EXPECT_EQ(applied.reply["engineer_state"], "unknown");
  EXPECT_EQ(refused(apply(bytes)), "this document was applied before, and is good for one time");
  scene_.admin({{"command", "grant.revoke"}, {"id", wanted_.id}});
  EXPECT_EQ(refused(apply(bytes)), "this document was applied before, and is good for one time");
  scene_.state = *state::State::from_json(scene_.state.to_json());
  EXPECT_NE(refused(apply(bytes)), "") << "nor after a restart";
}

// Neither with the thousand ended grants that are kept, nor by a clock that goes ahead and is put back.
TEST_F(SignedGrantScene, AreNotForgottenByTheClock) {
  const std::string bytes = document();
  ASSERT_FALSE(apply(bytes).refused);
  scene_.admin({{"command", "grant.revoke"}, {"id", wanted_.id}});
  scene_.now = wanted_.until + kDay;
  for (std::size_t i = 0; i <= state::kEndedGrantsKept; ++i) {
    const Decision given = scene_.admin({{"command", "grant.give"}, {"engineer", "bob"}, {"role", "viewer"}});
    scene_.admin({{"command", "grant.revoke"}, {"id", given.reply["id"]}});
  }
  ASSERT_FALSE(scene_.state.grants().contains(wanted_.id));
  wanted_.id = scene_.ids.make(scene_.now);
  wanted_.from = scene_.now;
  wanted_.until = scene_.now + kHour;
  ASSERT_FALSE(apply(document()).refused);
  scene_.now = kNoon + kHour;
  EXPECT_EQ(refused(apply(bytes)), "this document was applied before, and is good for one time");
}

TEST_F(SignedGrantScene, AreRefusedInASentence) {
  wanted_.installation = "postern/gw2";
  EXPECT_EQ(refused(apply(document())), "it is for postern/gw2, and this is postern/gw1");
  wanted_.installation = "postern/gw1";
  wanted_.from = kNoon - 2 * kHour;
  wanted_.until = kNoon;
  EXPECT_EQ(refused(apply(document())), "it ended on 2026-03-01T12:00:00.000000Z");
  wanted_.until = kNoon + 60 * kDay;
  EXPECT_EQ(refused(apply(document())), "it holds for 60d2h, and 30d is the most here");
  wanted_.from = kNoon + 91 * kDay;
  wanted_.until = wanted_.from + kHour;
  EXPECT_EQ(refused(apply(document())),
            "it begins on 2026-05-31T12:00:00.000000Z, and 90d from now is the latest here");
  wanted_.from = kNoon;
  wanted_.until = kNoon + kHour;
  wanted_.role = "nobody";
  EXPECT_NE(refused(apply(document())), "");
  wanted_.role = "";
  wanted_.capabilities = {"nothing.read"};
  EXPECT_NE(refused(apply(document())), "");
  wanted_.capabilities = {"metrics.read"};
  std::string changed = document();
  changed.replace(changed.find("metrics.read"), 12, "metrics.reax");
  EXPECT_EQ(refused(apply(changed)),
            "the signature by example.org/grants does not fit: the document was changed");
  EXPECT_EQ(refused(apply("nonsense")).substr(0, 26), "this is not a signed grant");
  scene_.limits.grants.signers.clear();
  EXPECT_EQ(code_of(apply(document())), "conflict");
  EXPECT_TRUE(scene_.state.grants().empty());
}

TEST_F(SignedGrantScene, TakeAsManySignaturesAsTheCapabilitiesTakeApprovals) {
  scene_.policy.approvals["metrics.read"] = 2;
  EXPECT_EQ(refused(apply(document())), "it takes the signatures of 2 keys");
  const certs::SignerKey second{"example.org/second", base::Secret(std::string(32, 'h'))};
  scene_.limits.grants.signers.push_back(certs::verifier_of(second));
  EXPECT_FALSE(apply(document() + certs::signature_line(second, *certs::format_grant(wanted_))).refused);
}

TEST_F(SignedGrantScene, WhereOnlyTheyGiveNothingElseDoes) {
  scene_.limits.grants.signed_only = true;
  EXPECT_EQ(code_of(scene_.admin({{"command", "grant.give"}, {"engineer", "alice"}, {"role", "viewer"}})),
            "denied");
  EXPECT_EQ(
      code_of(scene_.admin({{"command", "capability.set"}, {"name", "metrics.read"}, {"setting", "on"}})),
      "denied");
  EXPECT_FALSE(
      scene_.admin({{"command", "capability.set"}, {"name", "metrics.read"}, {"setting", "ask"}}).refused);
  const std::string session = scene_.visit("alice");
  EXPECT_EQ(scene_.state.standing("alice", "metrics.read", false, scene_.now), base::Refusal::ApprovalNeeded);
  EXPECT_EQ(code_of(scene_.admin({{"command", "request.approve"}, {"id", scene_.request(session)}})),
            "denied");
  EXPECT_FALSE(apply(document()).refused);
  EXPECT_EQ(scene_.state.standing("alice", "metrics.read", false, scene_.now), base::Refusal::None);
}

TEST_F(SignedGrantScene, WhereOnlyTheyGiveWhatWasOnBeforeIsOnNoMore) {
  scene_.admin({{"command", "capability.set"}, {"name", "metrics.read"}, {"setting", "on"}, {"until", "8h"}});
  scene_.admin({{"command", "capability.set"}, {"name", "silences.write"}, {"setting", "ask"}});
  EXPECT_TRUE(scene_.due().events.empty());
  scene_.limits.grants.signed_only = true;
  const Decision due = scene_.due();
  ASSERT_EQ(types_of(due.events), std::vector<std::string>{"permission.changed"});
  EXPECT_TRUE(due.events[0].closes);
  const base::Json said = *base::parse_json(due.events[0].detail);
  EXPECT_EQ(said["new"], "ask");
  EXPECT_EQ(said["reason"], "signed_only");
  EXPECT_EQ(scene_.state.capability("metrics.read", scene_.now), state::Setting::Ask);
  EXPECT_EQ(scene_.state.capability("metrics.read", scene_.now + 9 * kHour), state::Setting::Off);
  EXPECT_TRUE(scene_.due().events.empty());
}

TEST_F(SignedGrantScene, AreUsedUpByAllSessionsOfTheirEngineerTogether) {
  wanted_.exchanges = 3;
  const Decision applied = apply(document());
  ASSERT_FALSE(applied.refused) << applied.refused->message;
  EXPECT_EQ(applied.reply["most_exchanges"], 3);
  GrantUses& uses = scene_.tallies.grant_uses();
  uses.grant_changed(scene_.state, wanted_.id);
  const std::vector<std::string> sessions{scene_.visit("alice"), scene_.visit("alice"), scene_.visit("bob")};
  for (const std::string& session : sessions) uses.add(scene_.state, session, {1, 0}, scene_.now);
  uses.session_ends(sessions[0], "alice");
  scene_.admin({{"command", "session.end"}, {"id", sessions[0]}});
  uses.add(scene_.state, sessions[1], {1, 0}, scene_.now);
  EXPECT_TRUE(decide_grant_uses(scene_.context(), sessions[1]).events.empty()) << "the third is the last";
  uses.add(scene_.state, sessions[1], {1, 0}, scene_.now);
  EXPECT_TRUE(decide_grant_uses(scene_.context(), sessions[2]).events.empty()) << "bob has no such grant";
  const Decision used = decide_grant_uses(scene_.context(), sessions[1]);
  ASSERT_EQ(types_of(used.events), std::vector<std::string>{"grant.ended"});
  EXPECT_TRUE(used.events[0].closes);
  scene_.take(used.events);
  EXPECT_EQ(scene_.state.grants().at(wanted_.id).ended_reason, "used_up");
  uses.grant_changed(scene_.state, wanted_.id);
  EXPECT_TRUE(uses.of("alice").empty());
}

TEST_F(SignedGrantScene, AreUsedUpByWhatIsReceivedAndByWhatComesAfterASessionEnded) {
  wanted_.response_bytes = 1'000;
  ASSERT_FALSE(apply(document()).refused);
  GrantUses& uses = scene_.tallies.grant_uses();
  uses.grant_changed(scene_.state, wanted_.id);
  const std::vector<std::string> sessions{scene_.visit("alice"), scene_.visit("alice")};
  for (const std::string& session : sessions) scene_.tallies.open(session);
  scene_.tallies.receiving(1, sessions[0], 600);
  scene_.tallies.receiving(2, sessions[1], 300);
  EXPECT_TRUE(decide_grant_uses(scene_.context(), sessions[0]).events.empty());
  uses.session_ends(sessions[0], "alice");
  scene_.admin({{"command", "session.end"}, {"id", sessions[0]}});
  scene_.tallies.close(sessions[0]);
  uses.add(scene_.state, sessions[0], {0, 699}, scene_.now);
  EXPECT_TRUE(decide_grant_uses(scene_.context(), sessions[1]).events.empty());
  scene_.tallies.receiving(2, sessions[1], 301);
  const Decision used = decide_grant_uses(scene_.context(), sessions[1]);
  ASSERT_EQ(types_of(used.events), std::vector<std::string>{"grant.ended"});
  EXPECT_EQ(base::parse_json(used.events[0].detail)->at("response_bytes"), 1'000);
}

}  // namespace
}  // namespace postern::ledger
