// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/log_keys.h"

#include <gmock/gmock.h>

#include "base/crypto.h"

namespace postern::ledger {
namespace {

using ::testing::HasSubstr;

class LogKeysOfALog : public ::testing::Test {
 protected:
  const bool ready_ = base::init_crypto().ok();  // before the first Secret
  static certs::SignerKey signer(char seed) { return {"postern/test", base::Secret(std::string(32, seed))}; }
  static certs::VerifierKey key(char seed) { return certs::verifier_of(signer(seed)); }
  static std::string text(char seed) { return certs::format_verifier_key(key(seed)); }
  static certs::Handover handover(char from, char to, std::uint64_t size) {
    return {{"postern/test", size, {}}, key(from), key(to)};
  }
  static audit::SignedCheckpoint checkpoint(char by, std::uint64_t size) {
    const std::string head = certs::format_checkpoint({"postern/test", size, {}});
    return *audit::parse_signed_checkpoint(head + "\n" + certs::signature_line(signer(by), head),
                                           "checkpoint");
  }
};

TEST_F(LogKeysOfALog, TheKeyThatTheKeeperHasSignsUntilItIsHandedOver) {
  LogKeys keys({});
  EXPECT_EQ(*keys.signing(text('a'), "", {}), key('a'));
  EXPECT_EQ(*keys.signing(text('a'), text('b'), checkpoint('a', 5)), key('a'));
  keys.add(handover('a', 'b', 5));
  EXPECT_EQ(*keys.signing(text('a'), text('b'), checkpoint('a', 5)), key('b'));
  EXPECT_EQ(*keys.signing(text('a'), text('b'), checkpoint('b', 9)), key('b'));
  EXPECT_EQ(*keys.signing(text('b'), "", checkpoint('a', 5)), key('b'));
  EXPECT_EQ(*keys.signing(text('b'), text('c'), checkpoint('b', 9)), key('b'));
}

TEST_F(LogKeysOfALog, NobodySignsWhenTheSuccessorIsNotThere) {
  const LogKeys keys({handover('a', 'b', 5)});
  for (const std::string& successor : {std::string(), text('c')}) {
    const auto refused = keys.signing(text('a'), successor, checkpoint('a', 5));
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().message,
                HasSubstr("handed over to the key " + text('b') + ": put that back"));
  }
}

TEST_F(LogKeysOfALog, NobodySignsOnWhatAnotherKeySigned) {
  const LogKeys keys({handover('a', 'b', 5)});
  EXPECT_FALSE(keys.signing(text('c'), "", checkpoint('b', 9)).ok());
  EXPECT_FALSE(keys.signing(text('b'), "", checkpoint('a', 9)).ok()) << "beyond its time";
  EXPECT_EQ(keys.signing("", "", {}).error().code, base::Code::Unavailable);
  EXPECT_FALSE(keys.signing("nonsense", "", {}).ok());
}

}  // namespace
}  // namespace postern::ledger
