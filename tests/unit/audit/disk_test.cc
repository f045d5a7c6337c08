// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The real disk: the same behaviour as the one in memory, for what the journal needs of it.
#include <gtest/gtest.h>

#include <filesystem>

#include "audit/journal.h"
#include "audit/journal_reader.h"
#include "tests/unit/audit/temporary_folder.h"

namespace postern::audit {
namespace {

using base::Code;

TEST(SystemFiles, KeepAJournal) {
  const TemporaryFolder folder;
  const std::string directory = folder.path() + "/log";
  for (std::uint64_t run = 0; run < 3; ++run) {
    const auto journal = Journal::open(system_files(), directory, {100, 1U << 20U});
    ASSERT_TRUE(journal.ok()) << journal.error().message;
    EXPECT_EQ((*journal)->size(), run * 5);
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE((*journal)->append("a line of some length").ok());
      ASSERT_TRUE((*journal)->write_and_sync().ok());
    }
  }
  const auto reader = JournalReader::open(system_files(), directory);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->size(), 15U);
  EXPECT_EQ((*reader)->read(0, 100)->size(), 15U);
}

TEST(SystemFiles, GiveTheJournalToOneWriterOnly) {
  const TemporaryFolder folder;
  const std::string directory = folder.path() + "/log";
  auto first = Journal::open(system_files(), directory);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(Journal::open(system_files(), directory).error().code, Code::Exists);
  EXPECT_TRUE(JournalReader::open(system_files(), directory).ok());
  first->reset();
  EXPECT_TRUE(Journal::open(system_files(), directory).ok());
}

TEST(SystemFiles, SayWhatIsMissing) {
  const TemporaryFolder folder;
  EXPECT_EQ(JournalReader::open(system_files(), folder.path() + "/none").error().code, Code::NotFound);
  EXPECT_EQ(Journal::open(system_files(), folder.path() + "/none/log").error().code, Code::NotFound);
}

}  // namespace
}  // namespace postern::audit
