// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Vandalism: whatever is done to a log's files is found, and the file is named.
#include "audit/verify.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/audit/made_log.h"
#include "tests/unit/audit/temporary_folder.h"

namespace postern::audit {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(POSTERN_SOURCE_DIR) / "tests/golden/log-1";

std::string read_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write_bytes(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// A copy of a log that may be spoiled, and is whole again afterwards.
class Spoiled {
 public:
  explicit Spoiled(const fs::path& of, certs::VerifierKey key)
      : top_(folder_.path() + "/log"), key_(std::move(key)) {
    fs::copy(of, top_, fs::copy_options::recursive);
    for (const auto& entry : fs::recursive_directory_iterator(top_)) {
      if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), top_).string());
    }
    std::sort(names.begin(), names.end());
  }

  VerifyReport verify(unsigned threads = 1, std::optional<SignedCheckpoint> known = {}) const {
    return verify_log({top_.string(), key_, std::move(known), threads});
  }
  fs::path path(const std::string& name) const { return top_ / name; }
  std::string bytes(const std::string& name) const { return read_bytes(path(name)); }

  // The first fault that is found when the file has these bytes; it has its own again afterwards.
  std::optional<LogFault> with(const std::string& name, std::string_view bytes) const {
    const std::string own = read_bytes(path(name));
    write_bytes(path(name), bytes);
    const VerifyReport report = verify();
    write_bytes(path(name), own);
    if (report.ok()) return std::nullopt;
    return report.faults.front();
  }
  bool names_file(const std::optional<LogFault>& fault, const std::string& name) const {
    return fault && fault->file == path(name).string();
  }

  std::vector<std::string> names;  // of the files, below the log's folder

 private:
  TemporaryFolder folder_;
  fs::path top_;
  certs::VerifierKey key_;
};

certs::VerifierKey golden_key() {
  std::string text = read_bytes(kGolden / "key");
  text.pop_back();
  return *certs::parse_verifier_key(text);
}

class GoldenLog : public ::testing::Test {
 protected:
  Spoiled log{kGolden / "log", golden_key()};
};

TEST_F(GoldenLog, IsWhole) {
  const VerifyReport report = log.verify();
  EXPECT_TRUE(report.ok()) << report.faults.front().file << report.faults.front().what;
  EXPECT_EQ(report.entries, report.head.size);
  EXPECT_EQ(report.head.size, 260U);
  EXPECT_EQ(log.names.size(), 6U);
}

TEST_F(GoldenLog, IsMadeAgainByteForByteFromItsJournal) {
  const TemporaryFolder folder;
  fs::copy(kGolden / "journal", folder.path() + "/journal", fs::copy_options::recursive);
  const auto made = MadeLog::open(system_files(), folder.path());
  ASSERT_TRUE(made.ok()) << made.error().message;
  const auto head = (*made)->tiler->prepare(*(*made)->reader, (*made)->journal->durable());
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->root, log.verify().head.root);
  for (const std::string& name : log.names) {
    if (name == "checkpoint") continue;  // it was signed
    EXPECT_EQ(read_bytes(folder.path() + "/log/" + name), log.bytes(name)) << name;
  }
}

TEST_F(GoldenLog, NamesTheFileOfEverySingleByteThatWasChanged) {
  for (const std::string& name : log.names) {
    const std::string good = log.bytes(name);
    std::fstream file(log.path(name), std::ios::in | std::ios::out | std::ios::binary);
    const auto put = [&file](std::size_t at, char byte) {
      file.seekp(static_cast<std::streamoff>(at)).put(byte).flush();
    };
    for (std::size_t i = 0; i < good.size(); ++i) {
      put(i, static_cast<char>(good[i] ^ (1 << (i % 8))));
      const VerifyReport report = log.verify();
      ASSERT_FALSE(report.ok()) << "byte " << i << " of " << name << " was not found";
      ASSERT_EQ(report.faults.front().file, log.path(name).string()) << report.faults.front().what;
      put(i, good[i]);
    }
  }
}

TEST_F(GoldenLog, NamesTheEntryThatWasChanged) {
  std::string bundle = log.bytes("tile/entries/000");
  const std::size_t at = bundle.find(sample_id(77));
  ASSERT_NE(at, std::string::npos);
  bundle[at + 20] ^= 1;
  const auto fault = log.with("tile/entries/000", bundle);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->index, 77U);
  EXPECT_EQ(fault->what, "entry 77 is not the one that was logged");
}

TEST_F(GoldenLog, NamesTheFileThatWasRemoved) {
  for (const std::string& name : log.names) {
    const std::string good = log.bytes(name);
    fs::remove(log.path(name));
    const VerifyReport report = log.verify();
    ASSERT_FALSE(report.ok()) << name;
    EXPECT_EQ(report.faults.front().file, log.path(name).string());
    EXPECT_EQ(report.faults.front().what, "is missing");
    EXPECT_EQ(report.faults.size(), 1U) << name;
    write_bytes(log.path(name), good);
  }
}

TEST_F(GoldenLog, NamesTheFileThatWasCutOrGrew) {
  for (const std::string& name : log.names) {
    const std::string good = log.bytes(name);
    for (const std::size_t left : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
      EXPECT_TRUE(log.names_file(log.with(name, good.substr(0, left)), name)) << name << " cut to " << left;
    }
    EXPECT_TRUE(log.names_file(log.with(name, good + "x"), name)) << name;
    EXPECT_TRUE(log.names_file(log.with(name, good + good), name)) << name;
  }
}

TEST_F(GoldenLog, NamesAFileThatTookThePlaceOfAnother) {
  for (const std::string& name : log.names) {
    for (const std::string& other : log.names) {
      if (name == other) continue;
      EXPECT_TRUE(log.names_file(log.with(name, log.bytes(other)), name)) << name << other;
    }
  }
}

TEST_F(GoldenLog, NamesTheFirstOfTwoEntriesThatWereSwapped) {
  const std::string bundle = log.bytes("tile/entries/000");
  std::vector<std::string_view> entries = *parse_bundle(bundle, kTileWidth);
  for (std::size_t i = 0; i + 1 < entries.size(); i += 11) {
    std::swap(entries[i], entries[i + 1]);
    std::string swapped;
    for (const std::string_view entry : entries) append_entry(swapped, entry);
    const auto fault = log.with("tile/entries/000", swapped);
    ASSERT_TRUE(log.names_file(fault, "tile/entries/000"));
    EXPECT_EQ(fault->index, i);
    std::swap(entries[i], entries[i + 1]);
  }
}

TEST_F(GoldenLog, NamesTheEntryThatWasTakenOutWithItsHash) {
  // As somebody does it who knows the format: entry 100 gone, its hash gone, the others moved up. Only the key is
  // missing to them.
  const std::string bundle = log.bytes("tile/entries/000");
  std::vector<std::string_view> entries = *parse_bundle(bundle, kTileWidth);
  entries.erase(entries.begin() + 100);
  entries.push_back(entries.back());
  std::string shorter, hashes;
  TreeHasher hasher;
  for (const std::string_view entry : entries) {
    append_entry(shorter, entry);
    append_hashes(hashes, std::vector{hasher.leaf(entry)});
  }
  write_bytes(log.path("tile/entries/000"), shorter);
  write_bytes(log.path("tile/0/000"), hashes);
  const VerifyReport report = log.verify();
  ASSERT_EQ(report.faults.size(), 2U);
  EXPECT_EQ(report.faults[0].file, log.path("tile/0/000").string());
  EXPECT_EQ(report.faults[1].file, log.path("tile/entries/000").string());
}

TEST_F(GoldenLog, IsNotOfAnotherKey) {
  const certs::VerifierKey other =
      certs::make_verifier_key(golden_key().name, certs::NoteAlgorithm::Ed25519, std::string(32, 'o'));
  const VerifyReport report = verify_log({log.path("").parent_path().string(), other, {}});
  ASSERT_EQ(report.faults.size(), 1U);
  EXPECT_EQ(report.faults[0].what, "the checkpoint is not signed by this key");
}

TEST_F(GoldenLog, NamesAFileThatDoesNotBelongToIt) {
  write_bytes(log.path("tile/0/notes.txt"), "x");
  const VerifyReport report = log.verify();
  ASSERT_EQ(report.faults.size(), 1U);
  EXPECT_EQ(report.faults[0].file, log.path("tile/0/notes.txt").string());
}

TEST(RolledBackLog, IsFoundByACheckpointThatWasKept) {
  const TemporaryFolder folder, old;
  const auto made = *MadeLog::open(system_files(), folder.path());
  ASSERT_TRUE(made->append(300).ok() && made->publish().ok());
  fs::copy(made->log(), old.path() + "/log", fs::copy_options::recursive);
  const auto at_300 = read_checkpoint(system_files(), made->log());
  ASSERT_TRUE(made->append(300).ok() && made->publish().ok());
  const auto at_600 = read_checkpoint(system_files(), made->log());
  const Spoiled now(made->log(), certs::verifier_of(MadeLog::key()));
  const Spoiled before(old.path() + "/log", certs::verifier_of(MadeLog::key()));
  EXPECT_TRUE(now.verify(1, *at_300).ok());
  EXPECT_TRUE(now.verify(1, *at_600).ok());
  EXPECT_TRUE(before.verify().ok());  // a whole old copy is a good log
  const VerifyReport report = before.verify(1, *at_600);
  ASSERT_EQ(report.faults.size(), 1U);
  EXPECT_EQ(report.faults[0].what, "the log was rolled back: it has 300 entries, and had 600 before");
}

TEST(RolledBackLog, IsFoundAlsoWhenItWasWrittenOnDifferently) {
  const TemporaryFolder folder, other;
  const auto made = *MadeLog::open(system_files(), folder.path());
  ASSERT_TRUE(made->append(300).ok() && made->publish().ok());
  const auto known = read_checkpoint(system_files(), made->log());
  const auto rewritten = *MadeLog::open(system_files(), other.path());
  ASSERT_TRUE(rewritten->append(299).ok());
  ASSERT_TRUE(rewritten->journal->append(MadeLog::line(5)).ok());
  ASSERT_TRUE(rewritten->append(100).ok() && rewritten->publish().ok());
  const Spoiled log(rewritten->log(), certs::verifier_of(MadeLog::key()));
  EXPECT_TRUE(log.verify().ok());
  const VerifyReport report = log.verify(1, *known);
  ASSERT_EQ(report.faults.size(), 1U);
  EXPECT_NE(report.faults[0].what.find("history was rewritten: the first 300 entries"), std::string::npos);
}

TEST(OldPartialTile, IsHeldAgainstThePresentOne) {
  const TemporaryFolder folder;
  const auto made = *MadeLog::open(system_files(), folder.path());
  ASSERT_TRUE(made->append(300).ok() && made->publish().ok() && made->append(20).ok() &&
              made->publish().ok());
  const Spoiled log(made->log(), certs::verifier_of(MadeLog::key()));
  EXPECT_TRUE(log.verify().ok());
  for (const std::string name : {"tile/0/001.p/44", "tile/entries/001.p/44"}) {
    std::string bad = log.bytes(name);
    bad[bad.size() - 3] ^= 1;
    EXPECT_TRUE(log.names_file(log.with(name, bad), name)) << name;
  }
  std::string present = log.bytes("tile/entries/001.p/64");
  present[100] ^= 1;
  EXPECT_TRUE(log.names_file(log.with("tile/entries/001.p/64", present), "tile/entries/001.p/64"))
      << "not the old one";
}

// Three levels of tiles, so that those in the middle have something above and below them.
class TallLog : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kSize = 66'000;
  TallLog() {
    const TemporaryFolder folder;
    const auto made = *MadeLog::open(system_files(), folder.path());
    for (std::uint64_t i = 0; i < kSize; ++i)
      EXPECT_TRUE(made->journal->append("event " + std::to_string(i)).ok());
    EXPECT_TRUE(made->journal->write_and_sync().ok() && made->publish().ok());
    log = std::make_unique<Spoiled>(made->log(), certs::verifier_of(MadeLog::key()));
  }
  std::unique_ptr<Spoiled> log;
};

TEST_F(TallLog, NamesTheTileThatWasChangedAtEveryLevelAndNoOther) {
  EXPECT_TRUE(log->verify(3).ok());
  EXPECT_EQ(log->verify(3).entries, kSize);
  for (const std::string name : {"tile/0/003", "tile/0/257.p/208", "tile/1/000", "tile/1/001.p/1",
                                 "tile/2/000.p/1", "tile/entries/200", "tile/entries/257.p/208"}) {
    const std::string good = log->bytes(name);
    for (const std::size_t at : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
      std::string bad = good;
      bad[at] ^= 64;
      write_bytes(log->path(name), bad);
      const VerifyReport report = log->verify(2);
      ASSERT_EQ(report.faults.size(), 1U) << name << at;
      EXPECT_EQ(report.faults[0].file, log->path(name).string()) << report.faults[0].what;
    }
    write_bytes(log->path(name), good);
    fs::rename(log->path(name), log->path("aside"));
    const VerifyReport report = log->verify(2);
    ASSERT_EQ(report.faults.size(), 1U) << name;
    EXPECT_EQ(report.faults[0].file, log->path(name).string());
    fs::rename(log->path("aside"), log->path(name));
  }
}

TEST_F(TallLog, GivesProofsThatHold) {
  TreeHasher hasher;
  const auto checkpoint = *read_checkpoint(system_files(), log->path("").parent_path().string());
  TreeReader tree(system_files(), log->path("").parent_path().string(), kSize);
  for (const std::uint64_t index : {0, 255, 256, 65'535, 65'536, 65'999}) {
    const auto proof = inclusion_proof(hasher, tree.reader(), index, kSize);
    ASSERT_TRUE(proof.ok());
    const Hash leaf = hasher.leaf("event " + std::to_string(index));
    EXPECT_TRUE(verify_inclusion(hasher, leaf, index, kSize, *proof, checkpoint.head.root));
    EXPECT_EQ(*read_entry(system_files(), log->path("").parent_path().string(), index, kSize),
              "event " + std::to_string(index));
  }
  for (const std::uint64_t size : {1, 256, 50'000, 65'536, 65'999}) {
    const auto proof = consistency_proof(hasher, tree.reader(), size, kSize);
    ASSERT_TRUE(proof.ok());
    EXPECT_TRUE(verify_consistency(hasher, size, *root_at(hasher, tree.reader(), size), kSize,
                                   checkpoint.head.root, *proof));
  }
}

}  // namespace
}  // namespace postern::audit
