// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/witness.h"

#include <gtest/gtest.h>

#include "audit/witnessed.h"
#include "tests/unit/audit/made_log.h"
#include "tests/unit/audit/memory_files.h"

namespace postern::audit {
namespace {

class Witness : public ::testing::Test {
 protected:
  void grow(std::uint64_t events) { ASSERT_TRUE(log->append(events).ok() && log->publish().ok()); }
  AddCheckpoint request(std::uint64_t old_size) { return *make_add_checkpoint(files, "d/log", old_size); }
  WitnessAnswer judge(const AddCheckpoint& asked) {
    return judge_checkpoint(asked, certs::verifier_of(MadeLog::key()), known, known);
  }
  std::string cosignature(const std::string& checkpoint) const {
    return certs::cosignature_line(witness, certs::parse_note(checkpoint)->text, 1'772'366'400);
  }

  // By a witness that uses the name of the one that is asked for.
  static std::string stranger_line(const std::string& checkpoint) {
    const certs::SignerKey stranger{"witness.example/w1", base::Secret(std::string(32, 'x'))};
    return certs::cosignature_line(stranger, certs::parse_note(checkpoint)->text, 1);
  }

  const bool ready = base::init_crypto().ok();  // before the first Secret
  MemoryFiles files;
  std::unique_ptr<MadeLog> log = *MadeLog::open(files, "d");
  Witnessed known;
  const certs::SignerKey witness{"witness.example/w1", base::Secret(std::string(32, 'w'))};
  const certs::VerifierKey witness_key = certs::make_verifier_key(
      witness.name, certs::NoteAlgorithm::Cosignature, base::ed25519_public(witness.seed));
};

TEST_F(Witness, FollowsALogThatGrows) {
  for (const std::uint64_t more : {1, 255, 1, 500, 44}) {
    const std::uint64_t old_size = known.size;
    grow(more);
    const AddCheckpoint asked = *parse_add_checkpoint(format_add_checkpoint(request(old_size)));
    EXPECT_EQ(judge(asked), WitnessAnswer::Cosign) << old_size;
    EXPECT_EQ(known.size, old_size + more);
    EXPECT_EQ(judge(request(known.size)), WitnessAnswer::Cosign) << "the same again";
  }
}

TEST_F(Witness, SaysWhereItIsWhenItIsAskedFromElsewhere) {
  grow(10);
  EXPECT_EQ(judge(request(0)), WitnessAnswer::Cosign);
  grow(10);
  EXPECT_EQ(judge(request(0)), WitnessAnswer::Conflict);
  EXPECT_EQ(judge(request(5)), WitnessAnswer::Conflict);
  EXPECT_EQ(known.size, 10U);
  EXPECT_EQ(parse_conflict("10\n"), 10U);
  for (const char* bad : {"", "10", "010\n", "10\n\n", "x\n"}) EXPECT_FALSE(parse_conflict(bad)) << bad;
}

TEST_F(Witness, CosignsNoOtherHistory) {
  grow(10);
  EXPECT_EQ(judge(request(0)), WitnessAnswer::Cosign);
  const auto other = [&](std::uint64_t size) {
    certs::Checkpoint made{"postern/test", size, {}};
    made.root.fill('x');
    return MadeLog::signed_note(made);
  };
  EXPECT_EQ(judge({10, {}, other(10)}), WitnessAnswer::Conflict);
  EXPECT_EQ(judge({10, {}, other(9)}), WitnessAnswer::Malformed);
  EXPECT_EQ(judge({10, {}, other(11)}), WitnessAnswer::Inconsistent);
  grow(10);
  AddCheckpoint spoiled = request(10);
  spoiled.proof[0][0] ^= 1;
  EXPECT_EQ(judge(spoiled), WitnessAnswer::Inconsistent);
  AddCheckpoint unsigned_one = request(10);
  unsigned_one.checkpoint[0] = 'q';
  EXPECT_EQ(judge(unsigned_one), WitnessAnswer::NotSigned);
  EXPECT_EQ(known.size, 10U);
}

TEST_F(Witness, CosignatureStandsBesideTheLogsOwn) {
  grow(10);
  const std::string checkpoint = request(0).checkpoint;
  const std::string stranger = certs::signature_line(witness, "something else\n");
  const auto cosigned = take_cosignature(checkpoint, stranger + cosignature(checkpoint), witness_key);
  ASSERT_TRUE(cosigned.ok());
  EXPECT_EQ(cosigned->seconds, 1'772'366'400U);
  EXPECT_EQ(cosigned->checkpoint, checkpoint + cosignature(checkpoint));
  const auto note = *certs::parse_note(cosigned->checkpoint);
  EXPECT_EQ(certs::check_signature(note, certs::verifier_of(MadeLog::key())), certs::Signed::Yes);
  EXPECT_EQ(certs::cosigned_at(note, witness_key), cosigned->seconds);
}

TEST_F(Witness, AnswerWithoutItsCosignatureIsNone) {
  grow(10);
  const std::string checkpoint = request(0).checkpoint;
  grow(1);
  const std::string later = cosignature(request(0).checkpoint);
  for (const std::string& answer : {std::string(), std::string("no\n"), later, stranger_line(checkpoint)}) {
    EXPECT_FALSE(take_cosignature(checkpoint, answer, witness_key).ok()) << answer;
  }
}

TEST_F(Witness, IsConvincedByWhatOnlyTheLogCanHaveSigned) {
  grow(10);
  ASSERT_EQ(judge(request(0)), WitnessAnswer::Cosign);
  const Witnessed before = known;
  // The same key over another history, which grows past what was seen.
  MemoryFiles elsewhere;
  const auto fork = *MadeLog::open(elsewhere, "d");
  ASSERT_TRUE(fork->journal->append(MadeLog::line(77)).ok() && fork->append(12).ok() && fork->publish().ok());
  AddCheckpoint forked = *make_add_checkpoint(elsewhere, "d/log", 10);
  EXPECT_EQ(judge(forked), WitnessAnswer::Inconsistent);
  EXPECT_TRUE(convicts_log(forked, known));
  forked.proof[1][0] ^= 1;
  EXPECT_FALSE(convicts_log(forked, known)) << "anybody can send a proof that does not fit";
  grow(10);
  AddCheckpoint honest = request(10);
  EXPECT_FALSE(convicts_log(honest, known));
  honest.proof[0][0] ^= 1;
  EXPECT_EQ(judge(honest), WitnessAnswer::Inconsistent);
  EXPECT_FALSE(convicts_log(honest, known));
  EXPECT_EQ(known, before);
}

TEST_F(Witness, IsConvincedByTwoRootsOfOneSize) {
  grow(10);
  ASSERT_EQ(judge(request(0)), WitnessAnswer::Cosign);
  certs::Checkpoint made{"postern/test", 10, {}};
  made.root.fill('x');
  EXPECT_TRUE(convicts_log({10, {}, MadeLog::signed_note(made)}, known));
  EXPECT_FALSE(convicts_log(request(10), known));
}

class Witnessings : public Witness {
 protected:
  std::string cosigned() { return take_cosignature(note(), cosignature(note()), witness_key)->checkpoint; }
  std::string note() { return read_checkpoint(files, "d/log")->bytes; }
  base::Result<Witnessing> verify() { return verify_witnessing(files, "d/log", log_key, witness_key); }
  std::string fault() {
    const auto found = verify();
    return found.ok() ? std::string("none") : found.error().message;
  }
  const certs::VerifierKey log_key = certs::verifier_of(MadeLog::key());
};

TEST_F(Witnessings, AreFoundInTheCheckpointAndBesideIt) {
  grow(10);
  EXPECT_EQ(fault(), "witness.example/w1 has cosigned no checkpoint of this log");
  ASSERT_TRUE(log->tiler->publish(cosigned()).ok());
  EXPECT_EQ(verify()->checkpoint.head.size, 10U);
  ASSERT_TRUE(put_witnessing(files, "d/log", witness_key, note()).ok());
  grow(300);
  ASSERT_EQ(fault(), "none");
  EXPECT_EQ(verify()->checkpoint.head.size, 10U) << "the newest that it cosigned";
  EXPECT_EQ(verify()->seconds, 1'772'366'400U);
  ASSERT_TRUE(put_witnessing(files, "d/log", witness_key, cosigned()).ok());
  EXPECT_EQ(verify()->checkpoint.head.size, 310U);
}

TEST_F(Witnessings, CountOnWhenTheLogsKeyWasChanged) {
  grow(10);
  ASSERT_TRUE(put_witnessing(files, "d/log", witness_key, cosigned()).ok());
  ASSERT_TRUE(log->hand_over(MadeLog::second_key()).ok());
  grow(30);
  for (const auto& key : {log_key, certs::verifier_of(MadeLog::second_key())}) {
    const auto found = verify_witnessing(files, "d/log", key, witness_key);
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(found->checkpoint.head.size, 10U);
  }
  ASSERT_TRUE(put_witnessing(files, "d/log", witness_key, cosigned()).ok());
  EXPECT_EQ(verify()->checkpoint.head.size, 40U);
  EXPECT_FALSE(verify_witnessing(files, "d/log", certs::verifier_of(MadeLog::third_key()), witness_key).ok());
}

TEST_F(Witnessings, OfAnotherHistoryAreTold) {
  grow(10);
  ASSERT_TRUE(put_witnessing(files, "d/log", witness_key, cosigned()).ok());
  const std::string kept = *read_whole(files, "d/log/" + witnessed_file(witness_key), certs::kNoteLimit);
  const auto other = [&](std::uint64_t events, std::uint64_t first) {
    MemoryFiles elsewhere;
    const auto fork = *MadeLog::open(elsewhere, "d");
    EXPECT_TRUE(fork->journal->append(MadeLog::line(first)).ok() && fork->append(events - 1).ok());
    EXPECT_TRUE(fork->publish().ok() && put_witnessing(elsewhere, "d/log", witness_key, kept).ok());
    return verify_witnessing(elsewhere, "d/log", log_key, witness_key).error().message;
  };
  EXPECT_EQ(other(5, 0),
            "the log was rolled back: it has 5 entries, and had 10 when witness.example/w1 cosigned it");
  EXPECT_EQ(other(20, 7),
            "history was rewritten: the first 10 entries are not those that witness.example/w1 cosigned");
}

TEST_F(Witnessings, ThatWereChangedAreNone) {
  grow(10);
  std::string spoiled = cosigned();
  spoiled[spoiled.size() - 5] = spoiled[spoiled.size() - 5] == 'A' ? 'B' : 'A';
  ASSERT_TRUE(put_witnessing(files, "d/log", witness_key, spoiled).ok());
  EXPECT_NE(fault().find("has no cosignature by witness.example/w1 that fits"), std::string::npos) << fault();
  ASSERT_TRUE(put_witnessing(files, "d/log", witness_key, "nothing").ok());
  EXPECT_NE(fault().find("is not a checkpoint, or is damaged"), std::string::npos) << fault();
}

TEST(AddCheckpointRequest, HasOneForm) {
  const std::string hash = std::string(43, 'A') + "=\n";
  EXPECT_TRUE(parse_add_checkpoint("old 0\n\nx").ok());
  EXPECT_EQ(parse_add_checkpoint("old 5\n" + hash + hash + "\nx\n")->proof.size(), 2U);
  std::string many;
  for (std::size_t i = 0; i <= kWitnessProofLimit; ++i) many += hash;
  for (const std::string& bad :
       std::vector<std::string>{"", "old\n\nx", "old 05\n\nx", "old 5 \n\nx", "new 5\n\nx", "old 5\n",
                                "old 5\n\n", "old 5\n" + hash, "old 5\nA\n\nx", "old 5\n" + many + "\nx"}) {
    EXPECT_FALSE(parse_add_checkpoint(bad).ok()) << bad.substr(0, 60);
  }
}

}  // namespace
}  // namespace postern::audit
