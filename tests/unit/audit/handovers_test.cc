// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A log whose key was changed: who has one of its keys verifies all of it, and nothing that was forged.
#include "audit/handovers.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "audit/tlog_proof.h"
#include "audit/verify.h"
#include "base/file.h"
#include "tests/unit/audit/dying_files.h"
#include "tests/unit/audit/made_log.h"
#include "tests/unit/audit/memory_files.h"
#include "tests/unit/audit/temporary_folder.h"

namespace postern::audit {
namespace {

using certs::Handover;
using certs::verifier_of;
using ::testing::HasSubstr;

// 300 events by the first key, 300 by the second, 50 by the third.
class RotatedLog : public ::testing::Test {
 protected:
  RotatedLog() {
    EXPECT_TRUE(log->append(300).ok() && log->publish().ok());
    EXPECT_TRUE(log->hand_over(MadeLog::second_key()).ok());
    EXPECT_TRUE(log->append(300).ok() && log->publish().ok());
    old_proof = *prove_event(system_files(), log->log(), 7);
    EXPECT_TRUE(log->hand_over(MadeLog::third_key()).ok());
    EXPECT_TRUE(log->append(50).ok() && log->publish().ok());
  }
  VerifyReport verify(const certs::SignerKey& key, std::optional<SignedCheckpoint> known = {}) const {
    return verify_log({log->log(), verifier_of(key), std::move(known)});
  }
  std::string first_fault(const certs::SignerKey& key = MadeLog::key()) const {
    const VerifyReport report = verify(key);
    return report.ok() ? "none"
                       : report.faults[0].file.substr(log->log().size()) + ": " + report.faults[0].what;
  }
  std::string file(const certs::SignerKey& from) const {
    return log->log() + "/" + handover_path(verifier_of(from));
  }
  void put(const certs::SignerKey& from, const std::string& note) const {
    ASSERT_TRUE(base::write_file(file(from), note, 0644).ok());
  }
  Handover second_handover() const {
    return *certs::open_handover(*base::read_file(file(MadeLog::second_key()), certs::kNoteLimit));
  }
  std::vector<Handover> handovers() const { return read_handovers(system_files(), log->log())->good; }

  TemporaryFolder folder;
  std::unique_ptr<MadeLog> log = *MadeLog::open(system_files(), folder.path());
  TlogProof old_proof;
};

TEST_F(RotatedLog, IsVerifiedWithAnyOfItsKeys) {
  for (const auto* key : {&MadeLog::key(), &MadeLog::second_key(), &MadeLog::third_key()}) {
    const VerifyReport report = verify(*key);
    ASSERT_TRUE(report.ok()) << report.faults[0].file << report.faults[0].what;
    EXPECT_EQ(report.entries, 650U);
    ASSERT_EQ(report.handovers.size(), 2U);
    EXPECT_EQ(report.handovers[0].head.size, 300U);
    EXPECT_EQ(report.handovers[1].head.size, 600U);
    EXPECT_EQ(report.handovers[1].to, verifier_of(MadeLog::third_key()));
  }
}

TEST(HandedOverLog, IsWholeBeforeTheNewKeyHasSignedAnything) {
  const TemporaryFolder folder;
  const auto log = *MadeLog::open(system_files(), folder.path());
  ASSERT_TRUE(log->append(20).ok() && log->publish().ok() && log->hand_over(MadeLog::second_key()).ok());
  for (const auto* key : {&MadeLog::key(), &MadeLog::second_key()})
    EXPECT_TRUE(verify_log({log->log(), verifier_of(*key), {}}).ok());
}

TEST_F(RotatedLog, KnowsCheckpointsOfAnyOfItsKeys) {
  const auto of_second = *parse_signed_checkpoint(old_proof.checkpoint, "old");
  const auto of_first = *parse_signed_checkpoint(
      MadeLog::signed_note({"postern/test", handovers()[0].head.size, handovers()[0].head.root}), "older");
  for (const auto* key : {&MadeLog::key(), &MadeLog::third_key()}) {
    EXPECT_TRUE(verify(*key, of_first).ok());
    EXPECT_TRUE(verify(*key, of_second).ok());
  }
}

TEST_F(RotatedLog, DoesNotBelieveAHandoverThatOneKeyAloneSigned) {
  const std::string text = certs::format_handover(second_handover());
  put(MadeLog::second_key(), text + "\n" + certs::signature_line(MadeLog::third_key(), text));
  EXPECT_EQ(first_fault(), "/" + handover_path(verifier_of(MadeLog::second_key())) +
                               ": the handover is not signed by its old key");
  put(MadeLog::second_key(), text + "\n" + certs::signature_line(MadeLog::second_key(), text));
  EXPECT_THAT(first_fault(), HasSubstr("the handover is not signed by its new key"));
}

TEST_F(RotatedLog, DoesNotBelieveAnotherSuccessor) {
  Handover other = second_handover();
  other.to = verifier_of(MadeLog::key());
  put(MadeLog::second_key(), MadeLog::signed_handover(other, MadeLog::second_key(), MadeLog::third_key()));
  EXPECT_THAT(first_fault(), HasSubstr("the handover is not signed by its new key"));
  const certs::SignerKey stranger{"postern/test", base::Secret(std::string(32, 'x'))};
  other.to = verifier_of(stranger);
  put(MadeLog::second_key(), MadeLog::signed_handover(other, MadeLog::second_key(), stranger));
  EXPECT_EQ(first_fault(),
            "/checkpoint: the checkpoint is not signed by this key, nor by one that its handovers lead to");
}

TEST_F(RotatedLog, DoesNotBelieveAHandoverOverAnotherTree) {
  Handover other = second_handover();
  other.head.root.fill('x');
  put(MadeLog::second_key(), MadeLog::signed_handover(other, MadeLog::second_key(), MadeLog::third_key()));
  EXPECT_EQ(first_fault(),
            "/" + handover_path(verifier_of(MadeLog::second_key())) +
                ": the first 600 entries are not those that it was signed over: history was rewritten");
  other = second_handover();
  other.head.size = 5'000;
  put(MadeLog::second_key(), MadeLog::signed_handover(other, MadeLog::second_key(), MadeLog::third_key()));
  EXPECT_THAT(first_fault(),
              HasSubstr("the checkpoint is signed by a key that the log got only with 5000 events"));
}

TEST_F(RotatedLog, DoesNotBelieveAKeyBeyondItsTime) {
  const certs::Checkpoint head = read_checkpoint(system_files(), log->log())->head;
  ASSERT_TRUE(base::write_file(log->log() + "/checkpoint", MadeLog::signed_note(head), 0644).ok());
  EXPECT_EQ(first_fault(),
            "/checkpoint: the checkpoint is signed by a key that was handed over with 300 events: its word "
            "ended there");
}

TEST_F(RotatedLog, MissesAHandoverThatWasTakenAway) {
  std::filesystem::remove(file(MadeLog::second_key()));
  EXPECT_THAT(first_fault(), HasSubstr("nor by one that its handovers lead to"));
  EXPECT_THAT(first_fault(MadeLog::third_key()), HasSubstr("is between other keys than those"));
}

TEST_F(RotatedLog, NamesFilesThatAreNoHandovers) {
  ASSERT_TRUE(base::write_file(log->log() + "/handover/notes.txt", "x", 0644).ok());
  EXPECT_THAT(first_fault(), HasSubstr("/handover/notes.txt: "));
  std::filesystem::rename(file(MadeLog::key()), log->log() + "/handover/notes.txt");
  EXPECT_THAT(first_fault(MadeLog::second_key()),
              HasSubstr("is the handover of another key than its name says"));
}

TEST_F(RotatedLog, EveryByteOfAHandoverCounts) {
  const std::string good = *base::read_file(file(MadeLog::key()), certs::kNoteLimit);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= static_cast<char>(1 << (i % 8));
    put(MadeLog::key(), bad);
    ASSERT_NE(first_fault(), "none") << "byte " << i;
  }
  for (const std::size_t left : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
    put(MadeLog::key(), good.substr(0, left));
    ASSERT_NE(first_fault(), "none") << "cut to " << left;
  }
  put(MadeLog::key(), good);
  EXPECT_EQ(first_fault(), "none");
}

TEST_F(RotatedLog, ProofsHoldForWhoeverHasAnotherKeyAndTheHandovers) {
  const TlogProof now = *prove_event(system_files(), log->log(), 7);
  EXPECT_FALSE(verify_tlog_proof(now, verifier_of(MadeLog::key())).ok());
  const KeyChain keys = *KeyChain::of(verifier_of(MadeLog::key()), handovers());
  EXPECT_TRUE(verify_tlog_proof(now, keys).ok());
  EXPECT_TRUE(verify_tlog_proof(old_proof, keys).ok());
  const KeyChain late = *KeyChain::of(verifier_of(MadeLog::third_key()), handovers());
  EXPECT_TRUE(verify_tlog_proof(old_proof, late).ok());
  EXPECT_FALSE(verify_tlog_proof(old_proof, verifier_of(MadeLog::third_key())).ok());
}

TEST(KeyChain, IsNoChainWhereAKeyWasHandedOverTwice) {
  const auto one = verifier_of(MadeLog::key());
  const auto two = verifier_of(MadeLog::second_key());
  const auto three = verifier_of(MadeLog::third_key());
  EXPECT_THAT(KeyChain::of(one, {{{}, one, two}, {{}, one, three}}).error().message, HasSubstr("contradict"));
  EXPECT_THAT(KeyChain::of(three, {{{}, one, three}, {{}, two, three}}).error().message,
              HasSubstr("contradict"));
  EXPECT_THAT(KeyChain::of(one, {{{}, one, two}, {{}, two, one}}).error().message, HasSubstr("circle"));
  EXPECT_EQ(KeyChain::of(two, {{{}, one, two}, {{}, two, three}})->keys(), (std::vector{one, two, three}));
}

TEST(Tiler, PutsAHandoverWholeOrNotAtAllAndNeverOverAnother) {
  for (std::uint64_t operations = 0;; ++operations) {
    MemoryFiles files;
    Dying dying(files);
    bool done = false;
    {
      const auto log = *MadeLog::open(dying, "d");
      ASSERT_TRUE(log->append(20).ok() && log->publish().ok());
      dying.left = operations;
      done = log->hand_over(MadeLog::second_key()).ok();
    }
    if (!done) files.cut_power(0);
    const auto found = *read_handovers(files, "d/log");
    ASSERT_TRUE(found.bad.empty()) << operations;
    ASSERT_TRUE(!done || found.good.size() == 1) << operations;
    const auto again = *MadeLog::open(files, "d");
    const base::Status same = again->hand_over(MadeLog::second_key());
    ASSERT_TRUE(same.ok()) << operations << same.error().message;
    if (!done) continue;
    const auto other = *MadeLog::open(files, "d");
    EXPECT_EQ(other->hand_over(MadeLog::third_key()).error().code, base::Code::Corrupt);
    break;
  }
}

}  // namespace
}  // namespace postern::audit
