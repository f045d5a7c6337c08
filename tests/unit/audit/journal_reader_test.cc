// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/journal_reader.h"

#include <gtest/gtest.h>

#include "audit/journal.h"
#include "audit/record.h"
#include "tests/unit/audit/memory_files.h"

namespace postern::audit {
namespace {

using base::Code;

constexpr JournalOptions kSmallSegments{8000, 1U << 20U};

std::string numbered(std::uint64_t index) { return "event number " + std::to_string(index); }

struct ReadJournal {
  MemoryFiles files;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<JournalReader> reader;

  ReadJournal() {
    journal = *Journal::open(files, "log", kSmallSegments);
    reader = *JournalReader::open(files, "log");
  }
  void append(int count) {
    for (int i = 0; i < count; ++i) {
      EXPECT_TRUE(journal->append(numbered(journal->size())).ok());
      if (i % 10 != 0) continue;
      EXPECT_TRUE(journal->write().ok());
    }
    EXPECT_TRUE(journal->write().ok());
  }
};

TEST(JournalReader, FollowsTheWriterAcrossSegments) {
  ReadJournal f;
  for (int round = 0; round < 30; ++round) {
    f.append(100);
    ASSERT_TRUE(f.reader->refresh().ok());
    ASSERT_EQ(f.reader->size(), f.journal->written());
    const auto last = f.reader->read_one(f.reader->size() - 1);
    ASSERT_TRUE(last.ok());
    EXPECT_EQ(*last, numbered(f.journal->written() - 1));
  }
  EXPECT_GT(f.files.nodes.size(), 5U);
}

TEST(JournalReader, LooksAtSomeLinesInTheirOrder) {
  ReadJournal f;
  f.append(2000);
  ASSERT_TRUE(f.journal->write_and_sync().ok());
  const auto reader = *JournalReader::open(f.files, "log");
  for (const std::uint64_t stride : {1U, 3U, 64U, 700U}) {
    std::vector<std::uint64_t> asked, seen;
    for (std::uint64_t i = stride / 2; i < 2100; i += stride) asked.push_back(i);
    const base::Status looked = reader->look_at(asked, [&](std::uint64_t index, std::string_view line) {
      EXPECT_EQ(line, numbered(index));
      seen.push_back(index);
    });
    ASSERT_TRUE(looked.ok());
    std::erase_if(asked, [](std::uint64_t index) { return index >= 2000; });
    EXPECT_EQ(seen, asked) << stride;
  }
}

TEST(JournalReader, ReadsAnywhereInAnyOrder) {
  ReadJournal f;
  f.append(2000);
  ASSERT_TRUE(f.journal->write_and_sync().ok());
  const auto reader = *JournalReader::open(f.files, "log");
  ASSERT_EQ(reader->size(), 2000U);
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const std::uint64_t index = (i * 1237) % 2000;
    ASSERT_EQ(*reader->read_one(index), numbered(index));
  }
  for (std::uint64_t i = 2000; i > 0; --i) ASSERT_EQ(*reader->read_one(i - 1), numbered(i - 1));
  const auto all = reader->read(0, SIZE_MAX);
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 2000U);
  EXPECT_EQ(all->back(), numbered(1999));
}

TEST(JournalReader, SeesWholeRecordsOnly) {
  MemoryFiles files;
  std::string record;
  append_record(record, {0, 0, "whole"});
  const std::string path = "log/" + segment_name(1, 0);
  ASSERT_TRUE(files.create(path).ok());
  const auto reader = *JournalReader::open(files, "log");
  files.bytes(path) = encode_segment_header({1, 0, 0});
  for (std::size_t size = 0; size < record.size(); ++size) {
    files.bytes(path) = encode_segment_header({1, 0, 0}) + record.substr(0, size);
    ASSERT_TRUE(reader->refresh().ok());
    ASSERT_EQ(reader->size(), 0U) << size;
  }
  files.bytes(path) = encode_segment_header({1, 0, 0}) + record;
  ASSERT_TRUE(reader->refresh().ok());
  EXPECT_EQ(reader->size(), 1U);
  EXPECT_EQ(*reader->read_one(0), "whole");
}

TEST(JournalReader, FollowsAWriterThatDistrustsAFailedSync) {
  ReadJournal f;
  f.append(10);
  ASSERT_TRUE(f.journal->write_and_sync().ok());
  f.append(10);
  ASSERT_TRUE(f.reader->refresh().ok());
  EXPECT_EQ(f.reader->size(), 20U);
  f.files.failing_syncs = 1;
  ASSERT_FALSE(f.journal->write_and_sync().ok());
  f.append(10);
  ASSERT_TRUE(f.reader->refresh().ok());
  ASSERT_EQ(f.reader->size(), 30U);
  for (std::uint64_t i = 0; i < 30; ++i) EXPECT_EQ(*f.reader->read_one(i), numbered(i));
}

TEST(JournalReader, NamesFileAndOffsetOfDamage) {
  ReadJournal f;
  f.append(500);
  ASSERT_TRUE(f.reader->refresh().ok());
  const std::string first = f.files.nodes.begin()->first;
  f.files.bytes(first)[kSegmentHeaderSize + 30] ^= 1;
  const auto lines = (*JournalReader::open(f.files, "log"))->read(0, 10);
  ASSERT_FALSE(lines.ok());
  EXPECT_EQ(lines.error().code, Code::Corrupt);
  EXPECT_NE(lines.error().message.find(first), std::string::npos);
  EXPECT_NE(lines.error().message.find("offset 32"), std::string::npos) << lines.error().message;
}

TEST(JournalReader, SaysWhatIsNotThere) {
  ReadJournal f;
  EXPECT_EQ(f.reader->read_one(0).error().code, Code::NotFound);
  f.append(1);
  EXPECT_EQ(f.reader->read_one(0).error().code, Code::NotFound) << "not before refresh()";
  ASSERT_TRUE(f.reader->refresh().ok());
  EXPECT_TRUE(f.reader->read_one(0).ok());
}

TEST(JournalReader, ReturnsLargePagesInPieces) {
  MemoryFiles files;
  const auto journal = *Journal::open(files, "log", {64U << 20U, 64U << 20U});
  const std::string large(60'000, 'x');
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(journal->append(large).ok());
  ASSERT_TRUE(journal->write().ok());
  const auto reader = *JournalReader::open(files, "log");
  const auto lines = reader->read(0, SIZE_MAX);
  ASSERT_TRUE(lines.ok());
  EXPECT_LT(lines->size(), 200U);
  EXPECT_GE(lines->size() * large.size(), JournalReader::kReadBytes);
}

}  // namespace
}  // namespace postern::audit
