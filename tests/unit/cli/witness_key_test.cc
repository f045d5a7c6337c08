// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/file.h"
#include "gateway/cli/witness.h"
#include "tests/unit/audit/temporary_folder.h"
#include "tests/unit/cli/run.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

TEST(WitnessKey, IsMadeOnceAndReadableByItsOwnerAlone) {
  ASSERT_TRUE(base::init_crypto().ok());
  const audit::TemporaryFolder folder;
  const std::string file = folder.path() + "/witness.key";
  const Ran made = run_postern({"--json", "audit", "witness-key", "--out", file});
  ASSERT_EQ(made.code, 0) << made.err;
  const auto verifier =
      certs::parse_verifier_key(base::json_text_or(base::parse_json(made.out).value(), "verifier_key", ""));
  ASSERT_TRUE(verifier.ok());
  EXPECT_EQ(verifier->algorithm, certs::NoteAlgorithm::Cosignature);
  EXPECT_TRUE(verifier->name.starts_with("witness/"));
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const std::string before = *base::read_file(file, 4096);
  const auto key = certs::parse_signer_key(std::string_view(before).substr(0, before.size() - 1));
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(base::ed25519_public(key->seed), verifier->public_key);
  const Ran again = run_postern({"audit", "witness-key", "--out", file});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("is not overwritten"));
  EXPECT_EQ(*base::read_file(file, 4096), before);
  EXPECT_EQ(made.out.find(before.substr(before.size() - 20, 19)), std::string::npos)
      << "the key is not shown";
}

TEST(WitnessKey, HasTheNameThatIsAskedFor) {
  const audit::TemporaryFolder folder;
  const Ran made =
      run_postern({"audit", "witness-key", "--name", "north.example/w1", "--out", folder.path() + "/a"});
  EXPECT_EQ(made.code, 0);
  EXPECT_THAT(made.out, HasSubstr("north.example/w1+"));
  EXPECT_EQ(run_postern({"audit", "witness-key", "--name", "a b", "--out", folder.path() + "/b"}).code, 2);
  EXPECT_EQ(run_postern({"audit", "witness-key"}).code, 2);
  EXPECT_EQ(run_postern({"audit", "witness-key", "--out", folder.path() + "/no/such"}).code, 1);
}

TEST(WitnessKey, OfALogIsNoWitnesss) {
  EXPECT_THAT(parse_witness_keys({"postern/test+a7fe4359+AYMgpRl32MOMqKSSfGcN9YIeRJdhlF4V6e+yahUJ0jDq"})
                  .error()
                  .message,
              HasSubstr("is the key of a log, not of a witness"));
  EXPECT_FALSE(parse_witness_keys({"x"}).ok());
  EXPECT_TRUE(parse_witness_keys({})->empty());
}

}  // namespace
}  // namespace postern::cli
