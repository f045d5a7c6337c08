// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/handover.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace postern::certs {
namespace {

class AHandover : public ::testing::Test {
 protected:
  const bool ready_ = base::init_crypto().ok();  // before the first Secret
  SignerKey old_{"postern/test", base::Secret(std::string(32, 'k'))};
  SignerKey new_{"postern/test", base::Secret(std::string(32, '2'))};
  Handover handover_{{"postern/test", 2, {}}, verifier_of(old_), verifier_of(new_)};
  std::string text_ = format_handover(handover_);
};

TEST_F(AHandover, IsACheckpointWithOneLineMore) {
  EXPECT_EQ(text_, "postern/test\n2\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\npostern.handover/v1 " +
                       format_verifier_key(verifier_of(old_)) + " " + format_verifier_key(verifier_of(new_)) +
                       "\n");
  EXPECT_EQ(*parse_handover(text_), handover_);
  EXPECT_EQ(*parse_checkpoint(text_), handover_.head);
}

TEST_F(AHandover, NamesTwoKeysOfItsLogAndNothingElse) {
  const std::string head = format_checkpoint(handover_.head);
  const std::string line = text_.substr(head.size());
  const SignerKey other{"postern/other", base::Secret(std::string(32, 'o'))};
  Handover strange = handover_;
  strange.to = verifier_of(other);
  Handover same = handover_;
  same.to = same.from;
  Handover witness = handover_;
  witness.to = make_verifier_key("postern/test", NoteAlgorithm::Cosignature, std::string(32, 'w'));
  for (const std::string& text :
       {std::string(), head, head + "postern.handover/v2" + line.substr(19), text_ + "more\n", line + head,
        text_.substr(0, text_.size() - 1), head + line + line, text_.substr(0, text_.rfind(' ')) + "\n",
        format_handover(strange), format_handover(same), format_handover(witness)}) {
    EXPECT_FALSE(parse_handover(text).ok()) << text;
  }
}

TEST_F(AHandover, HoldsOnlyIfBothKeysSignedIt) {
  const std::string one = signature_line(old_, text_), two = signature_line(new_, text_);
  EXPECT_EQ(*open_handover(text_ + "\n" + one + two), handover_);
  EXPECT_EQ(*open_handover(text_ + "\n" + two + one), handover_);
  EXPECT_EQ(open_handover(text_ + "\n" + one).error().message, "the handover is not signed by its new key");
  EXPECT_EQ(open_handover(text_ + "\n" + two).error().message, "the handover is not signed by its old key");
  EXPECT_FALSE(open_handover(text_).ok());
  // A checkpoint that both of them happen to have signed is none.
  const std::string head = format_checkpoint(handover_.head);
  EXPECT_FALSE(open_handover(head + "\n" + signature_line(old_, head) + signature_line(new_, head)).ok());
}

}  // namespace
}  // namespace postern::certs
