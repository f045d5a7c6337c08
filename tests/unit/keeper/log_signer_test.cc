// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A log's key that lies in a token (SoftHSM), and one that does not.
#include "gateway/keeper/log_signer.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "certs/checkpoint.h"
#include "certs/keeper_protocol.h"
#include "certs/key_elsewhere.h"
#include "gateway/keeper/key_ring.h"
#include "tests/unit/token/soft_token.h"

namespace postern::keeper {
namespace {

using token::SoftToken;

class LogSignerTest : public testing::Test {
 protected:
  void SetUp() override {
    soft_.add("log", "01", soft_.make_pair("ed25519", "log").key_pem);
    soft_.add("ec", "02", soft_.make_pair("P-256", "ec").key_pem);
    auto opened = token::Token::open(SoftToken::kModule, base::Secret(SoftToken::kPin), clock_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    token_ = *std::move(opened);
    const auto key = token_->find(uri_);
    ASSERT_TRUE(key.ok()) << key.error().message;
    const auto public_key = token_->ed25519_public(**key);
    ASSERT_TRUE(public_key.ok()) << public_key.error().message;
    verifier_ = certs::make_verifier_key("postern/test", certs::NoteAlgorithm::Ed25519, *public_key);
    file_ = certs::format_key_elsewhere({verifier_, uri_});
  }

  const bool ready_ = base::init_crypto().ok();
  const base::SystemClock clock_;
  const std::string uri_ = SoftToken::uri("object=log");
  SoftToken soft_;
  std::unique_ptr<token::Token> token_;
  certs::VerifierKey verifier_;
  std::string file_;
};

TEST_F(LogSignerTest, InATokenSignCheckpointsThatTheVerifierKeyVerifies) {
  KeyRing ring;
  const base::Status set = ring.set_log_key({"/keys/log.key", file_, 0}, token_.get());
  ASSERT_TRUE(set.ok()) << set.error().message;
  const std::string text = certs::format_checkpoint({"postern/test", 1, base::Sha256{}});
  const auto answer =
      certs::decode_answer(ring.handle(certs::encode_sign_checkpoint(1, text), {Peer::Ledger, ""}));
  ASSERT_TRUE(answer->done) << answer->payload;
  base::BinaryReader in(answer->payload);
  const auto note = certs::parse_note(text + "\n" + std::string(in.text()));
  ASSERT_TRUE(note.ok());
  EXPECT_EQ(certs::check_signature(*note, verifier_), certs::Signed::Yes);
}

TEST_F(LogSignerTest, InATokenAreTheVerifierKeysOrNone) {
  const auto refusal = [&](const std::string& text, token::Token* token) {
    const auto key = LogSigner::read(text, "/keys/log.key", token);
    return key.ok() ? std::string() : key.error().message;
  };
  EXPECT_EQ(refusal(file_, token_.get()), "");
  EXPECT_EQ(refusal(file_, nullptr),
            "/keys/log.key is no key for the log: " + uri_ + " lies in a token, and there is no module");
  const auto other =
      certs::make_verifier_key("postern/test", certs::NoteAlgorithm::Ed25519, std::string(32, 'x'));
  EXPECT_EQ(refusal(certs::format_key_elsewhere({other, uri_}), token_.get()),
            "/keys/log.key is no key for the log: " + uri_ +
                " is not the private part of the verifier key that stands before it");
  EXPECT_EQ(refusal(certs::format_key_elsewhere({verifier_, SoftToken::uri("object=ec")}), token_.get()),
            SoftToken::uri("object=ec") + " is a key of another kind");
  EXPECT_EQ(token_->ed25519_public(**token_->find(SoftToken::uri("object=ec"))).error().message,
            SoftToken::uri("object=ec") + " is no Ed25519 key");
}

TEST_F(LogSignerTest, AreHandedOverFromAFileToAToken) {
  KeyRing ring;
  const certs::SignerKey first{"postern/test", base::Secret(std::string(32, 'f'))};
  ASSERT_TRUE(ring.set_log_key({"/keys/log.key", certs::format_signer_key(first) + "\n", 0}).ok());
  ASSERT_TRUE(ring.set_next_log_key({"/keys/log.key.next", file_, 0}, token_.get()).ok());
  const auto answer = certs::decode_answer(ring.handle(certs::encode_successor_key(1), {Peer::Ledger, ""}));
  ASSERT_TRUE(answer->done);
  base::BinaryReader in(answer->payload);
  EXPECT_EQ(in.text(), certs::format_verifier_key(verifier_));
}

}  // namespace
}  // namespace postern::keeper
