// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// No report without a copy on the medium, whenever the power goes.
#include "gateway/ledger/sent_copies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/audit/memory_files.h"

namespace postern::ledger {
namespace {

using testing::HasSubstr;

struct SentCopiesScene : testing::Test {
  loop::Loop loop;
  audit::MemoryFiles files;
  std::optional<SentCopies> copies{std::in_place, loop, files, "state"};

  base::Status keep(const std::string& document) {
    std::optional<base::Status> kept;
    copies->keep(0, document, [&](const base::Status& status) {
      kept = status;
      loop.stop();
    });
    while (!kept) loop.run();
    return *kept;
  }
  void start_again() { copies.emplace(loop, files, "state"); }
  std::string current() { return files.bytes("state/sent/current.jsonl"); }
};

TEST_F(SentCopiesScene, AreThereAfterAPowerCut) {
  ASSERT_TRUE(keep(R"({"first":1})").ok());
  files.cut_power();
  ASSERT_EQ(files.nodes.count("state/sent/current.jsonl"), 1U) << "its name, too";
  EXPECT_THAT(current(), HasSubstr(R"("sent":{"first":1})"));
  start_again();
  ASSERT_TRUE(keep(R"({"second":2})").ok());
  files.cut_power();
  EXPECT_THAT(current(), HasSubstr(R"("sent":{"second":2})"));
}

TEST_F(SentCopiesScene, AreThereAfterAPowerCutWhenAnotherFileHasBegun) {
  const std::string half = '"' + std::string(kSentFile / 2, 'x') + '"';
  ASSERT_TRUE(keep(half).ok());
  ASSERT_TRUE(keep(half).ok());
  ASSERT_TRUE(keep("3").ok());
  files.cut_power();
  ASSERT_EQ(files.nodes.count("state/sent/current.jsonl"), 1U);
  ASSERT_EQ(files.nodes.count("state/sent/previous.jsonl"), 1U);
  EXPECT_THAT(current(), HasSubstr(R"("sent":3)"));
}

TEST_F(SentCopiesScene, AreNoneWhileTheirNamesAreNotOnTheMedium) {
  files.failing_syncs = 1;
  EXPECT_FALSE(keep("1").ok());
  EXPECT_EQ(current(), "") << "nothing was written yet";
  EXPECT_TRUE(keep("2").ok());
  files.cut_power();
  EXPECT_THAT(current(), HasSubstr(R"("sent":2)"));
}

}  // namespace
}  // namespace postern::ledger
