// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/state/state.h"

#include <gtest/gtest.h>

#include <random>

namespace postern::state {
namespace {

using base::Json;
using base::Micros;
using base::Refusal;

constexpr Micros kNoon = 1'772'366'400'000'000;  // 2026-03-01T12:00:00Z
constexpr Micros kHour = 3600LL * base::kWallSecond;

Json event(const char* type, Micros at, Json detail, const std::string& session = "") {
  Json json{{"type", type},
            {"time", base::format_time(at)},
            {"actor", "admin:root"},
            {"detail", std::move(detail)}};
  if (!session.empty()) json["session"] = session;
  return json;
}
Json remote_access(const char* mode, Micros at = kNoon) {
  return event("permission.changed", at, {{"what", "remote_access"}, {"new", mode}});
}
Json capability(const char* name, const char* setting, Micros at = kNoon) {
  return event("permission.changed", at, {{"what", "capability"}, {"name", name}, {"new", setting}});
}
Json until(Json json, Micros end) {
  json["detail"]["until"] = base::format_time(end);
  return json;
}
Json engineer(const char* type, const char* name, Micros at = kNoon) {
  return event(type, at, {{"engineer", name}});
}
Json grant(const std::string& id, const char* name, Micros from, Micros end) {
  return event("grant.started", from,
               {{"grant", id},
                {"engineer", name},
                {"capabilities", {"silences.write"}},
                {"starts", base::format_time(from)},
                {"expires", base::format_time(end)}});
}
Json grant_ended(const std::string& id, Micros at) {
  return event("grant.ended", at, {{"grant", id}, {"reason", "revoked"}});
}

class StateWithAlice : public ::testing::Test {
 protected:
  StateWithAlice() {
    state.apply(engineer("engineer.added", "alice"));
    state.apply(engineer("engineer.approved", "alice"));
    state.apply(remote_access("all"));
  }
  Refusal standing(bool writes = true, Micros now = kNoon) const {
    return state.standing("alice", "silences.write", writes, now);
  }
  State state;
};

TEST(State, IsClosedByDefault) {
  const State state;
  EXPECT_EQ(state.remote_access(kNoon), RemoteAccess::Off);
  EXPECT_EQ(state.capability("metrics.read", kNoon), Setting::Off);
  EXPECT_EQ(state.standing("alice", "metrics.read", false, kNoon), Refusal::SignInRefused);
}

TEST_F(StateWithAlice, AnEngineerWhoIsNotApprovedMayDoNothing) {
  state.apply(capability("silences.write", "on"));
  state.apply(engineer("engineer.added", "bob"));
  EXPECT_EQ(state.standing("bob", "silences.write", true, kNoon), Refusal::SignInRefused);
  EXPECT_EQ(standing(), Refusal::None);
  state.apply(engineer("engineer.removed", "alice"));
  EXPECT_EQ(standing(), Refusal::SignInRefused);
}

TEST_F(StateWithAlice, TheMasterSwitchStandsAboveEveryCapability) {
  state.apply(capability("silences.write", "on"));
  state.apply(remote_access("read-only"));
  EXPECT_EQ(standing(true), Refusal::ReadOnly);
  EXPECT_EQ(standing(false), Refusal::None);
  state.apply(remote_access("off"));
  EXPECT_EQ(standing(false), Refusal::RemoteAccessOff);
}

TEST_F(StateWithAlice, ACapabilityIsOffUntilItIsSwitchedOn) {
  EXPECT_EQ(standing(), Refusal::CapabilityOff);
  state.apply(capability("silences.write", "on"));
  EXPECT_EQ(standing(), Refusal::None);
}

TEST_F(StateWithAlice, AfterItsEndASettingIsOffWithoutAnyEvent) {
  state.apply(until(capability("silences.write", "on"), kNoon + kHour));
  EXPECT_EQ(standing(true, kNoon + kHour - 1), Refusal::None);
  EXPECT_EQ(standing(true, kNoon + kHour), Refusal::CapabilityOff);
  state.apply(until(remote_access("all"), kNoon + 10));
  EXPECT_EQ(standing(true, kNoon + 10), Refusal::RemoteAccessOff);
}

TEST_F(StateWithAlice, AskNeedsAnActiveGrantThatCoversIt) {
  state.apply(capability("silences.write", "ask"));
  state.apply(capability("metrics.read", "ask"));
  EXPECT_EQ(standing(), Refusal::ApprovalNeeded);
  state.apply(grant("G1", "alice", kNoon, kNoon + kHour));
  EXPECT_EQ(standing(), Refusal::None);
  EXPECT_EQ(state.standing("alice", "metrics.read", false, kNoon), Refusal::ApprovalNeeded);
  EXPECT_EQ(standing(true, kNoon - 1), Refusal::ApprovalNeeded) << "it has not begun";
}

TEST_F(StateWithAlice, ApprovedModeNeedsAGrantEvenForWhatIsOn) {
  state.apply(capability("silences.write", "on"));
  state.apply(remote_access("approved"));
  EXPECT_EQ(standing(), Refusal::ApprovalNeeded);
  state.apply(grant("G1", "alice", kNoon, kNoon + kHour));
  EXPECT_EQ(standing(), Refusal::None);
}

TEST_F(StateWithAlice, AGrantThatEndedIsCalledSoForADay) {
  state.apply(capability("silences.write", "ask"));
  state.apply(grant("G1", "alice", kNoon, kNoon + 8 * kHour));
  state.apply(grant_ended("G1", kNoon + kHour));
  EXPECT_EQ(standing(true, kNoon + 2 * kHour), Refusal::GrantEnded);
  EXPECT_EQ(standing(true, kNoon + 26 * kHour), Refusal::ApprovalNeeded);
}

TEST_F(StateWithAlice, AGrantThatRanOutNeedsNoEventToEnd) {
  state.apply(capability("silences.write", "ask"));
  state.apply(grant("G1", "alice", kNoon, kNoon + kHour));
  EXPECT_EQ(standing(true, kNoon + kHour), Refusal::GrantEnded);
}

TEST(State, KnowsWhatIsSharedAndSaysSoToWhoComesLate) {
  State state;
  EXPECT_FALSE(state.shares("events"));
  Json shared = capability("events", "on");
  shared["detail"]["what"] = "sharing";
  state.apply(shared);
  EXPECT_TRUE(state.shares("events"));
  EXPECT_EQ(state.capability("events", kNoon), Setting::Off) << "it is no capability";
  EXPECT_EQ(*State::from_json(state.to_json()), state);
  shared["detail"]["new"] = "off";
  state.apply(shared);
  EXPECT_FALSE(state.shares("events"));
  Json older = state.to_json();
  older.erase("sharing");
  EXPECT_FALSE(State::from_json(older)->shares("events"));
}

TEST(State, ForgetsOldGrantsButNeverActiveOnes) {
  State state;
  state.apply(grant("A", "alice", kNoon, kNoon + kHour));
  for (int i = 0; i < 1500; ++i) {
    const std::string id = "G" + std::to_string(10000 + i);
    state.apply(grant(id, "alice", kNoon, kNoon + kHour));
    state.apply(grant_ended(id, kNoon + 1));
  }
  EXPECT_EQ(state.grants().size(), kEndedGrantsKept + 1);
  EXPECT_EQ(state.grants().count("A"), 1u);
  EXPECT_EQ(state.grants().count("G10499"), 0u);
  EXPECT_EQ(state.grants().count("G10500"), 1u);
}

// Of more documents than are kept, those that ended first are forgotten; then whatever ends no later may be one of them.
TEST(State, KnowsOfASignedDocumentThatItWasOrMayHaveBeenApplied) {
  State state;
  const auto apply_signed = [&state](int number) {
    const std::string id = "G" + std::to_string(10'000 + number);
    Json started = grant(id, "alice", kNoon, kNoon + kHour + number);
    started["detail"]["signed_by"] = {"example.org/grants"};
    state.apply(started);
    state.apply(grant_ended(id, kNoon + 1));
  };
  const int kept = static_cast<int>(kAppliedGrantsKept);
  for (int i = 0; i < kept; ++i) apply_signed(i);
  EXPECT_TRUE(state.was_applied("G10000"));
  EXPECT_EQ(state.grants().count("G10000"), 0u);
  EXPECT_EQ(state.forgotten_until(), 0);
  for (int i = kept; i < kept + 3; ++i) apply_signed(i);
  EXPECT_EQ(state.forgotten_until(), kNoon + kHour + 2);
  EXPECT_FALSE(state.was_applied("G10002"));
  EXPECT_TRUE(state.was_applied("G10003"));
  EXPECT_EQ(*State::from_json(state.to_json()), state);
}

TEST(State, KeepsActiveSessionsOnly) {
  State state;
  const std::string hash(64, 'a');
  state.apply(event("session.opened", kNoon,
                    {{"engineer", "alice"},
                     {"token_sha256", hash},
                     {"expires", base::format_time(kNoon + kHour)},
                     {"idle_us", 5}},
                    "S1"));
  ASSERT_EQ(state.sessions().count("S1"), 1u);
  EXPECT_EQ(state.sessions().at("S1").token_sha256, std::string(32, '\xaa'));
  EXPECT_EQ(state.sessions().at("S1").expires, kNoon + kHour);
  state.touch("S1", kNoon + 7);
  state.touch("S1", kNoon + 3);
  EXPECT_EQ(state.sessions().at("S1").last_active, kNoon + 7);
  state.apply(event("session.ended", kNoon, Json::object(), "S1"));
  EXPECT_TRUE(state.sessions().empty());
}

TEST(State, RemembersAUsedPassWhateverTheClockSays) {
  State state;
  const auto use = [&state](const std::string& id, base::Micros at, base::Micros expires) {
    state.apply(event("pass.used", at, {{"pass", id}, {"expires", base::format_time(expires)}}));
  };
  use("P1", kNoon, kNoon + kHour);
  use("P2", kNoon + 2 * kHour, kNoon + 3 * kHour);
  EXPECT_EQ(state.used_passes().count("P1"), 1u) << "the clock may have been ahead";
  EXPECT_EQ(state.passes_forgotten_until(), 0);
  // Of more than are kept, those that had expired go; until when they would have been good is kept.
  const int kept = static_cast<int>(kUsedPassesKept);
  for (int i = 0; i < kept; ++i) use("Q" + std::to_string(i), kNoon + kHour + 1, kNoon + 4 * kHour);
  EXPECT_EQ(state.used_passes().count("P1"), 0u);
  EXPECT_EQ(state.used_passes().size(), kUsedPassesKept + 1) << "P2 had not expired";
  EXPECT_EQ(state.passes_forgotten_until(), kNoon + kHour);
  EXPECT_EQ(*State::from_json(state.to_json()), state);
  Json older = state.to_json();
  older.erase("passes_forgotten_until");
  EXPECT_EQ(State::from_json(older)->passes_forgotten_until(), 0);
}

TEST(State, ADecidedRequestIsNotDecidedAgain) {
  State state;
  state.apply(event("request.created", kNoon,
                    {{"request", "R"}, {"engineer", "alice"}, {"capabilities", {"a"}}, {"duration_us", 5}}));
  state.apply(event("request.refused", kNoon + 1, {{"request", "R"}, {"note", "no"}}));
  state.apply(event("request.approved", kNoon + 2, {{"request", "R"}}));
  EXPECT_EQ(state.requests().at("R").state, RequestState::Refused);
  EXPECT_EQ(state.requests().at("R").note, "no");
}

TEST(State, EventsThatContradictItChangeNothing) {
  State state;
  const State before = state;
  for (const char* type :
       {"session.ended", "grant.ended", "request.approved", "engineer.approved", "engineer.removed",
        "permission.changed", "session.opened", "pass.used", "grant.started"}) {
    EXPECT_TRUE(state.apply({{"type", type}})) << type;
    EXPECT_TRUE(state.apply({{"type", type}, {"detail", 7}, {"time", false}})) << type;
  }
  EXPECT_EQ(state, before);
  EXPECT_FALSE(state.apply({{"type", "exchange.forwarded"}}));
  EXPECT_FALSE(state.apply(Json::array()));
}

Json policy_event(const char* type, const char* hash, bool waits = false) {
  Json json = event(type, kNoon, {{"new", hash}});
  if (waits) json["detail"]["waits"] = true;
  return json;
}

TEST(State, APolicyIsAcceptedUnlessItsEventSaysThatItWaits) {
  State state;
  state.apply(policy_event("policy.changed", "a"));
  EXPECT_FALSE(state.policy_waits());
  state.apply(policy_event("policy.changed", "b", true));
  EXPECT_TRUE(state.policy_waits());
  EXPECT_EQ(state.policy_hash(), "b");
  EXPECT_EQ(state.accepted().hash, "a");
  state.apply(policy_event("policy.accepted", "b"));
  EXPECT_FALSE(state.policy_waits());
  EXPECT_EQ(state.accepted().by, "admin:root");
}

TEST(State, ASnapshotOfBeforeThereWereAcceptancesHasAcceptedWhatIsInForce) {
  State state;
  state.apply(policy_event("policy.changed", "a"));
  Json json = state.to_json();
  json.erase("accepted");
  json.erase("tokens");
  json.erase("applied_grants");
  json.erase("forgotten_until");
  const auto read = State::from_json(json);
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(read->policy_waits());
  EXPECT_EQ(read->accepted().hash, "a");
}

Json token(const char* type, const std::string& id, Json more = Json::object()) {
  more["token"] = id;
  return event(type, kNoon, std::move(more));
}

TEST(State, ATokenIsThereUntilItIsRevokedOrExpires) {
  State state;
  for (const char* id : {"T1", "T2"}) {
    state.apply(token("token.created", id,
                      {{"name", id},
                       {"admin", "root"},
                       {"rank", "admin"},
                       {"scopes", {"read"}},
                       {"token_sha256", "00ff"},
                       {"expires", base::format_time(kNoon + kHour)}}));
  }
  ASSERT_EQ(state.tokens().size(), 2U);
  EXPECT_EQ(state.tokens().at("T1").owner, "root");
  EXPECT_TRUE(state.tokens().at("T1").admin);
  state.apply(token("token.revoked", "T1"));
  state.apply(token("token.expired", "T2"));
  state.apply(token("token.used", "T2", {{"client", "192.0.2.1"}}));
  EXPECT_TRUE(state.tokens().empty());
}

TEST(State, ATokenRemembersTheNewestAddressesItWasUsedFrom) {
  State state;
  state.apply(token("token.created", "T1"));
  for (int i = 0; i < 20; ++i)
    state.apply(token("token.used", "T1", {{"client", "192.0.2." + std::to_string(i)}}));
  state.apply(token("token.used", "T1", {{"client", "192.0.2.10"}}));
  const auto& uses = state.tokens().at("T1").uses;
  ASSERT_EQ(uses.size(), kTokenUsesKept);
  EXPECT_EQ(uses.front().client, "192.0.2.4");
  EXPECT_EQ(uses.back().client, "192.0.2.10");
}

TEST(Person, IsTheSameWithATokenOfTheirs) {
  EXPECT_EQ(person_of("admin:root/deploy"), "admin:root");
  EXPECT_EQ(person_of("admin:root"), "admin:root");
  EXPECT_EQ(person_of("engineer:a/b"), "engineer:a/b");
}

TEST(State, RefusesJsonThatIsNoState) {
  EXPECT_FALSE(State::from_json(Json::object()).ok());
  Json json = State().to_json();
  json["remote_mode"] = 9;
  EXPECT_FALSE(State::from_json(json).ok());
}

// Random histories about few things, so that they meet.
class Histories {
 public:
  explicit Histories(unsigned seed) : random_(seed) {}
  Json next() {
    at_ += pick(1000) * 1000;
    const std::string id = "ID" + std::to_string(pick(12));
    static constexpr const char* kNames[] = {"alice", "bob", "carol"};
    const char* name = kNames[pick(3)];
    switch (pick(19)) {
      case 0:
        return until(remote_access(pick(2) ? "all" : "off", at_), at_ + pick(100000));
      case 1:
        return capability(pick(2) ? "a" : "b", pick(2) ? "ask" : "on", at_);
      case 2:
        return engineer("engineer.added", name, at_);
      case 3:
        return engineer("engineer.approved", name, at_);
      case 4:
        return engineer("engineer.removed", name, at_);
      case 5:
        return grant(id, name, at_, at_ + pick(1000000));
      case 6:
        return grant_ended(id, at_);
      case 7:
        return event("request.created", at_,
                     {{"request", id},
                      {"engineer", name},
                      {"duration_us", pick(99)},
                      {"starts", base::format_time(at_)}});
      case 8:
        return event("request.approved", at_, {{"request", id}, {"capabilities", {"x"}}});
      case 9:
        return event("session.opened", at_, {{"engineer", name}, {"token_sha256", "00ff"}, {"idle_us", 4}},
                     id);
      case 10:
        return event("session.ended", at_, Json::object(), id);
      case 11:
        return policy_event("policy.changed", name, pick(2) == 1);
      case 12:
        return policy_event("policy.accepted", name);
      case 13:
        return token("token.created", id, {{"name", name}, {"scopes", {"read"}}, {"token_sha256", "00ff"}});
      case 14:
        return token("token.used", id, {{"client", name}});
      case 15:
        return token(pick(2) ? "token.revoked" : "token.expired", id);
      case 16:
        return event(pick(2) ? "session.budget_held" : "session.budget_cut", at_, Json::object(), id);
      case 17:
        return event("hold.passed", at_, {{"hold", id}, {"because", "budget"}, {"for_session", true}}, id);
      default:
        return event("pass.used", at_, {{"pass", id}, {"expires", base::format_time(at_ + pick(3000000))}});
    }
  }

 private:
  int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::mt19937 random_;
  Micros at_ = kNoon;
};

TEST(State, ASessionsBudgetNeverGoesBack) {
  State state;
  state.apply(event("session.opened", kNoon, {{"engineer", "alice"}}, "s1"));
  state.apply(event("session.budget_cut", kNoon, Json::object(), "s1"));
  state.apply(event("session.budget_warned", kNoon, Json::object(), "s1"));
  EXPECT_EQ(state.sessions().at("s1").budget, Budget::Cut);
  state.apply(event("session.budget_held", kNoon, Json::object(), "nobody"));
  EXPECT_EQ(state.sessions().size(), 1U);
}

TEST(State, APassBecauseOfTheBudgetIsForEveryOperation) {
  State state;
  state.apply(event("session.opened", kNoon, {{"engineer", "alice"}}, "s1"));
  state.apply(event("hold.passed", kNoon,
                    {{"hold", "H"}, {"operation", "GET /x"}, {"because", "budget"}, {"for_session", true}},
                    "s1"));
  EXPECT_TRUE(state.passes_for_session("s1", kBudgetPass));
  EXPECT_FALSE(state.passes_for_session("s1", "GET /x"));
}

TEST(State, AFoldMayBeWrittenDownAtAnyPointAndGoOn) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    Histories history(seed);
    State whole;
    State resumed;
    for (int i = 0; i < 200; ++i) {
      const Json next = history.next();
      whole.apply(next);
      resumed.apply(next);
      if (i % 17 == static_cast<int>(seed % 17)) {
        auto read = State::from_json(base::parse_json(base::dump_json(resumed.to_json())).value());
        ASSERT_TRUE(read.ok());
        resumed = std::move(*read);
      }
      ASSERT_EQ(whole, resumed) << "seed " << seed << ", event " << i;
    }
  }
}

}  // namespace
}  // namespace postern::state
