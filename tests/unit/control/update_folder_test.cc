// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/control/update_folder.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "mission/control/update_keys.h"

namespace postern::mission {
namespace {

using ::testing::HasSubstr;

constexpr base::Micros kFolderNow = 1'800'000'000LL * base::kWallSecond,
                       kFolderDay = 86'400LL * base::kWallSecond;

class UpdateFolderTest : public testing::Test {
 protected:
  UpdateFolderTest() {
    EXPECT_TRUE(base::init_crypto().ok());
    char name[] = "/tmp/update_folder_XXXXXX";
    directory = ::mkdtemp(name);
    folder.emplace(directory + "/updates");
    std::ofstream(directory + "/p-2.tar.gz") << "bytes";
  }
  ~UpdateFolderTest() override { std::filesystem::remove_all(directory); }

  static base::Secret seed(char which) { return base::Secret(std::string(32, which)); }
  static std::vector<base::Secret> seeds(std::string_view which) {
    std::vector<base::Secret> out;
    for (const char each : which) out.push_back(seed(each));
    return out;
  }
  static UpdateFolder::Keys keys(std::string_view which, std::int64_t threshold = 1) {
    UpdateFolder::Keys out{{}, threshold};
    for (const char each : which) out.public_keys.push_back(base::ed25519_public(seed(each)));
    return out;
  }
  base::Result<std::int64_t> first_root(std::string_view by = "ab") {
    return folder->make_root(
        {{"root", keys("ab", 2)}, {"targets", keys("t")}, {"snapshot", keys("s")}, {"timestamp", keys("s")}},
        kFolderNow + 365 * kFolderDay, seeds(by));
  }
  base::Status add(const std::string& version) {
    update::Target target;
    target.name = "p-2.tar.gz";
    target.of = "prometheus";
    target.version = version;
    return folder->add(directory + "/p-2.tar.gz", target);
  }
  base::Result<update::Trust> sign(std::string_view by, base::Micros now = kFolderNow) {
    return folder->sign({now + 300 * kFolderDay, now + 90 * kFolderDay, now + 14 * kFolderDay},
                        now + 7 * kFolderDay, seeds(by), now);
  }

  std::string directory;
  std::optional<UpdateFolder> folder;
};

TEST_F(UpdateFolderTest, SignsOnlyWhatIsNew) {
  ASSERT_EQ(first_root().value(), 1);
  ASSERT_TRUE(add("2.0.0").ok());
  EXPECT_THAT(sign("s").error().message, HasSubstr("--key")) << "the targets' key is not there";
  const auto first = sign("ts");
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->targets()->targets.at("p-2.tar.gz").length, 5);
  // The online key alone renews the timestamp.
  const auto renewed = sign("s");
  ASSERT_TRUE(renewed.ok()) << renewed.error().message;
  EXPECT_EQ(renewed->timestamp()->version, 2);
  EXPECT_EQ(renewed->snapshot()->version, 1);
  ASSERT_TRUE(add("2.0.1").ok());
  const auto next = sign("ts");
  EXPECT_EQ(next->targets()->version, 2);
  EXPECT_EQ(next->snapshot()->version, 2);
  EXPECT_FALSE(folder->open()->look(kFolderNow));
}

TEST_F(UpdateFolderTest, MakesNoRootThatIsNotSignedByEnough) {
  EXPECT_FALSE(first_root("a").ok());
  EXPECT_NE(::access(folder->first_root().c_str(), F_OK), 0);
}

TEST_F(UpdateFolderTest, RotatesKeysWithOldAndNewSignatures) {
  ASSERT_TRUE(first_root().ok());
  ASSERT_TRUE(add("2.0.0").ok());
  ASSERT_TRUE(sign("ts").ok());
  const UpdateFolder::Roles other{{"root", keys("bc", 2)}, {"targets", keys("u")}};
  EXPECT_FALSE(folder->make_root(other, kFolderNow + 300 * kFolderDay, seeds("bc")).ok());
  ASSERT_EQ(folder->make_root(other, kFolderNow + 300 * kFolderDay, seeds("abc")).value(), 2);
  EXPECT_FALSE(sign("ts").ok());
  const auto signed_anew = sign("us");
  ASSERT_TRUE(signed_anew.ok()) << signed_anew.error().message;
  EXPECT_EQ(signed_anew->root().version, 2);
  EXPECT_EQ(signed_anew->targets()->version, 2);
}

TEST_F(UpdateFolderTest, RefusesArtefactsThatCannotBe) {
  std::ofstream(directory + "/empty") << "";
  update::Target target;
  target.name = "empty";
  target.of = "prometheus";
  target.version = "1";
  EXPECT_THAT(folder->add(directory + "/empty", target).error().message, HasSubstr("empty"));
  EXPECT_FALSE(folder->add(directory + "/missing", target).ok());
  EXPECT_FALSE(add("../1").ok());
}

TEST_F(UpdateFolderTest, KeysAreForTheirOwnerAndAPassphrase) {
  const std::string path = directory + "/a.key", passphrase = directory + "/passphrase";
  const auto made = make_update_key(path, "a long passphrase");
  ASSERT_TRUE(made.ok()) << made.error().message;
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(read_update_public(path + ".pub").value(), *made);
  ASSERT_TRUE(base::write_file(passphrase, "a long passphrase\n", 0600).ok());
  EXPECT_EQ(base::ed25519_public(read_update_key(path, passphrase).value()), *made);
  ASSERT_TRUE(base::write_file(passphrase, "another passphrase\n", 0600).ok());
  EXPECT_FALSE(read_update_key(path, passphrase).ok());
  EXPECT_FALSE(make_update_key(path, "").ok()) << "it is there already";
  ASSERT_TRUE(make_update_key(directory + "/b.key", "").ok());
  ::chmod((directory + "/b.key").c_str(), 0644);
  EXPECT_FALSE(read_update_key(directory + "/b.key", "").ok());
}

}  // namespace
}  // namespace postern::mission
