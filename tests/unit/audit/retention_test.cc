// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A log with entries removed: what is covered by its event, and what is not.
#include "audit/retention.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "audit/index.h"
#include "audit/tlog_proof.h"
#include "audit/verify.h"
#include "base/file.h"
#include "tests/unit/audit/dying_files.h"
#include "tests/unit/audit/made_log.h"
#include "tests/unit/audit/memory_files.h"
#include "tests/unit/audit/temporary_folder.h"

namespace postern::audit {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string retention_event(std::uint64_t number, std::uint64_t first_kept) {
  return sample(EventType::LogRetention, number, {},
                R"({"first_kept":)" + std::to_string(first_kept) + R"(,"state_sha256":"ab"})", "gateway");
}

// 600 events, of which an event says that 512 may go, under two keys.
class RemovedLog : public ::testing::Test {
 protected:
  RemovedLog() {
    EXPECT_TRUE(log->append(300).ok() && log->publish().ok());
    EXPECT_TRUE(log->hand_over(MadeLog::second_key()).ok());
    EXPECT_TRUE(log->append(300).ok());
    EXPECT_TRUE(log->journal->append(retention_event(600, 512)).ok());
    EXPECT_TRUE(log->append(20).ok() && log->publish().ok());
  }
  VerifyReport verify() const { return verify_log({log->log(), certs::verifier_of(MadeLog::key()), {}}); }
  std::string first_fault() const {
    const VerifyReport report = verify();
    return report.ok() ? "none"
                       : report.faults[0].file.substr(log->log().size()) + ": " + report.faults[0].what;
  }
  std::size_t remove(std::size_t at_most = 100) const {
    return *remove_bundles(system_files(), log->log(), 512, at_most);
  }
  TemporaryFolder folder;
  std::unique_ptr<MadeLog> log = *MadeLog::open(system_files(), folder.path());
};

TEST_F(RemovedLog, IsWholeAtEachStepAndSaysWhatIsMissing) {
  EXPECT_TRUE(verify().removed.empty());
  EXPECT_FALSE(verify().retention);
  EXPECT_EQ(remove(1), 1U);
  EXPECT_EQ(verify().removed, (std::vector<RemovedEntries>{{0, 256}}));
  EXPECT_EQ(remove(), 1U);
  EXPECT_EQ(remove(), 0U);
  const VerifyReport report = verify();
  EXPECT_EQ(first_fault(), "none");
  EXPECT_EQ(report.removed, (std::vector<RemovedEntries>{{0, 512}}));
  EXPECT_EQ(report.retention->index, 600U);
  EXPECT_EQ(report.entries, 621U - 512);
  EXPECT_EQ(report.handovers.size(), 1U);
}

TEST_F(RemovedLog, MissesWhatNoEventCovers) {
  remove();
  fs::remove_all(log->log() + "/tile/entries/002.p");
  EXPECT_THAT(first_fault(), HasSubstr("is missing"));
  EXPECT_THAT(verify().faults.size(), 3U) << "and with it the event that covered the others";
}

TEST(LogWithoutRetention, MissesEveryBundle) {
  const TemporaryFolder folder;
  const auto log = *MadeLog::open(system_files(), folder.path());
  ASSERT_TRUE(log->append(600).ok() && log->journal->append(retention_event(600, 256)).ok());
  ASSERT_TRUE(log->append(10).ok() && log->publish().ok());
  fs::remove(log->log() + "/tile/entries/000");
  fs::remove(log->log() + "/tile/entries/001");
  const VerifyReport report = verify_log({log->log(), certs::verifier_of(MadeLog::key()), {}});
  ASSERT_EQ(report.faults.size(), 1U);
  EXPECT_EQ(report.faults[0].file, log->log() + "/tile/entries/001");
  EXPECT_EQ(report.faults[0].index, 256U);
  EXPECT_EQ(report.removed, (std::vector<RemovedEntries>{{0, 256}}));
}

TEST_F(RemovedLog, StillNamesTheFileOfEveryByteThatWasChanged) {
  remove();
  for (const auto& entry : fs::recursive_directory_iterator(log->log())) {
    if (!entry.is_regular_file()) continue;
    const std::string path = entry.path().string();
    const std::string good = *base::read_file(path, 1U << 20U);
    for (std::size_t i = 0; i < good.size(); i += 1 + good.size() / 150) {
      std::string bad = good;
      bad[i] ^= static_cast<char>(1 << (i % 8));
      std::ofstream(path, std::ios::binary) << bad;
      const VerifyReport report = verify();
      ASSERT_FALSE(report.ok()) << "byte " << i << " of " << path;
      // A key's id that is changed in a handover breaks the chain, which is found at the checkpoint.
      const bool named = std::any_of(report.faults.begin(), report.faults.end(),
                                     [&](const LogFault& fault) { return fault.file == path; });
      ASSERT_TRUE(named || path.find("handover") != std::string::npos) << i << path;
    }
    std::ofstream(path, std::ios::binary) << good;
  }
  EXPECT_EQ(first_fault(), "none");
}

TEST_F(RemovedLog, ProvesWhatIsLeftAndSaysWhyNotTheRest) {
  remove();
  EXPECT_TRUE(prove_event(system_files(), log->log(), 512).ok());
  const auto gone = prove_event(system_files(), log->log(), 300);
  EXPECT_THAT(gone.error().message, HasSubstr("event 300 was removed by retention on 2026-03-01T"));
  EXPECT_THAT(gone.error().message, HasSubstr("as event 600 says; the first that is kept is 512"));
}

TEST(RemovingBundles, GoesOnAfterADeathAtEveryOperationAndCrossesFolders) {
  for (std::uint64_t operations = 0;; ++operations) {
    const TemporaryFolder folder;
    Dying dying(system_files());
    const std::string log = folder.path() + "/";
    for (const std::uint64_t number : {0, 1, 7, 999, 1000, 1001, 2500}) {
      const fs::path path = log + path_of(entry_bundle(number));
      fs::create_directories(path.parent_path());
      std::ofstream(path) << "x";
    }
    dying.left = operations;
    const auto died = remove_bundles(dying, folder.path(), 1001 * kTileWidth, 100);
    if (!died.ok()) {
      while (*remove_bundles(system_files(), folder.path(), 1001 * kTileWidth, 2) > 0) continue;
    }
    std::vector<std::string> left;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
      if (entry.is_regular_file()) left.push_back(entry.path().string().substr(log.size()));
    }
    std::sort(left.begin(), left.end());
    ASSERT_EQ(left, (std::vector<std::string>{"tile/entries/x001/001", "tile/entries/x002/500"}));
    if (died.ok()) break;
  }
}

TEST(RetentionPlan, CutsBehindTheOldestWholeBundlesOnly) {
  MemoryFiles files;
  const auto log = *MadeLog::open(files, "d");
  ASSERT_TRUE(log->append(1'000).ok());
  const auto cut = [&](base::Micros before, std::uint64_t upto = 1'000) {
    return plan_retention(*log->reader, {0, upto, before})->first_kept;
  };
  EXPECT_EQ(cut(kNoon), 0U);
  EXPECT_EQ(cut(kNoon + 255'000), 0U) << "event 255 is young";
  EXPECT_EQ(cut(kNoon + 256'000), 256U);
  EXPECT_EQ(cut(kNoon + kMostAtOnce), 768U);
  EXPECT_EQ(cut(kNoon + kMostAtOnce, 600), 512U) << "what no checkpoint covers stays";
  const auto needed = plan_retention(
      *log->reader,
      {0, 1'000, kNoon + kMostAtOnce, [](const EventFields& event) { return event.id == sample_id(300); }});
  EXPECT_EQ(needed->first_kept, 256U);
}

TEST(RetentionPlan, TakesAMonthAtOnceAndStopsAtTheFirstYoungEventInTheLogsOwnOrder) {
  MemoryFiles files;
  const auto log = *MadeLog::open(files, "d");
  EventHead head;
  std::uint64_t number = 0;
  const auto append = [&](base::Micros at, int count) {
    for (int i = 0; i < count; ++i) {
      const std::string id = sample_id(++number);
      head.id = id;
      head.time = at;
      head.type = EventType::GatewayStarted;
      std::string line;
      write_event(line, head, {});
      ASSERT_TRUE(log->journal->append(line).ok());
    }
  };
  append(kNoon, 512);
  append(kNoon + kMostAtOnce + 1, 512);  // a month later
  append(kNoon, 512);                    // the clock was put back
  ASSERT_TRUE(log->journal->write_and_sync().ok());
  EXPECT_EQ(plan_retention(*log->reader, {0, 1'536, kNoon + 10 * kMostAtOnce})->first_kept, 512U);
  EXPECT_EQ(plan_retention(*log->reader, {512, 1'536, kNoon + kMostAtOnce})->first_kept, 512U);
  EXPECT_EQ(plan_retention(*log->reader, {512, 1'536, kNoon + 10 * kMostAtOnce})->first_kept, 1'536U);
}

TEST(ShortenedJournal, IsOpenedReadAndGoneOnWith) {
  MemoryFiles files;
  std::uint64_t first = 0;
  {
    const auto log = *MadeLog::open(files, "d");
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(log->append(300).ok() && log->publish().ok());
      log->journal->begin_segment();
    }
    ASSERT_TRUE(log->append(10).ok() && log->publish().ok());
    EXPECT_EQ(*remove_segments(files, "d/journal", 512, 100), 1U) << "the second holds 512 and stays";
    EXPECT_EQ(*remove_segments(files, "d/journal", 512, 100), 0U);
    ASSERT_TRUE(log->reader->refresh().ok());
    first = log->reader->first();
    EXPECT_EQ(first, 300U);
    EXPECT_EQ(log->reader->read_one(299).error().code, base::Code::NotFound);
    EXPECT_EQ(*log->reader->read_one(300), MadeLog::line(300));
  }
  EXPECT_THAT(Journal::open(files, "d/journal").error().message,
              HasSubstr("the segment with event 0 is missing"));
  EXPECT_FALSE(Journal::open(files, "d/journal", {.may_begin_at = 256}).ok());
  const auto journal = *Journal::open(files, "d/journal", {.may_begin_at = 512});
  EXPECT_EQ(journal->size(), 910U);
  const auto reader = *JournalReader::open(files, "d/journal");
  const auto agreement = *Agreement::open(files, "d/log", 512);
  for (std::uint64_t i = 512; i < reader->size(); ++i) agreement->take(*reader->read_one(i));
  EXPECT_TRUE(agreement->finish("d/journal").ok());
  files.bytes("d/log/tile/1/000.p/3")[5] ^= 1;
  const auto doubtful = *Agreement::open(files, "d/log", 512);
  for (std::uint64_t i = 512; i < reader->size(); ++i) doubtful->take(*reader->read_one(i));
  EXPECT_FALSE(doubtful->finish("d/journal").ok()) << "the tiles are proved by the checkpoint";
}

TEST(TrimmedIndex, ForgetsWhatIsBeforeAndGoesOn) {
  const TemporaryFolder folder;
  const auto log = *MadeLog::open(system_files(), folder.path());
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(log->append(300).ok());
    log->journal->begin_segment();
  }
  ASSERT_TRUE(log->append(10).ok());
  const auto index = *Index::open(folder.path() + "/index/index.db");
  ASSERT_EQ(*index->catch_up(*log->reader), 610U);
  ASSERT_TRUE(index->trim(512).ok());
  EventFilter all;
  all.limit = kQueryLimit;
  all.oldest_first = true;
  EXPECT_EQ(index->events(all)->front(), 512U);
  EXPECT_EQ(index->events(all)->size(), 98U);
  ASSERT_EQ(*remove_segments(system_files(), folder.path() + "/journal", 512, 10), 1U);
  ASSERT_TRUE(log->append(5).ok());
  EXPECT_EQ(*index->catch_up(*log->reader), 5U);
  ASSERT_TRUE(index->rebuild(*log->reader).ok());
  EXPECT_EQ(index->events(all)->front(), 512U) << "the first whole block of what is there";
  EXPECT_EQ(index->next_index(), 615U);
}

}  // namespace
}  // namespace postern::audit
