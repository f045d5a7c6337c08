// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <random>
#include <set>

#include "base/bytes.h"
#include "gateway/ledger/decide_command.h"
#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

using base::Json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

constexpr base::Micros kSecond = base::kWallSecond;

Json remote_access(const char* mode) { return {{"command", "remote_access.set"}, {"mode", mode}}; }
Json capability(const char* name, const char* setting) {
  return {{"command", "capability.set"}, {"name", name}, {"setting", setting}};
}

TEST(Senders, EachCommandHasItsRows) {
  EXPECT_TRUE(may_command(Sender::Console, "remote_access.set"));
  EXPECT_FALSE(may_command(Sender::Enforcer, "remote_access.set"));
  EXPECT_FALSE(may_command(Sender::Enforcer, "pass.issue"));
  EXPECT_FALSE(may_command(Sender::Console, "pass.verify_and_open"));
  EXPECT_FALSE(may_command(Sender::Console, "policy.set"));
  EXPECT_TRUE(may_command(Sender::Supervisor, "policy.set"));
  EXPECT_FALSE(may_command(Sender::Supervisor, "engineer.add"));
  EXPECT_FALSE(may_command(Sender::Console, "nothing"));
}

TEST(Senders, NobodyMayAppendWhatChangesTheState) {
  for (const audit::EventText& text : audit::all_events()) {
    if (!state::State::concerns(text.name)) continue;
    for (const Sender sender : {Sender::Enforcer, Sender::Console, Sender::Supervisor}) {
      EXPECT_FALSE(may_append(sender, text.type)) << text.name;
    }
  }
}

TEST(DecideRemoteAccess, RecordsOldAndNewAndFromWhere) {
  Scene scene;
  EXPECT_EQ(status_of(scene.admin({{"command", "remote_access.set"}, {"mode", "all"}, {"until", "2h"}})),
            200);
  EXPECT_EQ(scene.state.remote_access(kNoon), state::RemoteAccess::All);
  EXPECT_EQ(scene.state.remote_access(kNoon + 7200 * kSecond), state::RemoteAccess::Off);
  const Json detail = base::parse_json(scene.all.back().detail).value();
  EXPECT_EQ(detail["old"], "off");
  EXPECT_EQ(detail["new"], "all");
  EXPECT_EQ(detail["client"], "uid 0 via socket");
  EXPECT_EQ(scene.all.back().actor, "admin:root");
}

TEST(DecideToggles, AreChangedOnlyAsTheyWereSeen) {
  Scene scene;
  const auto set = [&](const char* setting, const std::string& seen) {
    Json order{{"command", "capability.set"}, {"name", "metrics.read"}, {"setting", setting}};
    if (!seen.empty()) order["if_match"] = seen;
    return scene.admin(order);
  };
  const auto version = [&] { return std::to_string(scene.state.capability_toggle("metrics.read")->changed); };
  EXPECT_EQ(status_of(set("on", "0")), 200) << "as nobody had set it";
  const std::string first = version();
  scene.now += base::kWallSecond;
  EXPECT_EQ(status_of(set("ask", first)), 200);
  scene.now += base::kWallSecond;
  const Decision late = set("off", first);
  EXPECT_EQ(status_of(late), 412);
  EXPECT_EQ(code_of(late), "changed_meanwhile");
  EXPECT_NE(late.refused->message.find("it is ask now, set by root"), std::string::npos)
      << late.refused->message;
  EXPECT_TRUE(late.events.empty());
  EXPECT_EQ(status_of(set("ask", first)), 200) << "what is as wanted needs no change";
  EXPECT_EQ(status_of(set("off", "")), 200) << "who names no version changes what there is";
  EXPECT_EQ(status_of(scene.admin({{"command", "remote_access.set"}, {"mode", "all"}, {"if_match", "7"}})),
            412);
  EXPECT_EQ(status_of(scene.admin({{"command", "remote_access.set"}, {"mode", "all"}, {"if_match", "0"}})),
            200);
}

TEST(DecideRemoteAccess, WhatIsSetAlreadyAppendsNothing) {
  Scene scene;
  scene.admin(remote_access("all"));
  const Decision again = scene.admin(remote_access("all"));
  EXPECT_TRUE(again.events.empty());
  EXPECT_EQ(again.reply["changed"], false);
}

TEST(DecideRemoteAccess, OffEndsEverySession) {
  Scene scene;
  scene.visit("alice");
  scene.visit("bob");
  const Decision off = scene.admin(remote_access("off"));
  EXPECT_THAT(types_of(off.events), ElementsAre("permission.changed", "session.ended", "session.ended"));
  EXPECT_EQ(off.events[1].outcome, "remote_access_off");
  EXPECT_TRUE(off.measured);
  EXPECT_TRUE(scene.state.sessions().empty());
}

TEST(DecideRemoteAccess, KnowsWhichChangeTakesAway) {
  const auto closes = [](const char* from, const char* to) {
    Scene scene;
    scene.admin(remote_access(from));
    return scene.admin(remote_access(to)).measured;
  };
  EXPECT_TRUE(closes("all", "read-only"));
  EXPECT_TRUE(closes("all", "approved"));
  EXPECT_TRUE(closes("read-only", "off"));
  EXPECT_FALSE(closes("read-only", "all"));
  EXPECT_FALSE(closes("approved", "read-only")) << "it gives reading without a grant";
  EXPECT_FALSE(closes("off", "approved"));
}

TEST(DecideRemoteAccess, WhileTheLogIsShutOnlyClosingWorks) {
  Scene scene;
  scene.admin(remote_access("read-only"));
  scene.writable = false;
  EXPECT_EQ(code_of(scene.admin(remote_access("all"))), "log_unavailable");
  EXPECT_EQ(status_of(scene.admin(remote_access("off"))), 200);
  EXPECT_EQ(scene.state.remote_access(kNoon), state::RemoteAccess::Off);
}

TEST(DecideRemoteAccess, RefusesWhatMakesNoSense) {
  Scene scene;
  EXPECT_EQ(status_of(scene.admin(remote_access("sometimes"))), 400);
  EXPECT_EQ(status_of(scene.admin(
                {{"command", "remote_access.set"}, {"mode", "all"}, {"until", "2020-01-01T00:00:00Z"}})),
            400);
  EXPECT_EQ(status_of(scene.admin({{"command", "remote_access.set"}, {"mode", "off"}, {"until", "1h"}})),
            400);
  EXPECT_EQ(
      status_of(scene.send(Sender::Console,
                           {{"command", "remote_access.set"}, {"mode", "all"}, {"actor", "engineer:eve"}})),
      403);
}

TEST(DecideCapability, TheNameMustBeInThePolicy) {
  Scene scene;
  EXPECT_EQ(status_of(scene.admin(capability("metrics.write", "on"))), 404);
  EXPECT_EQ(status_of(scene.admin(capability("metrics.read", "maybe"))), 400);
  EXPECT_EQ(status_of(scene.admin(capability("metrics.read", "on"))), 200);
  scene.policy.capabilities.clear();
  EXPECT_EQ(status_of(scene.admin(capability("metrics.read", "ask"))), 404);
  EXPECT_EQ(status_of(scene.admin(capability("metrics.read", "off"))), 200)
      << "what a former policy left on can be switched off";
}

TEST(DecideCapability, AnEarlierEndTakesAway) {
  Scene scene;
  scene.admin(capability("metrics.read", "on"));
  Json order = capability("metrics.read", "on");
  order["until"] = "1h";
  EXPECT_TRUE(scene.admin(order).measured);
  order["until"] = "3h";
  EXPECT_FALSE(scene.admin(order).measured);
  EXPECT_TRUE(scene.admin(capability("metrics.read", "ask")).measured);
}

TEST(DecideEngineer, NamesAreStrictAndIdentitiesUnique) {
  Scene scene;
  const auto add = [&](const char* name, const char* email) {
    return scene.admin({{"command", "engineer.add"}, {"name", name}, {"email", email}});
  };
  EXPECT_EQ(status_of(add("Alice", "")), 400);
  EXPECT_EQ(status_of(add("../alice", "")), 400);
  EXPECT_EQ(status_of(add("alice", "no address")), 400);
  EXPECT_EQ(status_of(add("alice", "alice@example.com")), 200);
  EXPECT_EQ(add("alice", "alice@example.com").reply["changed"], false);
  EXPECT_EQ(status_of(add("alice", "other@example.com")), 409);
  EXPECT_EQ(status_of(add("bob", "ALICE@example.com")), 409);
}

TEST(DecideEngineer, RemovingEndsWhatTheyHad) {
  Scene scene;
  const std::string session = scene.visit("alice");
  scene.visit("bob");
  const std::string approved = scene.request(session);
  scene.admin({{"command", "request.approve"}, {"id", approved}});
  scene.request(session);
  const Decision removed = scene.admin({{"command", "engineer.remove"}, {"name", "alice"}});
  EXPECT_THAT(types_of(removed.events),
              ElementsAre("engineer.removed", "session.ended", "grant.ended", "request.withdrawn"));
  EXPECT_EQ(scene.state.sessions().size(), 1u);
  EXPECT_EQ(removed.reply["sessions_ended"], 1);
  EXPECT_EQ(status_of(scene.admin({{"command", "engineer.remove"}, {"name", "alice"}})), 404);
}

TEST(DecidePass, OpensOneSessionAndOnlyOne) {
  Scene scene;
  scene.know("alice");
  scene.admin(remote_access("all"));
  const std::string pass = scene.pass_for("alice");
  const Decision opened = scene.open_with(pass);
  ASSERT_EQ(status_of(opened), 200);
  EXPECT_THAT(types_of(opened.events), ElementsAre("pass.used", "session.opened"));
  const std::string token = base::from_base64url(opened.reply["token"].get<std::string>()).value();
  const state::Session& session = scene.state.sessions().at(opened.reply["session"].get<std::string>());
  EXPECT_EQ(session.token_sha256, std::string(base::view(base::sha256(token))));
  EXPECT_EQ(session.engineer, "alice");
  EXPECT_EQ(scene.lines.back().find(opened.reply["token"].get<std::string>()), std::string::npos);

  const Decision replayed = scene.open_with(pass);
  EXPECT_EQ(code_of(replayed), "sign_in_refused");
  EXPECT_THAT(types_of(replayed.events), ElementsAre("session.refused"));
  EXPECT_EQ(scene.state.sessions().size(), 1u);
}

TEST(DecidePass, IsRefusedWithTheReason) {
  Scene scene;
  scene.know("alice");
  const std::string early = scene.pass_for("alice");
  EXPECT_EQ(code_of(scene.open_with(early)), "remote_access_off");
  scene.admin(remote_access("all"));
  EXPECT_EQ(code_of(scene.open_with("nonsense")), "sign_in_refused");
  scene.writable = false;
  EXPECT_EQ(code_of(scene.open_with(early)), "log_unavailable");
  scene.writable = true;
  scene.now += kDefaultPass;
  EXPECT_EQ(scene.open_with(early).refused->message, "this pass has expired");
  const std::string late = scene.pass_for("alice");
  scene.admin({{"command", "engineer.remove"}, {"name", "alice"}});
  EXPECT_EQ(scene.open_with(late).refused->message, "this engineer is not known here");
  scene.admin({{"command", "engineer.add"}, {"name", "alice"}});
  EXPECT_EQ(scene.open_with(late).refused->message, "this engineer is not approved");
  EXPECT_TRUE(scene.state.sessions().empty());
  scene.key.clear();
  EXPECT_EQ(status_of(scene.open_with(late)), 502);
}

TEST(DecidePass, IsNotGoodAgainWhenTheClockIsPutBack) {
  Scene scene;
  scene.know("alice");
  scene.know("bob");
  scene.admin(remote_access("all"));
  const base::Micros right = scene.now;
  scene.now += 3600 * base::kWallSecond;
  const std::string pass = scene.pass_for("alice");
  ASSERT_EQ(status_of(scene.open_with(pass)), 200);
  scene.now += 20 * 60 * base::kWallSecond;
  const base::Micros end = scene.now + kDefaultPass;
  ASSERT_EQ(status_of(scene.open_with(scene.pass_for("bob"))), 200);
  scene.now = right;
  EXPECT_EQ(scene.open_with(pass).refused->message, "this pass was used before");
  // Nor when it was forgotten, with whatever else it may be.
  for (std::size_t i = 0; i <= state::kUsedPassesKept; ++i) {
    scene.state.apply(
        {{"type", "pass.used"},
         {"time", base::format_time(end + 1)},
         {"detail", {{"pass", "P" + std::to_string(i)}, {"expires", base::format_time(end + 2)}}}});
  }
  EXPECT_EQ(scene.state.used_passes().size(), state::kUsedPassesKept + 1);
  EXPECT_THAT(scene.open_with(pass).refused->message, ::testing::HasSubstr("nobody knows any more"));
  scene.now = end;
  EXPECT_EQ(status_of(scene.open_with(scene.pass_for("alice"))), 200);
}

TEST(DecidePass, IsIssuedToApprovedEngineersForAShortTime) {
  Scene scene;
  scene.admin({{"command", "engineer.add"}, {"name", "alice"}});
  const Json order{{"command", "pass.issue"}, {"engineer", "alice"}};
  EXPECT_EQ(status_of(scene.admin(order)), 409);
  scene.admin({{"command", "engineer.approve"}, {"name", "alice"}});
  EXPECT_EQ(status_of(scene.admin(order)), 200);
  EXPECT_EQ(status_of(scene.admin({{"command", "pass.issue"}, {"engineer", "alice"}, {"expires", "8d"}})),
            400);
  EXPECT_EQ(status_of(scene.admin({{"command", "pass.issue"}, {"engineer", "bob"}})), 404);
}

TEST(DecideCertificate, FindsTheEngineerByPinOrName) {
  Scene scene;
  scene.know("alice");
  scene.admin(remote_access("all"));
  const std::string pin(64, 'a');
  scene.admin(
      {{"command", "engineer.add"}, {"name", "bob"}, {"email", "bob@example.com"}, {"certificates", {pin}}});
  scene.admin({{"command", "engineer.approve"}, {"name", "bob"}});
  const auto open = [&](const std::string& fingerprint, const char* email) {
    return scene.enforcer(
        {{"command", "certificate.open"}, {"fingerprint", fingerprint}, {"emails", {email}}});
  };
  const std::string other(64, 'b');
  const Decision alice = open(other, "Alice@example.com");
  EXPECT_EQ(alice.reply["engineer"], "alice");
  EXPECT_FALSE(alice.reply.contains("token"));
  EXPECT_EQ(open(other, "alice@example.com").reply["session"], alice.reply["session"])
      << "one session per certificate";
  EXPECT_EQ(code_of(open(std::string(64, 'c'), "bob@example.com")), "sign_in_refused")
      << "bob's certificates are pinned";
  EXPECT_EQ(open(pin, "whoever@example.com").reply["engineer"], "bob");
  EXPECT_EQ(status_of(open("zz", "alice@example.com")), 400);
}

TEST(DecideSession, EndsWithItsCertificateAndSaysWhy) {
  Scene scene;
  scene.visit("alice");
  const std::string fingerprint(64, 'b');
  const Decision opened = scene.enforcer(
      {{"command", "certificate.open"}, {"fingerprint", fingerprint}, {"emails", {"alice@example.com"}}});
  const auto end = [&](const std::string& of, bool revoked) {
    return scene.enforcer({{"command", "certificate.end"},
                           {"fingerprint", of},
                           {"revoked", revoked},
                           {"why", "it was taken back"}});
  };
  EXPECT_EQ(end(std::string(64, 'c'), true).reply["sessions_ended"], 0);
  EXPECT_EQ(end("", true).reply["sessions_ended"], 0) << "those with a cookie rest on no certificate";
  const Decision ended = end(fingerprint, true);
  ASSERT_EQ(ended.events.size(), 1U);
  EXPECT_TRUE(ended.measured && ended.events[0].closes);
  EXPECT_EQ(ended.events[0].session, opened.reply["session"]);
  EXPECT_EQ(ended.events[0].outcome, "certificate_revoked");
  EXPECT_EQ(base::parse_json(ended.events[0].detail)->at("why"), "it was taken back");
  EXPECT_EQ(scene.state.sessions().size(), 1U);
  scene.enforcer(
      {{"command", "certificate.open"}, {"fingerprint", fingerprint}, {"emails", {"alice@example.com"}}});
  EXPECT_EQ(end(fingerprint, false).events.at(0).outcome, "certificate_refused");
  EXPECT_FALSE(may_command(Sender::Console, "certificate.end"));
}

TEST(DecideSession, TheOldestGivesWay) {
  Scene scene;
  scene.limits.sessions_per_engineer = 2;
  const std::string first = scene.visit("alice");
  scene.now += kSecond;
  scene.visit("alice");
  scene.now += kSecond;
  scene.visit("alice");
  EXPECT_EQ(scene.state.sessions().size(), 2u);
  EXPECT_EQ(scene.state.sessions().count(first), 0u);
  scene.limits.sessions = 2;
  scene.visit("bob");
  EXPECT_EQ(scene.state.sessions().size(), 2u);
  EXPECT_THAT(scene.lines.back(), ::testing::HasSubstr("limit_reached"));
}

TEST(DecideSession, TheEndSumsUpTheVisit) {
  Scene scene;
  const std::string id = scene.visit("alice");
  scene.tallies.open(id);
  *scene.tallies.find(id) = {7, 2, 100, 2000};
  scene.now += 5 * kSecond;
  const Decision ended = scene.admin({{"command", "session.end"}, {"id", id}});
  const Json detail = base::parse_json(ended.events.front().detail).value();
  EXPECT_EQ(detail["reason"], "revoked");
  EXPECT_EQ(detail["exchanges"], 7);
  EXPECT_EQ(detail["response_bytes"], 2000);
  EXPECT_EQ(detail["duration_us"], 5 * kSecond);
  EXPECT_EQ(status_of(scene.admin({{"command", "session.end"}, {"id", id}})), 404);
}

TEST(DecideSession, AnEnforcerCanOnlySignOut) {
  Scene scene;
  const std::string id = scene.visit("alice");
  EXPECT_EQ(status_of(scene.enforcer({{"command", "session.end"}, {"id", id}, {"reason", "revoked"}})), 403);
  const Json order{{"command", "session.end"}, {"id", id}, {"reason", "signed_out"}, {"actor", "admin:root"}};
  EXPECT_EQ(code_of(scene.enforcer(order)), "denied") << "nobody has shown the session's cookie";
  Json with = order;
  with["token"] = base::to_base64url(std::string(32, 'x'));
  EXPECT_EQ(code_of(scene.enforcer(with)), "denied");
  EXPECT_EQ(scene.state.sessions().size(), 1U);
  with["token"] = scene.token_of_visit;
  const Decision out = scene.enforcer(with);
  ASSERT_FALSE(out.refused);
  EXPECT_EQ(out.events.front().actor, "engineer:alice") << "whatever the enforcer says";
}

TEST(DecideRequest, LeadsToAGrantForTheTimeApproved) {
  Scene scene;
  scene.admin(capability("silences.write", "ask"));
  const std::string session = scene.visit("alice");
  const std::string id = scene.request(session);
  ASSERT_FALSE(id.empty());
  EXPECT_EQ(scene.state.standing("alice", "silences.write", true, scene.now), base::Refusal::ApprovalNeeded);
  const Decision approved = scene.admin({{"command", "request.approve"}, {"id", id}, {"duration", "1h"}});
  EXPECT_THAT(types_of(approved.events), ElementsAre("request.approved", "grant.started"));
  EXPECT_EQ(scene.state.standing("alice", "silences.write", true, scene.now), base::Refusal::None);
  EXPECT_EQ(scene.state.standing("alice", "silences.write", true, scene.now + kHour),
            base::Refusal::GrantEnded);
  EXPECT_EQ(status_of(scene.admin({{"command", "request.approve"}, {"id", id}})), 409);
  EXPECT_EQ(status_of(scene.admin({{"command", "request.refuse"}, {"id", id}, {"reason", "no"}})), 409);
  const std::string grant = approved.reply["id"].get<std::string>();
  EXPECT_TRUE(scene.admin({{"command", "grant.revoke"}, {"id", grant}}).measured);
  EXPECT_EQ(status_of(scene.admin({{"command", "grant.revoke"}, {"id", grant}})), 409);
}

TEST(DecideRequest, TheClockStartsAtTheTimeAskedFor) {
  Scene scene;
  scene.admin(capability("metrics.read", "ask"));
  const std::string session = scene.visit("alice");
  const Decision asked = scene.enforcer({{"command", "request.create"},
                                         {"session", session},
                                         {"role", "viewer"},
                                         {"reason", "upgrade"},
                                         {"start", base::format_time(kNoon + 5 * kHour)},
                                         {"duration", "2h"}});
  EXPECT_EQ(asked.reply["capabilities"], Json({"metrics.read"}));
  scene.admin({{"command", "request.approve"}, {"id", asked.reply["id"]}});
  EXPECT_EQ(scene.state.standing("alice", "metrics.read", false, kNoon + 4 * kHour),
            base::Refusal::ApprovalNeeded);
  EXPECT_EQ(scene.state.standing("alice", "metrics.read", false, kNoon + 7 * kHour - 1), base::Refusal::None);
}

TEST(DecideRequest, RefusesWhatMakesNoSense) {
  Scene scene;
  const std::string session = scene.visit("alice");
  const auto ask = [&](Json more) {
    Json order{{"command", "request.create"},
               {"session", session},
               {"reason", "r"},
               {"capabilities", {"metrics.read"}}};
    order.update(more);
    return status_of(scene.enforcer(order));
  };
  EXPECT_EQ(ask({{"duration", "365d"}}), 400);
  EXPECT_EQ(ask({{"duration", 7}}), 400);
  EXPECT_EQ(ask({{"capabilities", {"root"}}}), 400);
  EXPECT_EQ(ask({{"capabilities", "metrics.read"}}), 400);
  EXPECT_EQ(ask({{"role", "viewer"}}), 400) << "a role or capabilities, not both";
  EXPECT_EQ(ask({{"reason", ""}}), 400);
  EXPECT_EQ(ask({{"reason", std::string(3000, 'x')}}), 400);
  EXPECT_EQ(ask({{"start", "2031-01-01T00:00:00Z"}}), 400);
  EXPECT_EQ(ask({{"session", "gone"}}), 401);
  for (int i = 0; i < kMostPendingPerEngineer; ++i) EXPECT_EQ(ask(Json::object()), 200);
  EXPECT_EQ(ask(Json::object()), 429);
}

TEST(DecideRequest, OnlyItsOwnEngineerWithdrawsIt) {
  Scene scene;
  const std::string alice = scene.visit("alice");
  const std::string bob = scene.visit("bob");
  const std::string id = scene.request(alice);
  EXPECT_EQ(status_of(scene.enforcer({{"command", "request.withdraw"}, {"id", id}, {"session", bob}})), 404);
  EXPECT_EQ(status_of(scene.enforcer({{"command", "request.withdraw"}, {"id", id}, {"session", alice}})),
            200);
  EXPECT_EQ(scene.state.requests().at(id).state, state::RequestState::Withdrawn);
}

TEST(DecideDue, EndsWhatHasRunOut) {
  Scene scene;
  scene.admin(
      {{"command", "capability.set"}, {"name", "silences.write"}, {"setting", "on"}, {"until", "1h"}});
  const std::string session = scene.visit("alice");
  const std::string asked = scene.request(session);
  scene.request(session);
  scene.admin({{"command", "request.approve"}, {"id", asked}, {"duration", "90m"}});
  EXPECT_TRUE(scene.due().events.empty());
  scene.now += 29 * kMinute;
  scene.state.touch(session, scene.now);
  scene.now += 31 * kMinute;
  EXPECT_THAT(types_of(scene.due().events), ElementsAre("permission.changed", "session.ended"));
  EXPECT_EQ(scene.all.back().outcome, "idle");
  scene.now += 30 * kMinute;
  EXPECT_THAT(types_of(scene.due().events), ElementsAre("grant.ended"));
  scene.now += 4 * kDay;
  EXPECT_THAT(types_of(scene.due().events), ElementsAre("request.expired"));
  EXPECT_TRUE(scene.due().events.empty());
}

TEST(DecideDue, RemoteAccessThatEndsTakesTheSessionsAlong) {
  Scene scene;
  scene.admin({{"command", "remote_access.set"}, {"mode", "all"}, {"until", "1h"}});
  const std::string session = scene.visit("alice");
  scene.now += kHour;
  scene.state.touch(session, scene.now);
  const Decision due = scene.due();
  EXPECT_THAT(types_of(due.events), ElementsAre("permission.changed", "session.ended"));
  EXPECT_EQ(due.events[1].outcome, "remote_access_off");
  EXPECT_EQ(due.events[0].actor, "gateway");
}

TEST(DecideDue, NoSessionLivesBeyondItsLimit) {
  Scene scene;
  const std::string session = scene.visit("alice");
  scene.now += scene.limits.session_absolute;
  scene.state.touch(session, scene.now);
  scene.due();
  EXPECT_EQ(scene.all.back().outcome, "expired");
}

TEST(DecidePolicy, NamesTheFaultsAndKeepsTheOldOne) {
  Scene scene;
  const Decision bad =
      decide_policy(scene.context(), read_and_compare("capabilities: 7", "", nullptr), Json::object());
  EXPECT_EQ(status_of(bad), 400);
  EXPECT_TRUE(bad.events.empty());
  const Decision good = decide_policy(
      scene.context(), read_and_compare(std::string(kPolicyText), "", nullptr), {{"file", "policy.yaml"}});
  ASSERT_EQ(status_of(good), 200) << good.refused->message;
  scene.take(good.events);
  EXPECT_EQ(scene.state.policy_hash(), good.reply["hash"].get<std::string>());
  EXPECT_TRUE(decide_policy(scene.context(),
                            read_and_compare(std::string(kPolicyText), good.reply["hash"], nullptr),
                            Json::object())
                  .events.empty());
}

TEST(Limits, MustBePositive) {
  EXPECT_EQ(parse_limits({{"sessions", {{"idle_us", 5}}}}).value().session_idle, 5);
  EXPECT_FALSE(parse_limits({{"sessions", {{"idle_us", 0}}}}).ok());
  EXPECT_FALSE(parse_limits({{"requests", {{"expire_us", "4d"}}}}).ok());
}

// Random commands, sensible and not. Whatever is decided: the answer and the state after the fold agree, no
// engineer who is not approved has a session, nobody has one while remote access is off, and the fold of the
// log is the state.
class Anyone {
 public:
  explicit Anyone(unsigned seed) : random_(seed) {}
  void act(Scene& scene) {
    scene.now += pick(100) == 0 ? kDay : pick(600) * kSecond;
    const std::string name = one({"alice", "bob", "carol"});
    switch (pick(14)) {
      case 0:
        scene.admin(
            {{"command", "remote_access.set"}, {"mode", one({"off", "approved", "read-only", "all", "x"})}});
        break;
      case 1:
        scene.admin({{"command", "capability.set"},
                     {"name", one({"metrics.read", "silences.write", "x"})},
                     {"setting", one({"off", "ask", "on"})},
                     {"until", one({"1h", "5m", "-1s"})}});
        break;
      case 2:
        scene.admin({{"command", "engineer.add"}, {"name", name}, {"email", one({"a@b.c", "d@e.f", "no"})}});
        break;
      case 3:
        scene.admin({{"command", "engineer.approve"}, {"name", name}});
        break;
      case 4:
        if (pick(4) == 0) scene.admin({{"command", "engineer.remove"}, {"name", name}});
        break;
      case 5:
      case 6:
        sign_in(scene, name);
        break;
      case 7:
        scene.admin({{"command", "session.end"}, {"id", any(scene.state.sessions())}});
        break;
      case 8:
        scene.request(any(scene.state.sessions()));
        break;
      case 9:
        scene.admin({{"command", "request.approve"},
                     {"id", any(scene.state.requests())},
                     {"duration", one({"1h", "99d"})}});
        break;
      case 10:
        scene.admin({{"command", "request.refuse"},
                     {"id", any(scene.state.requests())},
                     {"reason", one({"", "no"})}});
        break;
      case 11:
        scene.admin({{"command", "grant.revoke"}, {"id", any(scene.state.grants())}});
        break;
      case 12:
        scene.writable = !scene.writable || pick(3) != 0;
        break;
      default:
        scene.due();
    }
  }

 private:
  int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::string one(std::vector<const char*> of) {
    return of[static_cast<std::size_t>(pick(static_cast<int>(of.size())))];
  }
  template <typename Map>
  std::string any(const Map& map) {
    if (map.empty()) return "none";
    return std::next(map.begin(), pick(static_cast<int>(map.size())))->first;
  }
  void sign_in(Scene& scene, const std::string& name) {
    const Decision issued = scene.admin({{"command", "pass.issue"}, {"engineer", name}});
    if (issued.refused) return;
    passes_.push_back(pass_text(issued.to_sign, base::ed25519_sign(scene.seed, signed_part(issued.to_sign))));
    const std::string pass = passes_[static_cast<std::size_t>(pick(static_cast<int>(passes_.size())))];
    const bool opened = !scene.open_with(pass).refused;
    if (opened) {
      EXPECT_EQ(opened_.count(pass), 0u) << "a pass opens once";
      opened_.insert(pass);
    }
  }
  std::mt19937 random_;
  std::vector<std::string> passes_;
  std::set<std::string> opened_;
};

void expect_consistent(const Scene& scene) {
  if (scene.state.remote_access_mode() == state::RemoteAccess::Off) {
    EXPECT_TRUE(scene.state.sessions().empty());
  }
  for (const auto& [id, session] : scene.state.sessions()) {
    const auto engineer = scene.state.engineers().find(session.engineer);
    ASSERT_NE(engineer, scene.state.engineers().end());
    EXPECT_TRUE(engineer->second.approved);
  }
  for (const auto& [id, grant] : scene.state.grants()) {
    if (!grant.ended) {
      EXPECT_EQ(scene.state.engineers().count(grant.engineer), 1u);
    }
  }
}

TEST(Deciders, NeverContradictTheFoldOfTheirEvents) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Scene scene;
    Anyone anyone(seed);
    for (int i = 0; i < 300; ++i) {
      anyone.act(scene);
      expect_consistent(scene);
      if (::testing::Test::HasFailure()) FAIL() << "seed " << seed << ", step " << i;
    }
    state::State folded;
    for (const std::string& line : scene.lines) folded.apply(base::parse_json(line).value());
    EXPECT_EQ(folded, scene.state) << "seed " << seed;
  }
}

}  // namespace
}  // namespace postern::ledger
