// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/new_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace postern::cli {
namespace {

// Root alone can give anything away: anybody else gives to themselves.
struct Given : testing::Test {
  std::filesystem::path top;
  const proc::Account account =
      proc::is_root() ? *proc::find_account("nobody") : proc::Account{::geteuid(), ::getegid(), "me"};

  void SetUp() override {
    char name[] = "/tmp/postern-new-XXXXXX";
    top = ::mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(top); }

  std::string path(const std::string& name) const { return (top / name).string(); }
  uid_t owner_of(const std::string& name) const {
    struct stat info {};
    EXPECT_EQ(::lstat(path(name).c_str(), &info), 0) << name;
    return info.st_uid;
  }
};

TEST_F(Given, FoldersAreTheAccountsOnceAllIsMadeInThem) {
  NewFolder made(account);
  ASSERT_TRUE(made.make_folder(path("gateway"), 0755).ok());
  ASSERT_TRUE(made.make_folder(path("gateway/keys"), 0700).ok());
  ASSERT_TRUE(made.write(path("gateway/keys/log.key"), "a secret", 0600).ok());
  EXPECT_EQ(owner_of("gateway"), ::geteuid()) << "whoever is the account could put a link into it";
  EXPECT_EQ(owner_of("gateway/keys"), ::geteuid());
  ASSERT_TRUE(made.keep().ok());
  for (const char* name : {"gateway", "gateway/keys", "gateway/keys/log.key"})
    EXPECT_EQ(owner_of(name), account.uid) << name;
}

TEST_F(Given, NothingIsThatALinkInAFoldersPlaceLeadsTo) {
  ASSERT_EQ(::mkdir(path("secrets").c_str(), 0700), 0);
  {
    NewFolder made(account);
    ASSERT_TRUE(made.make_folder(path("keys"), 0755).ok());
    ASSERT_EQ(::rmdir(path("keys").c_str()), 0);
    ASSERT_EQ(::symlink(path("secrets").c_str(), path("keys").c_str()), 0);
    EXPECT_FALSE(made.keep().ok());
  }
  EXPECT_EQ(owner_of("secrets"), ::geteuid());
  EXPECT_EQ(owner_of("keys"), ::geteuid()) << "nor the link";
}

}  // namespace
}  // namespace postern::cli
