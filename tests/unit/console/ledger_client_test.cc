// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/console/rig.h"

namespace postern::console {
namespace {

class LedgerClientTest : public Rig {};

TEST_F(LedgerClientTest, FoldsChangesIntoTheState) {
  connect_ledger();
  fake.send_change(
      R"({"v":1,"id":"01JD7Z3V5T4Q2N8M6K0H1F9C3B","time":"2026-03-01T08:09:10.123456Z","type":"permission.changed","severity":"info","actor":"admin:root","detail":{"what":"remote_access","old":"off","new":"all"}})");
  ASSERT_TRUE(turn_until([&] { return ledger.state().remote_access_mode() == state::RemoteAccess::All; }));
  EXPECT_EQ(ledger.state().remote_access_toggle().by, "admin:root");
}

TEST_F(LedgerClientTest, SaysWhenThePolicyWasPutInForceAndNotWhenItHeardOfIt) {
  connect_ledger();
  EXPECT_FALSE(ledger.policy_loaded().has_value()) << "the text came, its event did not";
  fake.send_change(
      R"({"v":1,"id":"01JD7Z3V5T4Q2N8M6K0H1F9C3B","time":"2026-03-01T08:09:10.123456Z","type":"policy.changed","severity":"info","actor":"gateway","detail":{"new":")" +
      ledger.policy()->hash() + R"("}})");
  ASSERT_TRUE(turn_until([&] { return ledger.policy_loaded().has_value(); }));
  EXPECT_EQ(base::format_time(*ledger.policy_loaded()), "2026-03-01T08:09:10.123456Z");
}

TEST_F(LedgerClientTest, SendsAgainWhatWasNotDurableToTheNextLedger) {
  connect_ledger();
  for (const char* name : {"one", "two", "three"}) {
    ASSERT_TRUE(ledger.note({audit::EventType::LogRead, std::string("admin:") + name, {}, {}, {}}));
  }
  ASSERT_TRUE(turn_until([&] { return fake.lines.size() == 3; }));
  fake.send_acked(2);
  ASSERT_TRUE(turn_until([&] { return ledger.unacked() == 1; }));
  const std::string third = fake.lines[2];
  fake.lines.clear();
  connect_ledger();
  ASSERT_TRUE(turn_until([&] { return fake.lines.size() == 1; }));
  EXPECT_EQ(fake.lines[0], third);
  fake.send_acked(1);
  EXPECT_TRUE(turn_until([&] { return ledger.unacked() == 0; }));
}

TEST_F(LedgerClientTest, AnswersCommandsThatTheLedgerTookAwayWithIt) {
  connect_ledger();
  int status = 0;
  ledger.command({{"command", "x"}}, [&](const LedgerClient::Answer& answer) { status = answer.status; });
  EXPECT_EQ(status, 0);
  ASSERT_TRUE(turn_until([&] { return fake.commands.size() == 1; }));
  fake.close();
  ASSERT_TRUE(turn_until([&] { return status != 0; }));
  EXPECT_EQ(status, 503);
  EXPECT_FALSE(ledger.up());
}

TEST_F(LedgerClientTest, ClosesTheChannelOfALedgerThatSpeaksNonsense) {
  connect_ledger();
  fake.send_raw(99, "?");
  EXPECT_TRUE(turn_until([&] { return !ledger.up(); }));
  connect_ledger();
  fake.send_acked(7);  // of nothing
  EXPECT_TRUE(turn_until([&] { return !ledger.up(); }));
}

TEST_F(LedgerClientTest, RefusesMoreEventsThanItCanKeep) {
  for (std::size_t i = 0; i < LedgerClient::kMostUnacked; ++i) {
    ASSERT_TRUE(ledger.note({audit::EventType::LogRead, "admin:root", {}, {}, {}}));
  }
  EXPECT_FALSE(ledger.note({audit::EventType::LogRead, "admin:root", {}, {}, {}}));
}

}  // namespace
}  // namespace postern::console
