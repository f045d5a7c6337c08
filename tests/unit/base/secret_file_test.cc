// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/secret_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/file.h"

namespace postern::base {
namespace {

constexpr uid_t kSomebodyElse = 54321;

class SecretFile : public testing::Test {
 protected:
  SecretFile() {
    char name[] = "/tmp/postern-secret-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~SecretFile() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string made(const std::string& name, mode_t mode) const {
    EXPECT_TRUE(write_file(path(name), "secret", mode).ok());
    return path(name);
  }
  // "" or why it is refused.
  static std::string refused(const std::string& path, SecretPlace place = own_secret_place()) {
    const Result<UniqueFd> opened = open_secret_file(path, "a key", place);
    return opened.ok() ? std::string() : opened.error().message;
  }

 private:
  std::string folder_;
};

TEST_F(SecretFile, IsOpenedWhereItsOwnerAloneMayReadIt) {
  for (const mode_t mode : {0600U, 0400U, 0700U}) EXPECT_EQ(refused(made("a.key", mode)), "");
  for (const mode_t mode : {0640U, 0620U, 0604U, 0602U, 0644U, 0666U, 0610U}) {
    const std::string file = made("a.key", mode);
    EXPECT_EQ(refused(file), file + ": a key must be readable by its owner alone: chmod 600 " + file);
  }
}

TEST_F(SecretFile, IsARegularFile) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(refused(path("pipe")), path("pipe") + ": a key must be a regular file");
  EXPECT_EQ(refused("/dev/null"), "/dev/null: a key must be a regular file");
  EXPECT_EQ(refused(path("nothing")), path("nothing") + ": No such file or directory");
}

TEST_F(SecretFile, BelongsToRootOrToTheAccountThatUsesIt) {
  const std::string file = made("a.key", 0600);
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  EXPECT_EQ(refused(file, {kSomebodyElse}), "") << "root's is good for every account";
  ASSERT_EQ(::chown(file.c_str(), kSomebodyElse, 0), 0);
  EXPECT_EQ(refused(file, {kSomebodyElse}), "");
  EXPECT_EQ(refused(file, {kSomebodyElse + 1}),
            file +
                ": a key must belong to root or to the account with uid 54322, not to uid 54321, who could "
                "change it: chown 54322 " +
                file);
}

TEST_F(SecretFile, DoesNotLieWhereEverybodyMayPutAnotherOneInItsPlace) {
  std::filesystem::create_directories(path("open/own"));
  const std::string file = made("open/own/a.key", 0600);
  ASSERT_EQ(::chmod(path("open").c_str(), 0777), 0);
  EXPECT_EQ(refused(file), path("open") +
                               ": everybody may change this folder, and so put another file in the "
                               "place of a key: chmod o-w " +
                               path("open"));
  ASSERT_EQ(::chmod(path("open").c_str(), 01777), 0);
  EXPECT_EQ(refused(file), "") << "the sticky bit leaves each their own";
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give folders away";
  ASSERT_EQ(::chown(path("open/own").c_str(), kSomebodyElse, 0), 0);
  EXPECT_NE(refused(file).find(path("open/own") + ": a key must not lie in a folder of uid 54321"),
            std::string::npos);
}

TEST_F(SecretFile, IsJudgedWhereItIsAndWhereTheLinkToItIs) {
  std::filesystem::create_directory(path("open"));
  std::filesystem::create_directory(path("closed"));
  ASSERT_EQ(::chmod(path("open").c_str(), 0777), 0);
  made("closed/a.key", 0600);
  made("open/b.key", 0600);
  std::filesystem::create_symlink(path("closed/a.key"), path("open/link"));
  std::filesystem::create_symlink(path("open/b.key"), path("closed/link"));
  std::filesystem::create_symlink(path("closed/a.key"), path("good"));
  EXPECT_NE(refused(path("open/link")).find("everybody may change"), std::string::npos);
  EXPECT_NE(refused(path("closed/link")).find("everybody may change"), std::string::npos);
  EXPECT_EQ(refused(path("good")), "");
}

// systemd gives a unit's account its credentials by an access control list, whose mask stands in the group's place.
TEST_F(SecretFile, OfSystemdMayShowTheMaskOfItsListAsTheGroupsBits) {
  struct stat info {};
  info.st_mode = S_IFREG | 0440;
  EXPECT_EQ(open_to_others(info), 0U);
  info.st_gid = 4;
  EXPECT_EQ(open_to_others(info), 040U);
  info.st_gid = 0;
  info.st_uid = kSomebodyElse;
  EXPECT_EQ(open_to_others(info), 040U);
  info.st_uid = 0;
  for (const mode_t mode : {0460U, 0444U, 0441U}) {
    info.st_mode = S_IFREG | mode;
    EXPECT_NE(open_to_others(info), 0U) << mode;
  }
  if (::geteuid() != 0) GTEST_SKIP() << "only root owns what systemd passes";
  const std::string file = made("a.key", 0440);
  EXPECT_EQ(refused(file, {kSomebodyElse, true}), "");
  EXPECT_NE(refused(file, {kSomebodyElse, false}), "") << "a file of one's own is the owner's alone";
}

}  // namespace
}  // namespace postern::base
