// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/ledger.h"

#include <gmock/gmock.h>

#include "tests/unit/ledger/house.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;
using ::testing::Contains;
using ::testing::HasSubstr;

TEST_F(House, ANewcomerIsToldStatePolicyAndThatTheLogWorks) {
  remote_access("all");
  auto late = join(Sender::Enforcer, 1);
  until([&] { return late->states > 0 && late->writable && !late->policy.empty(); });
  EXPECT_EQ(late->policy, kPolicyText);
  EXPECT_EQ(late->state.remote_access(clock.wall()), state::RemoteAccess::All);
}

TEST_F(House, TheSupervisorIsToldNoState) {
  remote_access("all");
  EXPECT_EQ(supervisor->states, 0);
  EXPECT_TRUE(supervisor->changes.empty());
}

TEST_F(House, AnEngineerSignsInWithAPassOnce) {
  remote_access("all");
  const std::string pass = pass_for("alice");
  const Json session = done(*enforcer, sign_in(pass));
  until([&] { return enforcer->state.sessions().size() == 1; });
  EXPECT_EQ(enforcer->state.sessions().begin()->first, session["session"]);
  const Client::Answer again = answer(*enforcer, sign_in(pass));
  EXPECT_FALSE(again.ok);
  EXPECT_EQ(again.json["code"], "sign_in_refused");
  until([&] { return logged("session.refused").size() == 1; });
  for (const std::string& text : log()) {
    EXPECT_EQ(text.find(session["token"].get<std::string>()), std::string::npos);
  }
}

// What an answer names is durable when it leaves.
TEST_F(House, AnAnswerNamesTheEventThatTheCommandMade) {
  remote_access("all");
  const std::string pass = pass_for("alice");
  const Client::Answer opened = answer(*enforcer, sign_in(pass));
  EXPECT_THAT(logged("session.opened"), Contains(HasSubstr("\"id\":\"" + opened.event + "\"")));
  until([&] { return enforcer->state.sessions().size() == 1; });
  EXPECT_EQ(enforcer->state.sessions().begin()->second.opened_event, opened.event);
  const Client::Answer again = answer(*enforcer, sign_in(pass));
  EXPECT_FALSE(again.ok);
  EXPECT_THAT(logged("session.refused"), Contains(HasSubstr("\"id\":\"" + again.event + "\"")));
  const Json sign_out{
      {"command", "session.end"}, {"id", opened.json["session"]}, {"token", opened.json["token"]}};
  const Client::Answer ended = answer(*enforcer, sign_out);
  EXPECT_THAT(logged("session.ended"), Contains(HasSubstr("\"id\":\"" + ended.event + "\"")));
  EXPECT_EQ(answer(*enforcer, sign_out).event, "");
}

TEST_F(House, AKeeperThatHangsRefusesThePassAndNothingElse) {
  admin({{"command", "engineer.add"}, {"name", "alice"}});
  admin({{"command", "engineer.approve"}, {"name", "alice"}});
  keeper_answers = false;
  const std::uint64_t id = console->command(by_admin({{"command", "pass.issue"}, {"engineer", "alice"}}));
  remote_access("all");
  turn(KeeperLink::kKeeperTimeout);
  until([&] { return console->answers.count(id) > 0; });
  EXPECT_EQ(console->answers[id].json["status"], 502);
  EXPECT_TRUE(logged("pass.issued").empty());
}

TEST_F(House, AppendsAreAckedInOrderWhenDurable) {
  files.hold_syncs(true);
  for (int i = 0; i < 5; ++i) enforcer->append(line(EventType::ExchangeForwarded));
  for (int i = 0; i < 200; ++i) loop.turn();
  EXPECT_EQ(enforcer->acked, 0u);
  files.hold_syncs(false);
  until([&] { return enforcer->acked == 5; });
  EXPECT_EQ(logged("exchange.forwarded").size(), 5u);
}

TEST_F(House, WhatNobodyWaitsForIsSyncedAllTheSame) {
  enforcer->append(line(EventType::ExchangeCompleted), ipc::AppendKind::Completed, {}, false);
  until([&] { return enforcer->acked == 1; });
}

TEST_F(House, AnEventThatIsSentAgainIsKeptOnce) {
  const std::string event = line(EventType::ExchangeForwarded);
  enforcer->append(event);
  until([&] { return enforcer->acked == 1; });
  enforcer->append(event);
  until([&] { return enforcer->acked == 2; });
  stop();
  start();
  enforcer->append(event);
  until([&] { return enforcer->acked == 1; });
  EXPECT_EQ(logged("exchange.forwarded").size(), 1u);
}

TEST_F(House, WhatClosesIsToldBeforeItIsDurable) {
  remote_access("all");
  until([&] { return enforcer->state.remote_access(clock.wall()) == state::RemoteAccess::All; });
  files.hold_syncs(true);
  const std::uint64_t id = console->command(by_admin({{"command", "remote_access.set"}, {"mode", "off"}}));
  until([&] { return enforcer->state.remote_access(clock.wall()) == state::RemoteAccess::Off; });
  EXPECT_EQ(console->answers.count(id), 0u) << "the answer waits for the record";
  files.hold_syncs(false);
  until([&] { return console->answers.count(id) > 0; });
}

TEST_F(House, WhatClosesRaisesTheStopWordFirst) {
  remote_access("all");
  until([&] { return enforcer->state.remote_access(clock.wall()) == state::RemoteAccess::All; });
  EXPECT_TRUE(enforcer->stops.empty()) << "what gives stops nothing";
  remote_access("off");
  until([&] { return enforcer->state.remote_access(clock.wall()) == state::RemoteAccess::Off; });
  EXPECT_EQ(enforcer->stops, std::vector<std::uint64_t>{1});
  remote_access("all");
  remote_access("off");
  until([&] { return enforcer->stops.size() == 2; });
  EXPECT_EQ(enforcer->stops.back(), 2U);
  auto late = join(Sender::Enforcer, 1);
  until([&] { return late->states > 0; });
  EXPECT_EQ(late->stop_of_state, 2U);
}

TEST_F(House, WhatGivesIsToldOnceItIsDurable) {
  files.hold_syncs(true);
  const std::uint64_t id = console->command(by_admin({{"command", "remote_access.set"}, {"mode", "all"}}));
  for (int i = 0; i < 500; ++i) loop.turn();
  EXPECT_EQ(enforcer->state.remote_access(clock.wall()), state::RemoteAccess::Off);
  auto late = join(Sender::Enforcer, 1);
  until([&] { return late->states > 0; });
  EXPECT_EQ(late->state.remote_access(clock.wall()), state::RemoteAccess::Off) << "nor in a snapshot";
  files.hold_syncs(false);
  until([&] { return console->answers.count(id) > 0; });
  EXPECT_EQ(enforcer->state.remote_access(clock.wall()), state::RemoteAccess::All);
}

TEST_F(House, AClosingChangeThatOvertakesAnOpeningOneWins) {
  files.hold_syncs(true);
  const std::uint64_t on = console->command(by_admin({{"command", "remote_access.set"}, {"mode", "all"}}));
  const std::uint64_t off = console->command(by_admin({{"command", "remote_access.set"}, {"mode", "off"}}));
  for (int i = 0; i < 200; ++i) loop.turn();
  const int states = enforcer->states;
  files.hold_syncs(false);
  until([&] {
    return console->answers.count(on) > 0 && console->answers.count(off) > 0 && enforcer->states > states;
  });
  EXPECT_EQ(enforcer->state.remote_access(clock.wall()), state::RemoteAccess::Off);
  EXPECT_EQ(enforcer->state, ledger->state());
}

TEST_F(House, TheAnswerSaysWhatWasCutAndSoDoesTheLog) {
  visit("alice");
  visit("bob");
  auto second = join(Sender::Enforcer, 1);
  until([&] { return second->states > 0; });
  const Json reply = remote_access("off");
  EXPECT_EQ(reply["cut"]["sessions"], 2);
  EXPECT_EQ(reply["cut"]["exchanges"], 2 * 3 * 3) << "two enforcers, three changes, three each";
  EXPECT_EQ(reply["cut"]["slowest_us"], 5);
  until([&] { return logged("permission.applied").size() == 1; });
  EXPECT_THAT(logged("permission.applied")[0],
              HasSubstr("\"enforcers\":2,\"missing\":0,\"cut_exchanges\":18,\"slowest_us\":5"));
}

TEST_F(House, AnEnforcerThatHangsDelaysTheAnswerByTwoSecondsAtMost) {
  remote_access("all");
  enforcer->answers_applied = false;
  const std::uint64_t id = console->command(by_admin({{"command", "remote_access.set"}, {"mode", "off"}}));
  until([&] { return enforcer->state.remote_access(clock.wall()) == state::RemoteAccess::Off; });
  turn(kAppliedTimeout - base::kMillisecond);
  EXPECT_EQ(console->answers.count(id), 0u);
  turn(base::kMillisecond);
  until([&] { return console->answers.count(id) > 0; });
  EXPECT_EQ(console->answers[id].json["cut"]["enforcers_missing"], 1);
}

TEST_F(House, AnEnforcerThatDiesIsNotWaitedFor) {
  remote_access("all");
  enforcer->answers_applied = false;
  const std::uint64_t id = console->command(by_admin({{"command", "remote_access.set"}, {"mode", "off"}}));
  until([&] { return enforcer->state.remote_access(clock.wall()) == state::RemoteAccess::Off; });
  enforcer.reset();
  until([&] { return console->answers.count(id) > 0; });
}

TEST_F(House, ACommandOfAnotherRowClosesTheChannel) {
  enforcer->command({{"command", "remote_access.set"}, {"mode", "all"}, {"actor", "admin:root"}});
  until([&] { return enforcer->closed; });
  EXPECT_EQ(ledger->state().remote_access_mode(), state::RemoteAccess::Off);
  until([&] { return logged("admin.refused").size() == 1; });
  EXPECT_THAT(logged("admin.refused")[0], HasSubstr("enforcer.0"));
}

TEST_F(House, BrokenMessagesCloseTheChannel) {
  const std::string forged = line(EventType::PermissionChanged);
  const std::vector<std::function<void(Client&)>> breaches = {
      [](Client& c) { c.raw(99, "x"); },
      [](Client& c) { c.raw(static_cast<std::uint16_t>(ipc::ToLedger::Command), "x"); },
      [](Client& c) {
        c.send(ipc::ToLedger::Command, ipc::Command{1, "not json"});
      },
      [](Client& c) {
        c.send(ipc::ToLedger::Command, ipc::Command{1, "[]"});
      },
      [](Client& c) { c.append("{}"); },
      [&](Client& c) { c.append(forged); },
      [](Client& c) {
        c.send(ipc::ToLedger::Applied, ipc::Applied{1ULL << 60U, 1, 1});
      },
      [](Client& c) {
        c.raw(static_cast<std::uint16_t>(ipc::ToLedger::Activity), std::string("\xff\xff\xff\xff", 4));
      },
  };
  for (std::size_t i = 0; i < breaches.size(); ++i) {
    auto peer = join(Sender::Enforcer, 7);
    until([&] { return peer->states > 0; });
    breaches[i](*peer);
    until([&] { return peer->closed; });
  }
  EXPECT_TRUE(logged("permission.changed").empty());
}

TEST_F(House, ACookieIsPassedOnToTheOtherEnforcersAndKeptNowhere) {
  auto second = join(Sender::Enforcer, 1);
  until([&] { return second->states > 0 && enforcer->jars_wanted == 1; });
  EXPECT_EQ(second->jars_wanted, 0) << "it has none yet";
  ipc::Cookie cookie;
  cookie.session = "s1";
  cookie.service = "app";
  cookie.name = "sid";
  cookie.value = "component-cookie-value";
  enforcer->send(ipc::ToLedger::Cookie, cookie);
  until([&] { return second->cookies.size() == 1; });
  ipc::Cookie read;
  ASSERT_TRUE(ipc::decode(second->cookies[0], read));
  EXPECT_EQ(read.value, "component-cookie-value");
  turn(base::kSecond);
  EXPECT_TRUE(enforcer->cookies.empty());
  EXPECT_TRUE(console->cookies.empty());
  for (const std::string& text : log()) EXPECT_EQ(text.find("component-cookie"), std::string::npos);
}

TEST_F(House, ACookieFromAnybodyButAnEnforcerClosesTheChannel) {
  console->send(ipc::ToLedger::Cookie, ipc::Cookie{});
  until([&] { return console->closed; });
}

TEST_F(House, ASuccessorTakesTheChannelOver) {
  auto successor = join(Sender::Enforcer, 0);
  until([&] { return enforcer->closed && successor->states > 0; });
}

TEST_F(House, IdleSessionsEndWithTheirSum) {
  const std::string session = visit("alice");
  enforcer->append(line(EventType::ExchangeForwarded, session), ipc::AppendKind::Forwarded, session);
  enforcer->append(line(EventType::ExchangeCompleted, session), ipc::AppendKind::Completed, session);
  enforcer->append(line(EventType::ExchangeRefused, session), ipc::AppendKind::Refused, session);
  until([&] { return enforcer->acked == 3; });
  turn(29 * 60 * base::kSecond);
  base::BinaryWriter seen;
  seen.u32(1);
  seen.text(session);
  enforcer->raw(static_cast<std::uint16_t>(ipc::ToLedger::Activity), seen.bytes());
  for (int i = 0; i < 50; ++i) loop.turn();
  turn(29 * 60 * base::kSecond);
  EXPECT_EQ(ledger->state().sessions().size(), 1u) << "it was seen meanwhile";
  turn(60 * base::kSecond);
  until([&] { return enforcer->state.sessions().empty() && logged("session.ended").size() == 1; });
  EXPECT_THAT(logged("session.ended")[0], HasSubstr("\"reason\":\"idle\""));
  EXPECT_THAT(logged("session.ended")[0],
              HasSubstr("\"exchanges\":1,\"refused\":1,\"request_bytes\":10,\"response_bytes\":200"));
}

TEST_F(House, AnEndTimeIsAnEventOfItsOwn) {
  admin({{"command", "capability.set"}, {"name", "metrics.read"}, {"setting", "on"}, {"until", "1h"}});
  turn(3600 * base::kSecond);
  until([&] { return logged("permission.changed").size() == 2; });
  EXPECT_THAT(logged("permission.changed")[1], HasSubstr("\"actor\":\"gateway\""));
  EXPECT_EQ(enforcer->state.capability_toggle("metrics.read")->setting, state::Setting::Off);
}

TEST_F(House, TheStateAfterAKillIsTheStateBefore) {
  const std::string session = visit("alice");
  enforcer->append(line(EventType::ExchangeForwarded, session), ipc::AppendKind::Forwarded, session);
  enforcer->append(line(EventType::ExchangeCompleted, session), ipc::AppendKind::Completed, session);
  until([&] { return enforcer->acked == 2; });
  const state::State before = ledger->state();
  stop();
  start();
  EXPECT_EQ(ledger->state(), before);
  EXPECT_EQ(enforcer->policy, kPolicyText) << "told although it is no change";
  EXPECT_EQ(logged("policy.changed").size(), 1u);
  EXPECT_THAT(logged("gateway.started").back(), HasSubstr("\"sessions\":1"));
  const Json ended = admin({{"command", "session.end"}, {"id", session}});
  EXPECT_EQ(ended["exchanges"], 1) << "counted before the kill";
  EXPECT_EQ(ended["response_bytes"], 200);
}

TEST_F(House, AnOrderlyStopEndsTheSessionsAndIsDurable) {
  visit("alice");
  bool drained = false;
  ledger->drain([&] { drained = true; });
  const Client::Answer late = answer(*console, by_admin({{"command", "remote_access.set"}, {"mode", "all"}}));
  EXPECT_EQ(late.json["code"], "gateway_stopping");
  until([&] { return drained; });
  EXPECT_THAT(logged("session.ended").at(0), HasSubstr("gateway_stopped"));
  EXPECT_EQ(logged("gateway.stopped").size(), 1u);
}

TEST_F(House, AnotherLedgerGoesOnWithTheSessions) {
  const std::string session = visit("alice");
  bool done = false;
  ledger->hand_over([&] { done = true; });
  until([&] { return done; });
  EXPECT_TRUE(logged("session.ended").empty());
  EXPECT_THAT(logged("gateway.stopped").at(0), HasSubstr("\"reason\":\"handed_over\""));
  const state::State before = ledger->state();
  stop();
  start();
  EXPECT_EQ(ledger->state(), before);
  EXPECT_EQ(ledger->state().sessions().count(session), 1U);
}

TEST_F(House, AFaultyPolicyChangesNothing) {
  const Client::Answer bad = put_policy("capabilities: 7");
  EXPECT_FALSE(bad.ok);
  EXPECT_EQ(bad.json["status"], 400);
  EXPECT_EQ(enforcer->policy, kPolicyText);
}

std::string policy_of(std::size_t operations) {
  std::string text(kPolicyText);
  const std::size_t roles = text.find("roles:");
  std::string more = "  many.read:\n    title: Many\n    class: read\n    operations:\n";
  for (std::size_t i = 0; i < operations; ++i)
    more += "      - GET /api/v1/things" + std::to_string(i) + "/{id}/values\n";
  return text.insert(roles, more);
}

TEST_F(House, APolicyOfManyFramesIsSpreadWholeAndRecordedByItsHash) {
  const std::string text = policy_of(30'000);
  ASSERT_GT(text.size(), ipc::kLedgerFrame);
  const Client::Answer set = put_policy(text);
  ASSERT_TRUE(set.ok) << base::dump_json(set.json);
  EXPECT_EQ(set.json["operations"], 30'002);
  until([&] { return enforcer->policy == text && console->policy == text; });
  const std::string event = logged("policy.changed").back();
  EXPECT_THAT(event, HasSubstr(set.json["hash"].get<std::string>()));
  EXPECT_LT(event.size(), 1000u);
}

TEST_F(House, AfterARestartTheSupervisorsPolicyIsInForceWithoutAnotherEvent) {
  const std::string text = policy_of(30'000);
  ASSERT_TRUE(put_policy(text).ok);
  const std::string hash = ledger->state().policy_hash();
  const std::size_t events = logged("policy.changed").size();
  stop();
  start(text);
  EXPECT_EQ(ledger->state().policy_hash(), hash);
  until([&] { return enforcer->policy == text; });
  EXPECT_EQ(logged("policy.changed").size(), events);
}

TEST_F(House, APolicyAboveTheLimitClosesTheChannel) {
  const std::string piece(ipc::kLedgerPiece, '#');
  for (std::size_t sent = 0; sent <= ipc::kLargestPolicy; sent += piece.size())
    supervisor->send(ipc::ToLedger::Policy, ipc::PolicyPiece{false, piece});
  until([&] { return supervisor->closed; });
}

TEST_F(House, OnlyTheSupervisorSendsAPolicyAndItComesBeforeItsCommand) {
  EXPECT_EQ(answer(*supervisor, {{"command", "policy.set"}}).json["status"], 400);
  supervisor->send(ipc::ToLedger::Policy, ipc::PolicyPiece{false, "version: 1"});
  EXPECT_EQ(answer(*supervisor, {{"command", "policy.set"}}).json["status"], 400) << "half of one is none";
  console->send_policy(kPolicyText);
  until([&] { return console->closed; });
}

TEST_F(House, PoliciesAreTakenInTheirOrder) {
  supervisor->send_policy(policy_of(20'000));
  const std::uint64_t large = supervisor->command({{"command", "policy.set"}});
  supervisor->send_policy(policy_of(1));
  const std::uint64_t small = supervisor->command({{"command", "policy.set"}});
  until([&] { return supervisor->answers.count(large) > 0 && supervisor->answers.count(small) > 0; });
  EXPECT_EQ(ledger->state().policy_hash(), supervisor->answers[small].json["hash"]);
  until([&] { return enforcer->policy == policy_of(1); });
}

TEST_F(House, TheIndexFollowsAndTheConsoleIsTold) {
  until([&] {
    turn(300 * base::kMillisecond);
    return console->size.durable > 0 && console->size.indexed == console->size.durable;
  });
}

}  // namespace
}  // namespace postern::ledger
