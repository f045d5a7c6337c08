// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/key_elsewhere.h"

#include <gtest/gtest.h>

namespace postern::certs {
namespace {

class KeyElsewhereFile : public testing::Test {
 protected:
  const bool ready_ = base::init_crypto().ok();
  const SignerKey key_{"postern/test", base::Secret(std::string(32, 'k'))};
  const std::string verifier_ = format_verifier_key(verifier_of(key_));
};

TEST_F(KeyElsewhereFile, HoldsTheVerifierKeyAndWhereThePrivatePartLies) {
  const std::string text = verifier_ + "\npkcs11:token=gateway;object=log\n";
  ASSERT_TRUE(is_key_elsewhere(text));
  const auto read = parse_key_elsewhere(text);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->verifier, verifier_of(key_));
  EXPECT_EQ(read->place, "pkcs11:token=gateway;object=log");
  EXPECT_EQ(format_key_elsewhere(*read), text);
}

TEST_F(KeyElsewhereFile, IsNothingElse) {
  EXPECT_FALSE(is_key_elsewhere(format_signer_key(key_) + "\n"));
  const std::string place = "pkcs11:token=a;object=b\n";
  for (const std::string& wrong :
       {std::string(), place, verifier_ + "\n", verifier_ + "\n" + place + "\n",
        verifier_ + "\n" + place + place, verifier_ + "\npkcs11:token=a;object=b", verifier_ + "\nfile:/a\n",
        format_signer_key(key_) + "\n" + place, "postern/test+00000000+AA==\n" + place})
    EXPECT_FALSE(parse_key_elsewhere(wrong).ok()) << wrong;
  const std::string witness = format_verifier_key(
      make_verifier_key("witness/w", NoteAlgorithm::Cosignature, base::ed25519_public(key_.seed)));
  EXPECT_EQ(parse_key_elsewhere(witness + "\n" + place).error().message,
            "the verifier key is a witness' and not a log's");
}

TEST_F(KeyElsewhereFile, MakesTheSameLineAsTheKeyItselfWould) {
  const std::string text = "postern/test\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
  EXPECT_EQ(line_of_signature(verifier_of(key_), base::ed25519_sign(key_.seed, text)),
            signature_line(key_, text));
}

}  // namespace
}  // namespace postern::certs
