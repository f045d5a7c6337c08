// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/note.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "certs/checkpoint.h"

namespace postern::certs {
namespace {

[[maybe_unused]] const bool kReady = base::init_crypto().ok();  // before the first Secret

// The example of Go's sumdb/note.
constexpr std::string_view kSigner =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
constexpr std::string_view kVerifier = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr std::string_view kNoteText =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
constexpr std::string_view kLine =
    "\xe2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

// The example of C2SP tlog-cosignature; its keys are not known.
constexpr std::string_view kCheckpoint =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\xe2\x80\x94 example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\xe2\x80\x94 witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+"
    "mbIUBkBIfZ+qnA==\n";

std::string note_of(std::string_view text, std::string_view lines) {
  return std::string(text) + "\n" + std::string(lines);
}

TEST(Note, IsSignedAsGoSignsIt) {
  const auto key = parse_signer_key(kSigner);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->name, "PeterNeumann");
  EXPECT_EQ(signature_line(*key, kNoteText), kLine);
  EXPECT_EQ(format_verifier_key(verifier_of(*key)), kVerifier);
  EXPECT_EQ(format_signer_key(*key), kSigner);
}

TEST(Note, IsVerifiedAsGoVerifiesIt) {
  const auto key = parse_verifier_key(kVerifier);
  ASSERT_TRUE(key.ok());
  const auto note = parse_note(note_of(kNoteText, kLine));
  ASSERT_TRUE(note.ok());
  EXPECT_EQ(note->text, kNoteText);
  EXPECT_EQ(check_signature(*note, *key), Signed::Yes);
  VerifierKey other = *key;
  other.name = "PeterNewman";
  EXPECT_EQ(check_signature(*note, other), Signed::NotByThisKey);
}

TEST(Note, FailsWhenAnyByteOfItIsAnother) {
  const auto key = parse_verifier_key(kVerifier);
  const std::string good = note_of(kNoteText, kLine);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char flip : {'\x01', '\x20'}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      const auto note = parse_note(bad);
      EXPECT_FALSE(note.ok() && check_signature(*note, *key) == Signed::Yes) << i;
    }
  }
}

TEST(Note, WithAWrongSignatureBesideAGoodOneIsWorthNothing) {
  const auto key = parse_verifier_key(kVerifier);
  std::string wrong(kLine);
  wrong[wrong.size() - 10] = wrong[wrong.size() - 10] == 'A' ? 'B' : 'A';
  const auto note = parse_note(note_of(kNoteText, std::string(kLine) + wrong));
  ASSERT_TRUE(note.ok());
  EXPECT_EQ(check_signature(*note, *key), Signed::No);
}

TEST(Note, HasOneForm) {
  for (const std::string& bad : std::vector<std::string>{
           std::string(kNoteText), std::string(kNoteText) + "\n",
           note_of(kNoteText, kLine.substr(0, kLine.size() - 1)), note_of("", kLine),
           note_of("a\x01\n", kLine), note_of("\xff\n", kLine), note_of(kNoteText, "- a AAAAAAA=\n"),
           note_of(kNoteText, "\xe2\x80\x94 a AAAA\n"), note_of(kNoteText, "\xe2\x80\x94 a AAAAAB==\n"),
           note_of(kNoteText, "\xe2\x80\x94  AAAAAAA=\n"), note_of(kNoteText, "\xe2\x80\x94 a+b AAAAAAA=\n"),
           std::string(kNoteLimit, 'a') + note_of(kNoteText, kLine)}) {
    EXPECT_FALSE(parse_note(bad).ok()) << bad.substr(0, 200);
  }
  std::string many;
  for (std::size_t i = 0; i <= kNoteSignatures; ++i) many += kLine;
  EXPECT_FALSE(parse_note(note_of(kNoteText, many)).ok());
  EXPECT_EQ(parse_note(kCheckpoint)->signatures.size(), 2U);
  EXPECT_EQ(parse_note(note_of("a\n\nb\n", kLine))->text, "a\n\nb\n");
}

TEST(VerifierKey, IsRefusedWithTheReason) {
  std::string wrong_id(kVerifier);
  wrong_id[14] = '0';
  EXPECT_NE(parse_verifier_key(wrong_id).error().message.find("typing error"), std::string::npos);
  EXPECT_NE(parse_verifier_key(kSigner).error().message.find("private"), std::string::npos);
  for (const std::string_view bad : {"", "a", "a+b", "a+00000000+AAAA", "a b+c74f20a3+AAAA"}) {
    EXPECT_FALSE(parse_verifier_key(bad).ok()) << bad;
  }
  const VerifierKey rsa = make_verifier_key("x", static_cast<NoteAlgorithm>(2), std::string(32, 'k'));
  EXPECT_NE(parse_verifier_key(format_verifier_key(rsa)).error().message.find("algorithm"),
            std::string::npos);
  const VerifierKey witness = make_verifier_key("w", NoteAlgorithm::Cosignature, std::string(32, 'k'));
  EXPECT_EQ(*parse_verifier_key(format_verifier_key(witness)), witness);
}

TEST(SignerKey, IsRefusedWithoutRepeatingIt) {
  const std::string_view seed = kSigner.substr(kSigner.rfind('+') + 1);
  for (std::size_t i = 0; i < kSigner.size(); ++i) {
    std::string bad(kSigner);
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    const auto key = parse_signer_key(bad);
    if (key.ok()) {
      ADD_FAILURE() << "byte " << i;
    } else {
      EXPECT_EQ(key.error().message.find(seed.substr(4, 8)), std::string::npos);
    }
  }
}

TEST(Cosignature, StatesATime) {
  const SignerKey witness{"witness.example/w1", base::Secret(std::string(32, 'w'))};
  const VerifierKey key =
      make_verifier_key(witness.name, NoteAlgorithm::Cosignature, base::ed25519_public(witness.seed));
  const auto note = parse_note(std::string(kCheckpoint) +
                               cosignature_line(witness, parse_note(kCheckpoint)->text, 1'679'315'147));
  ASSERT_TRUE(note.ok());
  EXPECT_EQ(cosigned_at(*note, key), 1'679'315'147U);
  EXPECT_EQ(check_signature(*note, key), Signed::Yes);
  EXPECT_EQ(cosigned_at(*note, verifier_of(witness)), std::nullopt);
  Note later = *note;
  later.signatures.back().bytes[7] ^= 1;
  EXPECT_EQ(cosigned_at(later, key), std::nullopt);
}

TEST(Checkpoint, IsReadAsWritten) {
  const auto checkpoint = parse_checkpoint(parse_note(kCheckpoint)->text);
  ASSERT_TRUE(checkpoint.ok());
  EXPECT_EQ(checkpoint->origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint->size, 20'852'163U);
  EXPECT_EQ(base::to_hex(base::view(checkpoint->root)).substr(0, 8), "0ac5186a");
  EXPECT_EQ(format_checkpoint(*checkpoint), parse_note(kCheckpoint)->text);
}

TEST(Checkpoint, HasOneForm) {
  const std::string root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
  EXPECT_TRUE(parse_checkpoint("a\n0\n" + root).ok());
  EXPECT_EQ(parse_checkpoint("a\n1\n" + root + "an extension\n")->size, 1U);
  for (const std::string& bad :
       {std::string(), std::string("a\n"), "a\n01\n" + root, "a\n-1\n" + root, "a\n1 \n" + root,
        "\n1\n" + root, "a\n18446744073709551616\n" + root, "a\n1\n" + root.substr(4), "a\n1\n" + root + "\n",
        "a\n1\n" + root + "x", std::string("a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n")}) {
    EXPECT_FALSE(parse_checkpoint(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace postern::certs
