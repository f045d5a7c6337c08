// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/kept_policies.h"

#include <fstream>

#include "tests/unit/ledger/house.h"

namespace postern::ledger {
namespace {

class KeptPoliciesInAFolder : public ::testing::Test {
 protected:
  static std::string hash_of(const std::string& text) { return "sha256:" + base::sha256_hex(text); }

  base::Status keep(const std::string& text) {
    std::optional<base::Status> kept;
    store.keep(hash_of(text), std::make_shared<const std::string>(text),
               [&](const base::Status& status) { kept = status; });
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!kept && std::chrono::steady_clock::now() < end) loop.turn();
    return kept.value_or(base::fail(base::Code::Internal, "it did not answer"));
  }
  bool kept(const std::string& text) const { return store.read(hash_of(text)).ok(); }

  audit::TemporaryFolder folder;
  FaultyFiles files;
  loop::Loop loop;
  KeptPolicies store{loop, files, folder.path()};
};

TEST_F(KeptPoliciesInAFolder, GiveBackWhatWasKept) {
  EXPECT_EQ(store.read(hash_of("one")).error().code, base::Code::NotFound);
  ASSERT_TRUE(keep("one").ok());
  ASSERT_TRUE(keep("two").ok());
  EXPECT_EQ(store.read(hash_of("one")).value(), "one");
  EXPECT_TRUE(kept("two"));
}

TEST_F(KeptPoliciesInAFolder, DoNotBelieveAFileThatIsNotWhatItsNameSays) {
  ASSERT_TRUE(keep("one").ok());
  const std::string path = folder.path() + "/policy/" + base::sha256_hex("one") + ".yaml";
  std::ofstream(path, std::ios::trunc) << "other";
  EXPECT_EQ(store.read(hash_of("one")).error().code, base::Code::Corrupt);
  ASSERT_TRUE(keep("one").ok()) << "whoever has the text mends it";
  EXPECT_EQ(store.read(hash_of("one")).value(), "one");
}

TEST_F(KeptPoliciesInAFolder, SayWhenTheDiskDoesNotTakeIt) {
  files.syncs_fail = true;
  EXPECT_FALSE(keep("one").ok());
  EXPECT_FALSE(store.read(hash_of("one")).ok()) << "nothing has its name before it is whole";
  files.syncs_fail = false;
  files.full = true;
  EXPECT_FALSE(keep("one").ok());
  files.full = false;
  EXPECT_TRUE(keep("one").ok());
}

TEST_F(KeptPoliciesInAFolder, RemoveWhatCountsNoMore) {
  ASSERT_TRUE(keep("one").ok());
  ASSERT_TRUE(keep("two").ok());
  store.keep_only({hash_of("two"), ""});
  EXPECT_FALSE(kept("one"));
  EXPECT_EQ(store.read(hash_of("two")).value(), "two");
}

}  // namespace
}  // namespace postern::ledger
