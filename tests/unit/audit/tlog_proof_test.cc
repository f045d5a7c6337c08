// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/tlog_proof.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/file.h"
#include "tests/unit/audit/made_log.h"
#include "tests/unit/audit/memory_files.h"

namespace postern::audit {
namespace {

class Proof : public ::testing::Test {
 protected:
  Proof() {
    const auto log = *MadeLog::open(files, "d");
    EXPECT_TRUE(log->append(300).ok() && log->publish().ok());
  }
  TlogProof of(std::uint64_t index) { return *prove_event(files, "d/log", index); }
  bool holds(const TlogProof& proof) {
    return verify_tlog_proof(proof, certs::verifier_of(MadeLog::key())).ok();
  }
  MemoryFiles files;
};

TEST_F(Proof, HoldsForEveryEvent) {
  for (std::uint64_t index = 0; index < 300; ++index) {
    const TlogProof proof = of(index);
    EXPECT_EQ(proof.extra, MadeLog::line(index));
    ASSERT_TRUE(holds(proof)) << index;
  }
  EXPECT_EQ(prove_event(files, "d/log", 300).error().code, base::Code::NotFound);
}

TEST_F(Proof, LooksAsTheSpecificationSays) {
  const std::string text = format_tlog_proof(of(299));
  EXPECT_EQ(text.find("c2sp.org/tlog-proof@v1\nextra "), 0U);
  EXPECT_NE(text.find("\nindex 299\n"), std::string::npos);
  EXPECT_NE(text.find("=\n\npostern/test\n300\n"), std::string::npos);
  EXPECT_EQ(*parse_tlog_proof(text), of(299));
  TlogProof bare = of(1);
  bare.extra.clear();
  EXPECT_EQ(*parse_tlog_proof(format_tlog_proof(bare)), bare);
}

TEST_F(Proof, FailsWhenAnyByteOfItIsAnother) {
  const std::string good = format_tlog_proof(of(77));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    const auto proof = parse_tlog_proof(bad);
    ASSERT_FALSE(proof.ok() && holds(*proof)) << "byte " << i;
  }
}

TEST_F(Proof, SaysWhyItFails) {
  TlogProof moved = of(7);
  moved.index = 8;
  EXPECT_EQ(verify_tlog_proof(moved, certs::verifier_of(MadeLog::key())).error().message,
            "the proof does not hold: this event does not stand at index 8 of the log");
  const certs::SignerKey other{"postern/test", base::Secret(std::string(32, 'o'))};
  EXPECT_EQ(verify_tlog_proof(of(7), certs::verifier_of(other)).error().message,
            "the checkpoint is not signed by this key");
}

TEST(TlogProof, HasOneForm) {
  const std::string hash = std::string(43, 'A') + "=\n";
  const std::string head = "c2sp.org/tlog-proof@v1\n";
  EXPECT_TRUE(parse_tlog_proof(head + "extra YQ==\nindex 0\n" + hash + "\nx\n").ok());
  std::string many;
  for (std::size_t i = 0; i <= kProofLimit; ++i) many += hash;
  for (const std::string& bad : std::vector<std::string>{
           "", head, head + "index 0\n", head + "index 0\n\n", head + "index 00\n\nx\n",
           head + "index -1\n\nx\n", head + "extra \nindex 0\n\nx\n", head + "extra YQ=\nindex 0\n\nx\n",
           head + "index 0\n" + many + "\nx\n", head + "index 0\n" + hash.substr(4) + "\nx\n",
           head + "index 0\n" + hash, "c2sp.org/tlog-proof@v2\nindex 0\n\nx\n",
           head + "index 0\nextra YQ==\n\nx\n", std::string(kTlogProofLimit + 1, 'a')}) {
    EXPECT_FALSE(parse_tlog_proof(bad).ok()) << bad.substr(0, 100);
  }
}

// docs/LOG.md shows a whole log of two events, and a proof out of it; both must be what they say.
TEST(TlogProof, IsWhatTheDocumentShows) {
  const auto document = base::read_file(POSTERN_SOURCE_DIR "/docs/LOG.md", 1U << 20U);
  ASSERT_TRUE(document.ok());
  const auto block = [&](const std::string& fence) {
    const std::size_t begin = document->find("```" + fence + "\n") + fence.size() + 4;
    return document->substr(begin, document->find("```", begin) - begin);
  };
  MemoryFiles files;
  const auto log = *MadeLog::open(files, "d");
  ASSERT_TRUE(log->journal->append(R"({"v":1})").ok() && log->journal->append(R"({"v":2})").ok());
  ASSERT_TRUE(log->journal->write_and_sync().ok() && log->publish().ok());
  EXPECT_EQ(block("checkpoint"), files.bytes("d/log/checkpoint"));
  EXPECT_EQ(block("proof"), format_tlog_proof(*prove_event(files, "d/log", 0)));
  ASSERT_TRUE(log->hand_over(MadeLog::second_key()).ok());
  EXPECT_EQ(block("handover"), files.bytes("d/log/handover/a7fe4359"));
  std::string shown = block("text");
  EXPECT_NE(shown.find(certs::format_verifier_key(certs::verifier_of(MadeLog::key()))), std::string::npos);
  shown.erase(std::remove_if(shown.begin(), shown.end(), [](char c) { return c == ' ' || c == '\n'; }),
              shown.end());
  for (const std::string name : {"tile/entries/000.p/2", "tile/0/000.p/2"}) {
    EXPECT_NE(shown.find(name + base::to_hex(files.bytes("d/log/" + name))), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace postern::audit
