// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/ledger_client.h"

#include <gtest/gtest.h>

#include "audit/event.h"
#include "tests/unit/enforcer/fakes.h"

namespace postern::enforcer {
namespace {

struct Listener final : LedgerListener {
  void on_state(const ipc::StateSnapshot& of, const base::Json& state) override {
    told += "state " + std::to_string(of.version) + base::dump_json(state) + ";";
  }
  void on_change(const ipc::Change& change, const base::Json&) override {
    told += "change " + std::to_string(change.version) + ";";
  }
  void on_policy(std::string_view text, const std::string* accepted) override {
    if (accepted != nullptr) told += "accepted " + *accepted + ";";
    told += "policy " + std::string(text) + ";";
  }
  void on_cookie(const ipc::Cookie&) override {}
  void on_jars_wanted() override {}
  void on_node_task(const ipc::NodeTask&) override {}
  void on_activity_due() override { told += "activity;"; }
  std::string told;
};

class LedgerClients : public ::testing::Test {
 protected:
  void join() {
    auto sockets = *ipc::make_socket_pair();
    client.set_channel(std::move(sockets.first));
    ledger = std::make_unique<FakeLedger>(loop, std::move(sockets.second));
  }
  std::uint64_t append(std::string_view line, ipc::AppendKind kind = ipc::AppendKind::Other) {
    ipc::Append event;
    event.kind = kind;
    event.line = line;
    return client.append(event);
  }
  loop::Loop loop;
  Listener listener;
  LedgerClient client{loop, listener};
  std::unique_ptr<FakeLedger> ledger;
};

TEST_F(LedgerClients, TheLogIsUnavailableUntilTheLedgerSaysOtherwise) {
  EXPECT_FALSE(client.unavailable().empty());
  EXPECT_FALSE(client.handed_over());
  join();
  EXPECT_FALSE(client.unavailable().empty());
  ledger->log_status(true);
  EXPECT_TRUE(turn_until(loop, [&] { return client.unavailable().empty(); }));
  ledger->log_status(false, "disk full");
  EXPECT_TRUE(turn_until(loop, [&] { return !client.unavailable().empty(); }));
  EXPECT_EQ(client.unavailable(), "the log cannot be written: disk full");
}

TEST_F(LedgerClients, AnEventIsHandedOverWhenTheKernelHasIt) {
  join();
  append("a");
  EXPECT_FALSE(client.handed_over());
  loop.turn();
  EXPECT_TRUE(client.handed_over());
}

TEST_F(LedgerClients, DurableEventsAreToldInOrderAndOnlyOnce) {
  join();
  std::string durable;
  for (const char* line : {"a", "b", "c"})
    client.when_durable(append(line), 1, [&durable, line] { durable += line; });
  ASSERT_TRUE(turn_until(loop, [&] { return ledger->lines.size() == 3; }));
  ledger->acked(2);
  ASSERT_TRUE(turn_until(loop, [&] { return durable == "ab"; }));
  ledger->acked(2);
  ledger->acked(3);
  EXPECT_TRUE(turn_until(loop, [&] { return durable == "abc"; }));
}

TEST_F(LedgerClients, ACancelledWaiterIsNotCalled) {
  join();
  bool called = false, other = false;
  client.when_durable(append("a"), 1, [&] { called = true; });
  client.when_durable(append("b"), 2, [&] { other = true; });
  client.cancel(1);
  ledger->acked(2);
  EXPECT_TRUE(turn_until(loop, [&] { return other; }));
  EXPECT_FALSE(called);
}

TEST_F(LedgerClients, WhatIsNotDurableIsSentAgainToALedgerThatWasRestarted) {
  join();
  bool durable = false;
  append("a");
  append("b");
  client.when_durable(append("c"), 1, [&] { durable = true; });
  ASSERT_TRUE(turn_until(loop, [&] { return ledger->lines.size() == 3; }));
  ledger->acked(1);
  loop.turn();
  // The old ledger's last word crosses its successor's arrival: it must not count there.
  ledger->acked(3);
  ledger->channel->flush();
  auto old = std::move(ledger);
  join();
  ASSERT_TRUE(turn_until(loop, [&] { return ledger->lines.size() == 2; }));
  EXPECT_EQ(ledger->lines[0], "b");
  EXPECT_FALSE(durable);
  append("d");
  ledger->acked(2);
  EXPECT_TRUE(turn_until(loop, [&] { return durable; }));
  ASSERT_TRUE(turn_until(loop, [&] { return ledger->lines.size() == 3; }));
  EXPECT_EQ(ledger->lines[2], "d");
}

TEST_F(LedgerClients, ALedgerThatCallsMoreDurableThanItWasSentIsNotBelieved) {
  join();
  bool durable = false;
  client.when_durable(append("a"), 1, [&] { durable = true; });
  ledger->acked(2);
  EXPECT_TRUE(turn_until(loop, [&] { return ledger->closed; }));
  EXPECT_FALSE(durable);
  EXPECT_FALSE(client.unavailable().empty());
}

TEST_F(LedgerClients, MemoryForEventsIsBounded) {
  const std::string line(60'000, 'x');
  std::size_t kept = 0;
  for (int i = 0; i < 2000; ++i) append(line, ipc::AppendKind::Refused);  // 120 MB, and nobody there
  join();
  ledger->log_status(true);
  ASSERT_TRUE(turn_until(loop, [&] { return client.unavailable() == "the ledger does not keep up"; }));
  ASSERT_TRUE(turn_until(loop, [&] {
    const bool still = ledger->lines.size() == kept;
    kept = ledger->lines.size();
    return still && client.handed_over() && kept > 0;
  }));
  EXPECT_LE(kept * line.size(), 2 * LedgerClient::kMostRetained + line.size());
  ledger->acked(kept);
  EXPECT_TRUE(turn_until(loop, [&] { return client.unavailable().empty(); }));
}

// The ledger would end the channel for it, and each one after, since it were sent again.
TEST_F(LedgerClients, AnEventThatIsTooLongIsNotSent) {
  join();
  bool first = false, never = false, last = false;
  client.when_durable(append("a"), 1, [&] { first = true; });
  const std::uint64_t lost = append(std::string(audit::kEventLimit + 1, 'x'));
  EXPECT_EQ(lost, LedgerClient::kNever);
  client.when_durable(lost, 2, [&] { never = true; });
  client.when_durable(append(std::string(audit::kEventLimit, 'y')), 3, [&] { last = true; });
  ASSERT_TRUE(turn_until(loop, [&] { return ledger->lines.size() == 2; }));
  ledger->acked(2);
  ASSERT_TRUE(turn_until(loop, [&] { return last; }));
  EXPECT_TRUE(first);
  EXPECT_FALSE(never);
  EXPECT_EQ(client.lost(), 1U);
  auto old = std::move(ledger);
  join();
  append("b");
  ASSERT_TRUE(turn_until(loop, [&] { return !ledger->lines.empty(); }));
  EXPECT_EQ(ledger->lines[0], "b");
}

TEST_F(LedgerClients, CommandsAreAnsweredAndThoseOfALostLedgerFail) {
  join();
  std::string answers;
  const auto then = [&](const LedgerAnswer& answer) {
    answers += answer.reply.ok() ? base::dump_json(*answer.reply) : answer.reply.error().message;
    answers += answer.event + ";";
  };
  client.command({{"command", "x"}}, then);
  ASSERT_TRUE(turn_until(loop, [&] { return ledger->commands.size() == 1; }));
  ledger->reply(ledger->commands[0].first, true, "{\"a\":1}", "E1");
  ASSERT_TRUE(turn_until(loop, [&] { return !answers.empty(); }));
  client.command({{"command", "y"}}, then);
  ASSERT_TRUE(turn_until(loop, [&] { return ledger->commands.size() == 2; }));
  ledger.reset();
  ASSERT_TRUE(turn_until(loop, [&] { return answers.find("restarted") != std::string::npos; }));
  client.command({{"command", "z"}}, then);
  EXPECT_EQ(answers, "{\"a\":1}E1;the ledger is being restarted;the ledger is being restarted;");
}

TEST_F(LedgerClients, StateAndPolicyMayComeInPieces) {
  join();
  ledger->send(ipc::FromLedger::State, ipc::StateSnapshot{3, false, "{\"a\""});
  ledger->send(ipc::FromLedger::State, ipc::StateSnapshot{3, true, ":1}"});
  ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{false, "x"});
  ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{true, "y"});
  ledger->send(ipc::FromLedger::Change, ipc::Change{4, 0, false, "{}"});
  ASSERT_TRUE(turn_until(loop, [&] { return listener.told.ends_with("change 4;"); }));
  EXPECT_EQ(listener.told, "state 3{\"a\":1};policy xy;change 4;");
}

}  // namespace
}  // namespace postern::enforcer
