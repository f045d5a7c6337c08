// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/cosigner.h"

#include <gmock/gmock.h>

#include "certs/keeper_protocol.h"
#include "gateway/keeper/key_ring.h"

namespace postern::keeper {
namespace {

using ::testing::HasSubstr;

constexpr base::Micros kCosigningNow = 1'790'000'000 * base::kWallSecond;

class WitnessKey : public testing::Test {
 protected:
  const bool ready_ = base::init_crypto().ok();  // before the first Secret
  const certs::SignerKey log_{"postern/other", base::Secret(std::string(32, 'l'))};
  const certs::SignerKey own_{"witness/own", base::Secret(std::string(32, 'w'))};
  const std::string verifier_ = certs::format_verifier_key(certs::verifier_of(log_));
  base::ManualClock clock_{kCosigningNow};
  KeyRing ring_{clock_};
  const Purpose ledger_{Peer::Ledger, ""};

  base::Status set(KeyRing& ring) {
    return ring.set_witness_key({"/keys/witness", certs::format_signer_key(own_) + "\n", 0100600},
                                {verifier_});
  }
  void SetUp() override { ASSERT_TRUE(set(ring_).ok()); }

  static certs::Checkpoint checkpoint(std::uint64_t size, char root = 'r') {
    certs::Checkpoint out{"postern/other", size, {}};
    out.root.fill(root);
    return out;
  }
  static std::string note_of(const std::string& text, const certs::SignerKey& by) {
    return text + "\n" + certs::signature_line(by, text);
  }
  std::string note(std::uint64_t size, char root = 'r') const {
    return note_of(certs::format_checkpoint(checkpoint(size, root)), log_);
  }
  certs::KeeperAnswer cosign(KeyRing& ring, const std::string& note) {
    return *certs::decode_answer(ring.handle(certs::encode_cosign(7, note), ledger_));
  }
  // "" if it is cosigned.
  std::string refusal(const std::string& note) {
    const auto answer = cosign(ring_, note);
    return answer.done ? std::string() : answer.payload;
  }
};

TEST_F(WitnessKey, CosignsWhatItsLogHasSignedAndStatesTheTime) {
  const auto line = certs::decode_text_payload(cosign(ring_, note(5)).payload);
  ASSERT_TRUE(line.ok());
  const auto whole = certs::parse_note(note(5) + *line);
  ASSERT_TRUE(whole.ok());
  const auto told = certs::decode_answer(ring_.handle(certs::encode_witness_key(8), ledger_));
  const auto key = certs::parse_verifier_key(*certs::decode_text_payload(told->payload));
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(certs::cosigned_at(*whole, *key), 1'790'000'000U);
  EXPECT_EQ(certs::check_signature(*whole, certs::verifier_of(log_)), certs::Signed::Yes);
}

TEST_F(WitnessKey, CosignsNothingElse) {
  const std::string text = certs::format_checkpoint(checkpoint(5));
  EXPECT_THAT(refusal(""), HasSubstr("not a checkpoint"));
  EXPECT_THAT(refusal(text), HasSubstr("not a checkpoint"));
  EXPECT_THAT(refusal(note_of("postern-pass-v1\n", log_)), HasSubstr("not a checkpoint"));
  EXPECT_THAT(refusal(note_of(text, own_)), HasSubstr("not signed by the key of its log"));
  certs::Checkpoint other = checkpoint(5);
  other.origin = "postern/stranger";
  EXPECT_THAT(refusal(note_of(certs::format_checkpoint(other), log_)), HasSubstr("not witnessed here"));
  std::string spoiled = note(5);
  spoiled.replace(spoiled.find("\n5\n"), 3, "\n6\n");
  EXPECT_THAT(refusal(spoiled), HasSubstr("not signed by the key of its log"));
  const Purpose terminator{Peer::Terminator, "support"};
  EXPECT_FALSE(certs::decode_answer(ring_.handle(certs::encode_cosign(1, note(5)), terminator))->done);
}

TEST_F(WitnessKey, CosignsNoStepBackAndForgetsNothingOverAReload) {
  EXPECT_EQ(refusal(note(5)), "");
  EXPECT_EQ(refusal(note(5)), "") << "again, with a newer time";
  EXPECT_THAT(refusal(note(5, 'x')), HasSubstr("over other events"));
  EXPECT_THAT(refusal(note(4)), HasSubstr("smaller log"));
  EXPECT_EQ(refusal(note(9)), "");
  KeyRing fresh(clock_);
  ASSERT_TRUE(set(fresh).ok());
  ring_.adopt(fresh);
  EXPECT_THAT(refusal(note(5)), HasSubstr("smaller log"));
  EXPECT_EQ(refusal(note(9)), "");
}

TEST_F(WitnessKey, OfMissionControlCosignsForTheLogThatTheDeskNames) {
  const Purpose desk{Peer::Desk, {}};
  const std::string log = certs::format_verifier_key(certs::verifier_of(log_));
  const auto asked = [&](const std::string& note, const std::string& key, const Purpose& who) {
    const auto answer = *certs::decode_answer(ring_.handle(certs::encode_cosign_for(7, note, key), who));
    return answer.done ? std::string() : answer.payload;
  };
  EXPECT_EQ(asked(note(5), log, desk), "");
  EXPECT_THAT(asked(note(4), log, desk), HasSubstr("smaller log"));
  EXPECT_THAT(asked(note(5, 'x'), log, desk), HasSubstr("over other events"));
  const certs::SignerKey stranger{"postern/stranger", base::Secret(std::string(32, 's'))};
  EXPECT_THAT(asked(note(6), certs::format_verifier_key(certs::verifier_of(stranger)), desk),
              HasSubstr("of another log"));
  EXPECT_THAT(asked(note(6), "junk", desk), HasSubstr("verifier key"));
  EXPECT_FALSE(asked(note(6), log, ledger_).empty()) << "the ledger may not name logs";
  EXPECT_TRUE(certs::decode_answer(ring_.handle(certs::encode_witness_key(8), desk))->done);
}

TEST_F(WitnessKey, CosignsNothingWhileTheClockIsNotSet) {
  base::ManualClock epoch(1);
  KeyRing ring(epoch);
  ASSERT_TRUE(set(ring).ok());
  EXPECT_THAT(cosign(ring, note(5)).payload, HasSubstr("clock is not set"));
}

TEST_F(WitnessKey, IsRefusedWhenItIsNoneOrOthersCanReadIt) {
  KeyRing ring(clock_);
  EXPECT_THAT(cosign(ring, note(5)).payload, HasSubstr("no key to witness with"));
  const std::string text = certs::format_signer_key(own_);
  EXPECT_EQ(ring.set_witness_key({"/k", text, 0100640}, {verifier_}).error().code, base::Code::Denied);
  EXPECT_THAT(ring.set_witness_key({"/k", "x", 0100600}, {verifier_}).error().message,
              HasSubstr("/k is no key of a witness"));
  EXPECT_FALSE(ring.set_witness_key({"/k", text, 0100600}, {"x"}).ok());
  EXPECT_EQ(set(ring_).error().code, base::Code::Exists);
}

}  // namespace
}  // namespace postern::keeper
