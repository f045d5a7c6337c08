// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One journal and its log live through hundreds of power cuts and illnesses of a disk: what was durable is there in each next
// life, byte for byte, and so is every checkpoint that was put in place.
#include "tests/bad_disk/bad_disk.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "audit/verify.h"
#include "base/file.h"
#include "tests/unit/audit/made_log.h"
#include "tests/unit/audit/temporary_folder.h"

namespace postern::bad_disk {
namespace {

using audit::MadeLog;

// POSTERN_SEED: the first life's, of others than these. POSTERN_LIVES: how many.
std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Known {
  std::vector<std::string> durable;  // lines
  std::uint64_t published = 0;
};

// What a disk lost. Without it the test would prove nothing.
struct Losses {
  std::uint64_t lines = 0, torn = 0, illnesses = 0;
};

class Life {
 public:
  Life(std::uint64_t seed, std::string directory, Known& known, Losses& losses)
      : random_(seed),
        directory_(std::move(directory)),
        disk_(audit::system_files(), {.seed = seed, .cut_one_in = 150, .ill_one_in = 40}, [] {}),
        known_(known),
        losses_(losses) {}

  void live() {
    auto log = MadeLog::open(disk_, directory_);
    if (!log.ok()) {
      ASSERT_NE(log.error().code, base::Code::Corrupt) << log.error().message;
      ++losses_.illnesses;
      return;  // and the power goes
    }
    log_ = std::move(*log);
    if (log_->journal->torn_tail().has_value()) ++losses_.torn;
    ASSERT_NO_FATAL_FAILURE(expect_all_there());
    while (!disk_.ended() && !HasFatalFailure()) go_on();
    losses_.lines += lines_.size() - known_.durable.size();
  }

 private:
  static bool HasFatalFailure() { return ::testing::Test::HasFatalFailure(); }

  void expect_all_there() {
    const auto size = log_->reader->size();
    ASSERT_GE(size, known_.durable.size());
    for (std::uint64_t i = 0; i < size; ++i) {
      const auto line = log_->reader->read_one(i);
      ASSERT_TRUE(line.ok()) << line.error().message;
      if (i < known_.durable.size()) {
        ASSERT_EQ(*line, known_.durable[i]) << "event " << i;
      }
      lines_.push_back(*line);
    }
    ASSERT_GE(log_->tiler->prepared(), known_.published) << "a published checkpoint is gone";
    if (known_.published == 0) return;
    const auto report =
        audit::verify_log({.directory = log_->log(), .key = certs::verifier_of(MadeLog::key()), .known = {}});
    for (const auto& fault : report.faults) ADD_FAILURE() << fault.file << ": " << fault.what;
    ASSERT_GE(report.entries, known_.published);
  }

  void go_on() {
    const auto what = random_() % 8;
    if (what < 5) {
      const std::string line = "{\"n\":" + std::to_string(lines_.size()) +
                               ",\"of\":" + std::to_string(random_()) + std::string(random_() % 900, ' ') +
                               "}";
      if (log_->journal->append(line).ok()) lines_.push_back(line);
      return;
    }
    if (what < 7) {
      if (!log_->journal->write_and_sync().ok()) ++losses_.illnesses;
      known_.durable.assign(lines_.begin(), lines_.begin() + static_cast<long>(log_->journal->durable()));
      return;
    }
    const auto head = log_->tiler->prepare(*log_->reader, log_->journal->durable());
    if (!head.ok()) {
      EXPECT_NE(head.error().code, base::Code::Corrupt) << head.error().message;
      return;
    }
    const auto note = MadeLog::signed_note({MadeLog::key().name, head->size, head->root});
    if (log_->tiler->publish(note).ok()) known_.published = head->size;
  }

  std::mt19937_64 random_;
  std::string directory_;
  BadDisk disk_;
  std::unique_ptr<MadeLog> log_;
  std::vector<std::string> lines_;
  Known& known_;
  Losses& losses_;
};

TEST(BadDisk, TakesNothingThatWasDurable) {
  const audit::TemporaryFolder folder;
  Known known;
  Losses losses;
  const std::uint64_t first = number_of("POSTERN_SEED", 1), lives = number_of("POSTERN_LIVES", 80);
  for (std::uint64_t seed = first; seed < first + lives; ++seed) {
    Life(seed, folder.path() + "/state", known, losses).live();
    ASSERT_FALSE(HasFailure()) << "in the life of seed " << seed;
  }
  EXPECT_GT(known.durable.size(), 1000U);
  EXPECT_GT(known.published, 500U);
  EXPECT_GT(losses.lines, 50U) << "the power never took anything";
  EXPECT_GT(losses.torn, 5U) << "nothing was torn";
  EXPECT_GT(losses.illnesses, 5U);
}

// The other side of the promise: it is a bad disk.
TEST(BadDisk, LosesWhatWasNotSynced) {
  const audit::TemporaryFolder folder;
  std::uint64_t lost = 0, cut = 0, undone = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    BadDisk disk(audit::system_files(), {.seed = seed}, [] {});
    const std::string path = folder.path() + "/" + std::to_string(seed);
    const auto file = disk.create(path);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->write_at(0, std::string(1024, 's')).ok());
    ASSERT_TRUE((*file)->sync().ok());
    ASSERT_TRUE((*file)->write_at(1024, std::string(4096, 'w')).ok());
    disk.cut_power();
    EXPECT_FALSE((*file)->write_at(0, "x").ok());
    const auto bytes = base::read_file(path, 1U << 20U);
    if (!bytes.ok()) {
      ++undone;
      continue;
    }
    ASSERT_EQ(bytes->substr(0, 1024), std::string(1024, 's')) << "what was synced stays";
    if (bytes->size() < 5120) ++cut;
    if (bytes->find('\0') != std::string::npos) ++lost;
  }
  EXPECT_GT(lost, 5U);
  EXPECT_GT(cut, 5U);
  EXPECT_GT(undone, 5U);
}

}  // namespace
}  // namespace postern::bad_disk
