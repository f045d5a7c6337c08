// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/account_file.h"

#include <sys/stat.h>

#include "tests/unit/ledger/house.h"

namespace postern::ledger {
namespace {

constexpr const char* kConfigured = R"({"admins":[{"name":"root","role":"admin","password":"$argon2id$x"}]})";
constexpr const char* kEvent = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const AccountFile::HasEvent kNone = [](std::string_view) { return false; };
const AccountFile::HasEvent kAll = [](std::string_view) { return true; };

class AccountFileTest : public ::testing::Test {
 protected:
  AccountFileTest() { EXPECT_TRUE(base::init_crypto().ok()); }
  audit::TemporaryFolder folder;
  FaultyFiles files;
  AccountFile file{files, folder.path()};

  accounts::Accounts with(const std::string& name) {
    accounts::Accounts accounts = file.open(kConfigured, kNone).value();
    accounts.list.push_back(accounts.list.front());
    accounts.list.back().name = name;
    accounts.list.back().handle = std::string(accounts::kHandleSize, 'x');
    return accounts;
  }
  bool has(const char* name, const AccountFile::HasEvent& has_event) {
    return file.open({}, has_event).value().find(name) != nullptr;
  }
};

TEST_F(AccountFileTest, BeginsWithTheConfiguredListAndThenForgetsIt) {
  ASSERT_TRUE(file.open(kConfigured, kNone).ok());
  struct stat info {};
  ASSERT_EQ(::stat((folder.path() + "/accounts.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto again = file.open(R"({"admins":[]})", kNone);
  ASSERT_TRUE(again.ok());
  EXPECT_NE(again->find("root"), nullptr) << "the file counts, not the list";
}

TEST_F(AccountFileTest, AfterAStopAChangeIsThereIfItsEventIs) {
  ASSERT_TRUE(file.prepare(with("bob"), kEvent).ok());
  EXPECT_TRUE(has("bob", kAll)) << "recorded, not yet in place";
  ASSERT_TRUE(file.prepare(with("eve"), kEvent).ok());
  EXPECT_FALSE(has("eve", kNone)) << "prepared, never recorded";
  EXPECT_FALSE(has("eve", kAll)) << "and forgotten";
}

TEST_F(AccountFileTest, ThatIsDamagedStopsTheLedgerWithTheRemedy) {
  ASSERT_TRUE(file.open(kConfigured, kNone).ok());
  std::FILE* damaged = std::fopen((folder.path() + "/accounts.json").c_str(), "w");
  ASSERT_NE(damaged, nullptr);
  std::fclose(damaged);
  const auto opened = file.open(kConfigured, kNone);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, base::Code::Corrupt);
  EXPECT_NE(opened.error().message.find("restore it"), std::string::npos);
}

// Killed at each step in turn: either the accounts before or those after, never none.
TEST_F(AccountFileTest, IsWholeWhereverItWasKilled) {
  const accounts::Accounts next = with("bob");
  for (std::int64_t steps = 0; steps < 8; ++steps) {
    files.die_after(steps);
    base::Status made = file.prepare(next, kEvent);
    if (made.ok()) made = file.adopt();
    files.revive();
    const auto found = file.open(kConfigured, kAll);
    ASSERT_TRUE(found.ok()) << steps << ": " << found.error().message;
    EXPECT_NE(found->find("root"), nullptr) << steps;
    EXPECT_TRUE(!made.ok() || found->find("bob") != nullptr) << steps;
  }
}

class AccountsOfALedger : public House {
 protected:
  void SetUp() override {
    stop();
    configured = kConfigured;
    start();
  }
  base::Json add(const std::string& name) {
    return {{"command", "admin.add"}, {"name", name}, {"role", "auditor"}, {"password", "$argon2id$y"}};
  }
};

TEST_F(AccountsOfALedger, AreToldToTheConsoleBeforeItIsAnswered) {
  until([&] { return console->accounts.find("root") != nullptr; });
  admin(add("bob"));
  EXPECT_NE(console->accounts.find("bob"), nullptr);
  EXPECT_EQ(logged("admin.added").size(), 1U);
  EXPECT_TRUE(enforcer->accounts.list.empty()) << "an enforcer knows no admin";
}

TEST_F(AccountsOfALedger, AreTheSameAfterAStop) {
  admin(add("bob"));
  stop();
  configured = R"({"admins":[]})";
  start();
  until([&] { return console->accounts.find("bob") != nullptr; });
  EXPECT_NE(console->accounts.find("root"), nullptr);
}

TEST_F(AccountsOfALedger, AreChangedOneAfterTheOther) {
  const std::uint64_t first = console->command(by_admin(add("one")));
  const std::uint64_t same = console->command(by_admin(add("one")));
  const std::uint64_t other = console->command(by_admin(add("two")));
  until([&] { return console->answers.count(other) > 0; });
  EXPECT_TRUE(console->answers[first].ok);
  EXPECT_FALSE(console->answers[same].ok);
  EXPECT_TRUE(console->answers[other].ok);
  EXPECT_EQ(console->accounts.list.size(), 3U);
}

TEST_F(AccountsOfALedger, OneActorDoesNotKeepAnotherFromAChange) {
  std::vector<std::uint64_t> asked;
  for (int i = 0; i < 50; ++i) asked.push_back(console->command(by_admin(add("a" + std::to_string(i)))));
  base::Json other = by_admin(add("bob"));
  other["actor"] = "admin:other";
  const std::uint64_t id = console->command(other);
  until([&] { return console->answers.count(id) > 0 && console->answers.count(asked.back()) > 0; });
  EXPECT_TRUE(console->answers[id].ok);
  const auto taken =
      std::count_if(asked.begin(), asked.end(), [&](auto one) { return console->answers[one].ok; });
  EXPECT_GE(taken, Ledger::kAccountOrdersOfOne);
  EXPECT_LT(taken, 50);
}

TEST_F(AccountsOfALedger, StayAsTheyAreOnAFullDisk) {
  files.full = true;
  const auto given = answer(*console, by_admin(add("bob")));
  EXPECT_FALSE(given.ok);
  files.full = false;
  until([&] {
    turn(base::kSecond);
    return console->writable;
  });
  EXPECT_EQ(console->accounts.find("bob"), nullptr);
  stop();
  start();
  until([&] { return console->accounts.find("root") != nullptr; });
  EXPECT_EQ(console->accounts.find("bob"), nullptr);
}

TEST_F(AccountsOfALedger, AreNoBusinessOfAnEnforcer) {
  enforcer->command(by_admin(add("bob")));
  until([&] { return enforcer->closed; });
  EXPECT_EQ(logged("admin.added").size(), 0U);
}

}  // namespace
}  // namespace postern::ledger
