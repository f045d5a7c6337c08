// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "accounts/account.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace postern::accounts {
namespace {

constexpr base::Micros kNoon = 1'772'366'400'000'000;

Accounts full() {
  Accounts accounts;
  Account root{"root", Rank::Admin, "$argon2id$v=19$x", std::string(kHandleSize, 'h'), kNoon, {}, {}, {}};
  root.passkeys.push_back({std::string("\0id", 3), "Laptop \"A\"", "localhost", "\xA5key", 7, kNoon, 0});
  root.passkeys.push_back({"other", "Key", "console.example", "key", 0, kNoon, kNoon + 1});
  root.totp = Totp{std::string(kTotpSecretSize, 's'), 12};
  root.recovery = {base::sha256_hex("a"), base::sha256_hex("b")};
  accounts.list.push_back(root);
  accounts.list.push_back(
      {"eve", Rank::Auditor, "$argon2id$y", std::string(kHandleSize, 'e'), 0, {}, {}, {}});
  accounts.invitations.push_back({"01ARZ3NDEKTSV4RRFFQ69G5FAV", "bob", Rank::Auditor,
                                  base::sha256_hex("token"), "admin:root", kNoon, kNoon + 5});
  return accounts;
}

TEST(Accounts, AreReadAsTheyWereWritten) {
  const auto read = parse_accounts(format_accounts(full(), "01ARZ3NDEKTSV4RRFFQ69G5FAW"));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->accounts, full());
  EXPECT_EQ(read->event, "01ARZ3NDEKTSV4RRFFQ69G5FAW");
  EXPECT_EQ(parse_accounts(format_accounts({}, {}))->accounts, Accounts{});
}

TEST(Accounts, WithADoubledNameHandleOrPasskeyAreRefused) {
  Accounts names = full(), handles = full(), passkeys = full();
  names.list[1].name = "root";
  handles.list[1].handle = handles.list[0].handle;
  passkeys.list[1].passkeys = {passkeys.list[0].passkeys[0]};
  for (const Accounts& wrong : {names, handles, passkeys})
    EXPECT_FALSE(parse_accounts(format_accounts(wrong, {})).ok());
}

TEST(Accounts, OfAWrongFormAreRefusedWhole) {
  const std::string text = format_accounts(full(), {});
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    EXPECT_NE(changed.find(from), std::string::npos) << from;
    return changed.replace(changed.find(from), from.size(), to);
  };
  for (const std::string& wrong :
       {with("\"v\":1", "\"v\":2"), with("\"role\":\"admin\"", "\"role\":\"owner\""),
        with("$argon2id$v", "$1$v"), with("\"step\":12", "\"step\":-12"),
        with("\"counter\":7", "\"counter\":4294967296"), with("\"name\":\"Laptop", "\"name\":\"Lap\\ntop"),
        std::string("[]"), std::string("{}"), std::string()})
    EXPECT_FALSE(parse_accounts(wrong).ok()) << wrong;
}

TEST(Accounts, OfAProviderHaveNothingElseThatOpensAndAreOnePersons) {
  Accounts accounts = full();
  Account& one = accounts.list[1];
  one.password.clear();
  one.passkeys.clear();
  one.totp.reset();
  one.recovery.clear();
  EXPECT_FALSE(parse_accounts(format_accounts(accounts, {})).ok()) << "nothing opens it";
  one.provider = ProviderAccount{"https://corp.example", "a-1", Rank::Admin, true};
  one.locked = true;
  const auto read = parse_accounts(format_accounts(accounts, {}));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->accounts, accounts);
  EXPECT_EQ(read->accounts.find_provider("https://corp.example", "a-1")->name, one.name);
  EXPECT_EQ(read->accounts.find_provider("https://evil.example", "a-1"), nullptr);
  Accounts both = accounts, twice = accounts;
  both.list[1].password = "$argon2id$x";
  twice.list.push_back(twice.list[1]);
  twice.list.back().name = "another";
  twice.list.back().handle = std::string(kHandleSize, 'z');
  for (const Accounts& wrong : {both, twice}) EXPECT_FALSE(parse_accounts(format_accounts(wrong, {})).ok());
}

TEST(Accounts, OfAProviderMayBeCalledAsPeopleAreThere) {
  for (const char* good : {"alice@corp.example", "a.b+c@x", "7", "00u1"}) EXPECT_TRUE(is_provider_name(good));
  for (const char* bad : {"", "Alice", "a b", "@x", "uid-0", "a/b", "a\"b", "ä@x", "a%2f"})
    EXPECT_FALSE(is_provider_name(bad)) << bad;
  EXPECT_FALSE(is_provider_name(std::string(129, 'a')));
}

TEST(Accounts, ComeFromTheConfiguredListWithAHandleEach) {
  const auto accounts = parse_admins(
      R"({"admins":[{"name":"root","role":"admin","password":"$argon2id$x"},{"name":"eve","role":"auditor","password":"$argon2id$y"}]})");
  ASSERT_TRUE(accounts.ok()) << accounts.error().message;
  ASSERT_EQ(accounts->list.size(), 2U);
  EXPECT_EQ(accounts->list[0].rank, Rank::Admin);
  EXPECT_EQ(accounts->list[1].rank, Rank::Auditor);
  EXPECT_EQ(accounts->list[0].handle.size(), kHandleSize);
  EXPECT_NE(accounts->list[0].handle, accounts->list[1].handle);
  EXPECT_EQ(accounts->local_admins(), 1U);
}

TEST(Accounts, AreNotMadeFromAFaultyList) {
  EXPECT_FALSE(parse_admins(R"({"admins":[{"name":"root","role":"admin","password":"secret"}]})").ok());
  EXPECT_FALSE(parse_admins(R"({"admins":[{"name":"root","role":"owner","password":"$argon2id$x"}]})").ok());
  EXPECT_FALSE(parse_admins(R"({"admins":[{"name":"","role":"admin","password":"$argon2id$x"}]})").ok());
  EXPECT_FALSE(parse_admins(R"({"admins":[{"name":"a","role":"admin","password":"$argon2id$x"},)"
                            R"({"name":"a","role":"auditor","password":"$argon2id$x"}]})")
                   .ok());
  EXPECT_FALSE(parse_admins("[]").ok());
  EXPECT_FALSE(parse_admins("").ok());
}

TEST(Accounts, AreNamedInAWayThatCannotBeMistaken) {
  for (const char* good : {"a", "root", "a.b-c_d", "7of9"}) EXPECT_TRUE(is_account_name(good)) << good;
  for (const char* bad : {"", "Root", ".a", "a b", "a/b", "uid-0", "\xC3\xA4"})
    EXPECT_FALSE(is_account_name(bad)) << bad;
  EXPECT_FALSE(is_account_name(std::string(65, 'a')));
}

TEST(Accounts, FindAnInvitationByTheHashOfItsToken) {
  const Accounts accounts = full();
  ASSERT_NE(accounts.find_invitation(base::sha256_hex("token")), nullptr);
  EXPECT_EQ(accounts.find_invitation(base::sha256_hex("another")), nullptr);
  EXPECT_EQ(accounts.find_invitation(""), nullptr);
}

}  // namespace
}  // namespace postern::accounts
