// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/tiler.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/audit/dying_files.h"
#include "tests/unit/audit/made_log.h"
#include "tests/unit/audit/memory_files.h"

namespace postern::audit {
namespace {

using base::Code;

// What a log of so many events consists of, made in one go: path -> bytes.
std::map<std::string, std::string> files_of(std::uint64_t events) {
  MemoryFiles files;
  const auto log = *MadeLog::open(files, "d");
  EXPECT_TRUE(log->append(events).ok() && log->publish().ok());
  std::map<std::string, std::string> out;
  for (const auto& [path, node] : files.nodes) {
    if (path.starts_with("d/log/")) out[path] = node->cached;
  }
  return out;
}

// Every file that a log of so many events must have is there, with its bytes.
void expect_holds(MemoryFiles& files, std::uint64_t events) {
  for (const auto& [path, bytes] : files_of(events)) {
    ASSERT_EQ(files.nodes.count(path), 1U) << path;
    ASSERT_EQ(files.bytes(path), bytes) << path;
  }
}

TEST(Tiler, LaysTheFilesOutAsTheSpecificationDoes) {
  const auto files = files_of(600);
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : files) paths.push_back(path);
  EXPECT_EQ(paths, (std::vector<std::string>{"d/log/checkpoint", "d/log/tile/0/000", "d/log/tile/0/001",
                                             "d/log/tile/0/002.p/88", "d/log/tile/1/000.p/2",
                                             "d/log/tile/entries/000", "d/log/tile/entries/001",
                                             "d/log/tile/entries/002.p/88"}));
  EXPECT_EQ(files.at("d/log/tile/0/000").size(), 8192U);
  EXPECT_EQ(files.at("d/log/tile/1/000.p/2").size(), 64U);
  EXPECT_EQ((*parse_bundle(files.at("d/log/tile/entries/002.p/88"), 88))[87], MadeLog::line(599));
}

TEST(Tiler, MakesTheSameFilesInAnyNumberOfSteps) {
  for (const std::uint64_t step : {1, 7, 100, 255, 256, 257, 513}) {
    MemoryFiles files;
    const auto log = *MadeLog::open(files, "d");
    std::uint64_t size = 0;
    for (; size < 600; size += step) ASSERT_TRUE(log->append(step).ok() && log->publish().ok());
    expect_holds(files, size);
  }
}

// Of 3,000 events at most 2,048 are held, and of the first 100 none: what is not, it reads.
TEST(Tiler, MakesTheSameFilesOfWhatIsFresh) {
  for (const std::uint64_t step : {1, 255, 256, 700, 2900}) {
    MemoryFiles files;
    const auto log = *MadeLog::open(files, "d");
    ASSERT_TRUE(log->append(100).ok());
    log->fresh.emplace(2 * FreshLines::kChunk);
    while (log->journal->size() < 3000) {
      const std::uint64_t left = 3000 - log->journal->size();
      ASSERT_TRUE(log->append(std::min(step, left)).ok());
      if (step == 1 && left % 10 != 1) continue;
      ASSERT_TRUE(log->publish().ok());
    }
    expect_holds(files, 3000);
  }
}

TEST(Tiler, DoesNotReadBackWhatIsFresh) {
  MemoryFiles files;
  const auto log = *MadeLog::open(files, "d");
  log->fresh.emplace(2 * FreshLines::kChunk);
  ASSERT_TRUE(log->append(300).ok());
  for (const auto& [path, node] : files.nodes) {
    if (path.ends_with(".journal")) node->cached.assign(node->cached.size(), 'x');
  }
  EXPECT_TRUE(log->publish().ok());
  expect_holds(files, 300);
  // Without it there is nothing to go on with.
  log->fresh.reset();
  ASSERT_TRUE(log->append(1).ok());
  EXPECT_TRUE(log->publish().ok());
  EXPECT_EQ(log->tiler->prepared(), 300U);
}

TEST(Tiler, RemovesWhatWasPartialWhenTheFullTileIsThere) {
  MemoryFiles files;
  const auto log = *MadeLog::open(files, "d");
  for (int i = 0; i < 52; ++i) ASSERT_TRUE(log->append(5).ok() && log->publish().ok());
  for (const auto& [path, node] : files.nodes) {
    EXPECT_EQ(path.find("tile/0/000.p/"), std::string::npos) << path;
    EXPECT_EQ(path.find("tile/entries/000.p/"), std::string::npos) << path;
  }
  EXPECT_EQ(files.nodes.count("d/log/tile/0/001.p/4"), 1U);
}

TEST(Tiler, GoesOnAfterARestart) {
  MemoryFiles files;
  for (int run = 0; run < 5; ++run) {
    const auto log = MadeLog::open(files, "d");
    ASSERT_TRUE(log.ok()) << log.error().message;
    ASSERT_TRUE((*log)->append(130).ok() && (*log)->publish().ok());
  }
  expect_holds(files, 650);
}

void expect_recovery(MemoryFiles& files, const char* when, std::uint64_t operations) {
  const auto log = MadeLog::open(files, "d");
  ASSERT_TRUE(log.ok()) << when << operations << log.error().message;
  ASSERT_EQ((*log)->journal->size(), 790U);
  const base::Status published = (*log)->publish();
  ASSERT_TRUE(published.ok()) << when << operations << published.error().message;
  ASSERT_NO_FATAL_FAILURE(expect_holds(files, 790)) << when << operations;
}

TEST(Tiler, RecoversAfterADeathAtEveryOperation) {
  for (std::uint64_t operations = 0;; ++operations) {
    MemoryFiles files;
    Dying dying(files);
    {
      const auto log = *MadeLog::open(dying, "d");
      ASSERT_TRUE(log->append(250).ok() && log->publish().ok() && log->append(540).ok());
      dying.left = operations;
      if (log->publish().ok()) break;
    }
    if (operations % 2 == 0) files.cut_power(operations % 3 == 0 ? 11 : 0);
    ASSERT_NO_FATAL_FAILURE(expect_recovery(files, "after ", operations));
  }
}

TEST(Tiler, TriesAgainAfterAFullDisk) {
  MemoryFiles files;
  const auto log = *MadeLog::open(files, "d");
  ASSERT_TRUE(log->append(700).ok());
  files.space = 0;
  for (const auto& [path, node] : files.nodes) files.space += node->cached.size();
  files.space += 9'000;
  EXPECT_EQ(log->publish().error().code, Code::Unavailable);
  files.space = UINT64_MAX;
  ASSERT_TRUE(log->publish().ok());
  expect_holds(files, 700);
}

TEST(Tiler, OverwritesNothingThatItDidNotWrite) {
  MemoryFiles files;
  const auto log = *MadeLog::open(files, "d");
  ASSERT_TRUE(log->append(300).ok());
  ASSERT_TRUE(files.create("d/log/tile/entries/000").ok());
  files.bytes("d/log/tile/entries/000") = std::string(100'000, 'x');
  const auto published = log->publish();
  EXPECT_EQ(published.error().code, Code::Corrupt);
  EXPECT_NE(published.error().message.find("d/log/tile/entries/000"), std::string::npos);
  EXPECT_EQ(files.bytes("d/log/tile/entries/000"), std::string(100'000, 'x'));
  // What a file system may leave of a write that the power ended.
  files.bytes("d/log/tile/entries/000") =
      std::string(files_of(300).at("d/log/tile/entries/000").size(), '\0');
  EXPECT_TRUE(log->publish().ok());
  expect_holds(files, 300);
}

TEST(Agreement, FindsAJournalThatWasRolledBack) {
  MemoryFiles files;
  std::map<std::string, std::string> old_journal;
  {
    const auto log = *MadeLog::open(files, "d");
    ASSERT_TRUE(log->append(50).ok() && log->publish().ok());
    for (const auto& [path, node] : files.nodes) {
      if (path.starts_with("d/journal/")) old_journal[path] = node->cached;
    }
    ASSERT_TRUE(log->append(50).ok() && log->publish().ok());
  }
  for (const auto& [path, bytes] : old_journal) files.bytes(path) = bytes;
  const auto opened = MadeLog::open(files, "d");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::Corrupt);
  EXPECT_EQ(
      opened.error().message,
      "d/log/checkpoint was signed over 100 events, but d/journal has 50: it is an old copy, or events are "
      "missing; restore the newest copy of d/journal, or move both folders aside to begin a new log");
}

TEST(Agreement, FindsAJournalThatWasRewritten) {
  MemoryFiles files, others;
  {
    const auto log = *MadeLog::open(files, "d");
    ASSERT_TRUE(log->append(100).ok() && log->publish().ok());
    const auto other = *MadeLog::open(others, "d");
    ASSERT_TRUE(other->journal->append(MadeLog::line(7)).ok());
    ASSERT_TRUE(other->append(120).ok());
  }
  for (const auto& [path, node] : others.nodes) {
    if (path.starts_with("d/journal/")) files.bytes(path) = node->cached;
  }
  const auto opened = MadeLog::open(files, "d");
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("are not those that d/log/checkpoint was signed over"),
            std::string::npos);
}

TEST(Agreement, RefusesAnEarlierLayoutAndADamagedCheckpoint) {
  MemoryFiles files;
  ASSERT_TRUE(files.create("d/log/00000001-0000000000000000.journal").ok());
  auto opened = MadeLog::open(files, "d");
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("move all *.journal there"), std::string::npos);
  files.nodes.erase("d/log/00000001-0000000000000000.journal");
  ASSERT_TRUE(files.create("d/log/checkpoint").ok());
  opened = MadeLog::open(files, "d");
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("d/log/checkpoint: is not a checkpoint"), std::string::npos);
}

}  // namespace
}  // namespace postern::audit
