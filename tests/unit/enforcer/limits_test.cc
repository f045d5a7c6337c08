// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An enforcer at its limits: the exchange is refused before anything of it reaches the component, and the log is not
// filled with it.
#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {
namespace {

class LimitsScene : public EnforcerScene {
 protected:
  void configure(const std::function<void(Settings&)>& change) {
    Settings changed = settings();
    change(changed);
    EXPECT_TRUE(enforcer->configure(std::move(changed)).ok());
  }
  // A call that the component keeps waiting.
  std::uint64_t begin() {
    const std::uint64_t id = get("/api/v1/stream");
    ++forwarded_;
    EXPECT_TRUE(until([&] { return ledger->events("exchange.forwarded").size() == forwarded_; }));
    return id;
  }

 private:
  std::size_t forwarded_ = 0;
};

TEST_F(LimitsScene, TooManyAtATimeAreOverloadAndTheComponentSeesNothingOfIt) {
  configure([](Settings& settings) { settings.admission.exchanges = 1; });
  const std::uint64_t first = begin();
  const std::uint64_t second = get("/api/v1/query");
  EXPECT_EQ(code(second), "overloaded");
  EXPECT_EQ(status(second), 503);
  EXPECT_EQ(field(second, "retry-after"), "1");
  EXPECT_EQ(refused_event(second)["detail"]["code"], "overloaded");
  EXPECT_EQ(ledger->events("exchange.forwarded").size(), 1U);
  done(first, false);
  turn(10);
  begin();
}

TEST_F(LimitsScene, OneThatWasRefusedTakesNoPlace) {
  configure([](Settings& settings) { settings.admission.exchanges = 1; });
  const std::uint64_t first = begin();
  EXPECT_EQ(code(get("/api/v1/query")), "overloaded");  // and its client never reads
  done(first, false);
  turn(10);
  begin();
}

TEST_F(LimitsScene, ASessionsLimitNamesWhoseItWasAndIsRecordedOnce) {
  configure([](Settings& settings) { settings.admission.session.exchanges = 1; });
  begin();
  const std::uint64_t second = get("/api/v1/query"), third = get("/api/v1/query");
  EXPECT_EQ(code(second), "limit_reached");
  EXPECT_EQ(status(third), 429);
  EXPECT_EQ(field(third, "postern-event"), field(second, "postern-event"))
      << "the answer leads to the event that stands for it";
  const base::Json event = refused_event(second);
  EXPECT_EQ(event["actor"], "engineer:alice");
  EXPECT_EQ(event["session"], "s1");
  EXPECT_NE(event["detail"]["why"].get<std::string>().find("exchanges_per_session"), std::string::npos);
  turn(50);
  EXPECT_EQ(ledger->events("exchange.refused").size(), 1U);
}

TEST_F(LimitsScene, APaceSaysHowLongToWait) {
  configure([](Settings& settings) { settings.admission.session.requests = 1; });
  for (int i = 0; i < Admission::kBurstSeconds; ++i)
    EXPECT_EQ(code(get("/not/listed")), "operation_not_listed");
  const std::uint64_t id = get("/not/listed");
  EXPECT_EQ(code(id), "limit_reached");
  EXPECT_EQ(field(id, "retry-after"), "1");
}

TEST_F(LimitsScene, RefusedConnectionsAreCountedAndAWrongWordOfThemIsABreach) {
  bool breach = false;
  enforcer->on_breach([&](const std::string&) { breach = true; });
  send_message(Type::ConnectionsRefused, 0, ipc::ConnectionsRefused{true, 7, "192.0.2.9:1"});
  turn(10);
  EXPECT_FALSE(breach);
  send_message(Type::ConnectionsRefused, 0, ipc::ConnectionsRefused{true, 0, "192.0.2.9:1"});
  EXPECT_TRUE(until([&] { return breach; }));
}

class BudgetScene : public LimitsScene {
 protected:
  BudgetScene() {
    configure([](Settings& settings) { settings.tell_bytes = 1000; });
  }
  void reach(const char* type) { change(event(type, {{"engineer", "alice"}}, "s1")), turn(10); }
};

TEST_F(BudgetScene, TheLedgerHearsOfBytesWhileTheyComeAndNotTwice) {
  const std::uint64_t id = begin();
  ASSERT_TRUE(accept());
  say("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 5000\r\n\r\n" +
      std::string(3000, 'x'));
  ASSERT_TRUE(until([&] { return !ledger->receiving.empty() && ledger->receiving.back() == 3000; }));
  say(std::string(2000, 'x'));
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
  done(id);
  completed_event(0);
  EXPECT_EQ(ledger->receiving.back(), 0U) << "from now on its event counts";
}

TEST_F(BudgetScene, ALedgerThatWasRestartedIsToldAgain) {
  begin();
  ASSERT_TRUE(accept());
  say("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 5000\r\n\r\n" +
      std::string(3000, 'x'));
  ASSERT_TRUE(until([&] { return !ledger->receiving.empty() && ledger->receiving.back() == 3000; }));
  ledger.reset();
  turn(10);
  join_ledger();
  tell_state();
  EXPECT_TRUE(until([&] { return ledger->receiving == std::vector<std::uint64_t>{3000}; }));
}

TEST_F(BudgetScene, HeldEachFurtherCallWaitsUntilAnAdminLetsThemPass) {
  reach("session.budget_held");
  const std::uint64_t id = get("/api/v1/query");
  ASSERT_TRUE(until([&] { return ledger->commands.size() == 1; }));
  const base::Json order = *base::parse_json(ledger->commands[0].second);
  EXPECT_EQ(order["command"], "hold.create");
  EXPECT_EQ(order["because"], "budget");
  ledger->reply(ledger->commands[0].first, true, R"({"id":"H1"})");
  turn(10);
  change(event(
      "hold.passed",
      {{"hold", "H1"}, {"operation", "GET /api/v1/query"}, {"because", "budget"}, {"for_session", true}},
      "s1"));
  ASSERT_TRUE(until([&] { return ledger->events("exchange.forwarded").size() == 1; }));
  EXPECT_FALSE(has(Type::ResponseHead, id));
  get("/api/v1/stream");
  EXPECT_TRUE(until([&] { return ledger->events("exchange.forwarded").size() == 2; }))
      << "another operation too";
}

TEST_F(BudgetScene, CutEndsWhatRunsAndRefusesAllThatFollows) {
  const std::uint64_t id = begin();
  ASSERT_TRUE(accept());
  say("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 5000\r\n\r\nx");
  ASSERT_TRUE(until([&] { return has(Type::ResponseBody, id); }));
  reach("session.budget_cut");
  ASSERT_TRUE(until([&] { return has(Type::Cut, id); }));
  done(id, false);
  const base::Json end = completed_event(0);
  EXPECT_EQ(end["outcome"], "cut");
  EXPECT_EQ(end["detail"]["cut_reason"], "budget_spent");
  EXPECT_EQ(code(get("/api/v1/query")), "budget_spent");
  EXPECT_EQ(status(get("/.postern/api/session")), 200) << "what is ours still answers";
}

}  // namespace
}  // namespace postern::enforcer
