// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/pass.h"

#include "base/bytes.h"
#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

class PassTest : public ::testing::Test {
 protected:
  PassTest() : seed(std::string(32, 's')), key(base::ed25519_public(seed)) {}
  std::string text(const std::string& payload) const {
    return pass_text(payload, base::ed25519_sign(seed, signed_part(payload)));
  }
  const bool crypto_ready = base::init_crypto().ok();  // before the first Secret
  base::Secret seed;
  std::string key;
  const Pass pass{"01HZX3T9GQ0000000000000001", "alice", kNoon, kNoon + kDefaultPass};
};

TEST_F(PassTest, IsReadAsItWasMade) {
  const auto read = read_pass(text(pass_payload(pass)), key);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->id, pass.id);
  EXPECT_EQ(read->engineer, "alice");
  EXPECT_EQ(read->issued, pass.issued);
  EXPECT_EQ(read->expires, pass.expires);
}

TEST_F(PassTest, NoByteOfItMayBeChanged) {
  const std::string good = text(pass_payload(pass));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    if (bad != good) {
      EXPECT_FALSE(read_pass(bad, key).ok()) << i;
    }
  }
}

TEST_F(PassTest, AnotherKeyOrAnotherPurposeMakesNone) {
  const std::string payload = pass_payload(pass);
  EXPECT_FALSE(read_pass(text(payload), base::ed25519_public(base::Secret(std::string(32, 't')))).ok());
  EXPECT_FALSE(read_pass(pass_text(payload, base::ed25519_sign(seed, payload)), key).ok())
      << "signed without its first words";
  EXPECT_FALSE(read_pass(text(payload), "").ok());
}

TEST_F(PassTest, RubbishIsNone) {
  for (const char* bad :
       {"", "postern-pass-v1.", "postern-pass-v1..", "postern-pass-v1.e30", "postern-pass-v2.e30.e30"}) {
    EXPECT_FALSE(read_pass(bad, key).ok()) << bad;
  }
  EXPECT_FALSE(read_pass(std::string(5000, 'a'), key).ok());
  for (const char* payload : {"{}", "[]", "7", "{\"id\":\"x\",\"engineer\":\"alice\"}"}) {
    EXPECT_FALSE(read_pass(text(payload), key).ok()) << payload;
  }
}

}  // namespace
}  // namespace postern::ledger
