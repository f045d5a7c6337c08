// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// No record, no access: what the ledger does when the disk does not take the log.
#include <gmock/gmock.h>

#include <filesystem>

#include "audit/record.h"
#include "tests/unit/ledger/house.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using ::testing::HasSubstr;

class FailingDisk : public House {
 protected:
  void fail() {
    files.full = true;
    enforcer->append(line(EventType::ExchangeCompleted));
    until([this] { return !enforcer->writable && !console->writable && !supervisor->writable; });
  }
  void recover() {
    files.full = false;
    files.syncs_fail = false;
    until([this] { return enforcer->writable; });
  }
};

TEST_F(FailingDisk, EveryoneIsToldAndToldWhenItWorksAgain) {
  fail();
  EXPECT_THAT(enforcer->why, HasSubstr("no space left"));
  const std::uint64_t acked = enforcer->acked;
  recover();
  until([&] { return enforcer->acked == acked + 1; });
  until([&] { return logged("log.recovered").size() == 1; });
  EXPECT_EQ(logged("log.unavailable").size(), 1u);
  EXPECT_EQ(logged("exchange.completed").size(), 1u) << "what was kept meanwhile is written";
}

TEST_F(FailingDisk, AFailingSyncCountsAsAFullDisk) {
  files.syncs_fail = true;
  enforcer->append(line(EventType::ExchangeCompleted));
  until([this] { return !enforcer->writable; });
  EXPECT_EQ(enforcer->acked, 0u);
  recover();
  until([this] { return enforcer->acked == 1; });
}

TEST_F(FailingDisk, NothingIsGivenMeanwhile) {
  const std::string pass = pass_for("alice");
  remote_access("read-only");
  fail();
  const auto refused = answer(*console, by_admin({{"command", "remote_access.set"}, {"mode", "all"}}));
  EXPECT_EQ(refused.json["code"], "log_unavailable");
  const auto sign_in_refused = answer(*enforcer, sign_in(pass));
  EXPECT_EQ(sign_in_refused.json["code"], "log_unavailable");
  EXPECT_EQ(sign_in_refused.event, "") << "nobody knows whether it will ever be in the log";
  recover();
  EXPECT_TRUE(answer(*enforcer, sign_in(pass)).ok) << "the pass was not used up";
}

TEST_F(FailingDisk, TakingAwayWorksAndIsRecordedLater) {
  visit("alice");
  fail();
  const auto off = remote_access("off");
  EXPECT_EQ(off["recorded"], false);
  EXPECT_EQ(enforcer->state.remote_access(clock.wall()), state::RemoteAccess::Off);
  EXPECT_TRUE(enforcer->state.sessions().empty());
  recover();
  until([this] { return logged("session.ended").size() == 1; });
  EXPECT_EQ(logged("permission.changed").size(), 2u);
}

TEST_F(FailingDisk, ASignInThatIsNotDurableOpensNothing) {
  remote_access("all");
  const std::string pass = pass_for("alice");
  files.hold_syncs(true);
  const std::uint64_t id = enforcer->command(sign_in(pass));
  until([this] { return ledger->state().sessions().size() == 1; });
  EXPECT_TRUE(enforcer->state.sessions().empty());
  files.syncs_fail = true;
  files.hold_syncs(false);
  until([&] { return enforcer->answers.count(id) > 0; });
  EXPECT_EQ(enforcer->answers[id].json["code"], "log_unavailable");
  EXPECT_TRUE(ledger->state().sessions().empty());
  recover();
  until([this] { return logged("session.ended").size() == 1; });
  EXPECT_THAT(logged("session.ended")[0], HasSubstr("\"reason\":\"error\""));
  EXPECT_TRUE(enforcer->state.sessions().empty());
}

TEST_F(FailingDisk, WhatDoesNotFitIntoMemoryIsCounted) {
  remote_access("all");
  fail();
  const std::string large(40'000, 'x');
  std::string event = line(EventType::ExchangeRefused);
  event.replace(event.find("\"detail\":{"), 10, "\"detail\":{\"why\":\"" + large + "\",");
  const std::size_t count = (Ledger::kMemory - Ledger::kOwnMemory) / large.size() + 10;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string id = ids.make(clock.wall());
    event.replace(event.find("\"id\":\"") + 6, id.size(), id);
    enforcer->append(event, ipc::AppendKind::Refused);
    until([this] { return enforcer->queued() < (1U << 20U); });
  }
  EXPECT_EQ(remote_access("off")["recorded"], false) << "what closes still has room";
  recover();
  until([this] { return logged("log.recovered").size() == 1; });
  EXPECT_THAT(logged("log.recovered")[0], ::testing::Not(HasSubstr("\"lost\":0")));
}

// A sync that takes long is no error: the door is open until an enforcer has as much waiting as it may.
TEST_F(FailingDisk, WhatHasNoRoomIsNeitherLostNorCalledDurable) {
  const auto filler = join(Sender::Enforcer, 1);
  files.hold_syncs(true);
  std::string large = line(EventType::ExchangeCompleted);
  large.replace(large.find("\"detail\":{"), 10, "\"detail\":{\"why\":\"" + std::string(40'000, 'x') + "\",");
  const std::size_t count = (Ledger::kMemory - Ledger::kOwnMemory) / large.size() + 50;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string id = ids.make(clock.wall());
    large.replace(large.find("\"id\":\"") + 6, id.size(), id);
    filler->append(large, ipc::AppendKind::Completed);
  }
  for (int i = 0; i < 5'000; ++i) loop.turn();
  EXPECT_GT(filler->queued(), 0u) << "it is not read any more";
  const std::uint64_t acked = enforcer->acked;
  enforcer->append(line(EventType::ExchangeForwarded), ipc::AppendKind::Forwarded);
  for (int i = 0; i < 100; ++i) loop.turn();
  EXPECT_TRUE(enforcer->writable);
  EXPECT_EQ(enforcer->acked, acked);
  files.hold_syncs(false);
  until([&] { return filler->acked == count && enforcer->acked == acked + 1; });
  EXPECT_EQ(logged("exchange.completed").size(), count);
  EXPECT_EQ(logged("exchange.forwarded").size(), 1u) << "what was called durable is in the log";
}

// Somebody brings the missing end of the journal back while the ledger is tried again: what it would write next would lie over it.
TEST_F(FailingDisk, AJournalThatIsPutRightWhileItIsReadIsNotOpened) {
  admin({{"command", "engineer.add"}, {"name", "alice"}});
  const std::vector<std::string> before = log();
  stop();
  const std::string journal = folder.path() + "/journal";
  const auto segments = audit::list_segments(files, journal);
  ASSERT_TRUE(segments.ok());
  const std::string segment = segments->back().path;
  const std::string aside = folder.path() + "/copy";
  std::filesystem::copy_file(segment, aside);
  const std::uint64_t last = before.back().size() + audit::kRecordHeaderSize;
  std::filesystem::resize_file(segment, std::filesystem::file_size(segment) - last);
  int looks = 0;  // the first is the journal's own
  files.listing = [&](const std::string& directory) {
    if (directory == journal && ++looks == 2)
      std::filesystem::copy_file(aside, segment, std::filesystem::copy_options::overwrite_existing);
  };
  LedgerOptions options;
  options.directory = folder.path();
  const auto opened = Ledger::open(loop, clock, files, std::move(options));
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().message, HasSubstr("changed while it was read"));
  files.listing = nullptr;
  start();
  ASSERT_GT(log().size(), before.size());
  EXPECT_EQ(log()[before.size() - 1], before.back());
}

}  // namespace
}  // namespace postern::ledger
