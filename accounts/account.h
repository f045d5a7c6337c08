// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who may sign in to a face (a gateway's console, Mission Control), what proves it, and who is invited. Values only: orders
// change them (accounts/orders.h), a gateway's ledger and Mission Control's store keep them, the face verifies against them.
//
// Two texts. The list that `postern init` writes, from which the first accounts come:
//
//   {"admins": [{"name": "admin", "role": "admin", "password": "$argon2id$..."}]}       role: "admin" or "auditor"
//
// and what the ledger keeps in its state directory and sends to the console; times are RFC 3339, bytes are base64url,
// hashes hexadecimal, * may be missing:
//
//   {"v":1, "event":ULID*, "accounts":[{"name","role","password","handle","added"*,
//     "locked":true*, "openid":{"issuer","subject","most":role,"lowered":true*}*,
//     "passkeys":[{"id","name","rp","key","counter","added","used"*}], "totp":{"secret","step"}*, "recovery":[SHA-256..]}],
//    "invitations":[{"id","name","role","token_sha256","by","created","expires"}]}
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace postern::accounts {

// An auditor reads and changes nothing. An operator, of whom only Mission Control has some, does the day's work.
enum class Rank : std::uint8_t { Auditor, Operator, Admin };
// What each is called, by its number; empty: there is none of it. Files, answers and orders know these words alone.
struct Ranks {
  std::array<std::string_view, 3> words;
};
inline constexpr Ranks kAdminRanks{{"auditor", "", "admin"}};                  // of a gateway's console
inline constexpr Ranks kPeopleRanks{{"viewer", "operator", "administrator"}};  // of Mission Control
std::string_view to_text(Rank rank, const Ranks& ranks = kAdminRanks);
std::optional<Rank> parse_rank(std::string_view text, const Ranks& ranks = kAdminRanks);
std::string listed(const Ranks& ranks);  // "auditor or admin", for sentences

inline constexpr std::size_t kMostAccounts = 200;
inline constexpr std::size_t kMostPasskeys = 20;  // of one account
inline constexpr std::size_t kMostInvitations = 100;
inline constexpr std::size_t kLongestName = 128;         // bytes, of an account that was configured
inline constexpr std::size_t kLongestPasskeyName = 64;   // bytes
inline constexpr std::size_t kLongestCredential = 1023;  // bytes of a credential id (WebAuthn section 4)
inline constexpr std::size_t kLongestKey = 2048;         // bytes of a COSE key: an RSA key of 8192 bits fits
inline constexpr std::size_t kMostRecoveryCodes = 20;
inline constexpr std::size_t kTotpSecretSize = 20;        // bytes, as RFC 4226 section 4 recommends
inline constexpr std::size_t kHandleSize = 32;            // bytes of a WebAuthn user handle
inline constexpr std::size_t kAccountsLimit = 8U << 20U;  // bytes of the file

struct Passkey {
  std::string id;    // the credential's, raw
  std::string name;  // as its owner calls it
  std::string rp;    // host name for which it was made: it answers to no other
  std::string key;   // COSE, raw
  std::uint32_t counter = 0;
  base::Micros added = 0, used = 0;  // used: 0 is never
  bool operator==(const Passkey&) const = default;
};

struct Totp {
  std::string secret;      // kTotpSecretSize bytes
  std::int64_t step = -1;  // the last one that was used: it and those before it are spent
  bool operator==(const Totp&) const = default;
};

// Whose account it is at the identity provider: never another person's, whatever they are called there.
struct ProviderAccount {
  std::string issuer, subject;
  Rank most = Rank::Auditor;  // what its groups gave when it last came in
  bool lowered = false;       // an admin has made it an auditor, whatever its groups give
  bool operator==(const ProviderAccount&) const = default;
};

struct Account {
  std::string name;
  Rank rank = Rank::Auditor;
  std::string password;  // Argon2id hash, PHC string format; empty: of a provider's account
  std::string
      handle;  // kHandleSize random bytes: names the account to an authenticator, and nobody else knows it
  base::Micros added = 0;
  std::vector<Passkey> passkeys;
  std::optional<Totp> totp;
  std::vector<std::string> recovery;             // SHA-256 of each code that is left, in hexadecimal
  bool locked = false;                           // nobody signs in to it
  std::optional<ProviderAccount> provider = {};  // then it has no password, passkey, app or code of its own
  bool operator==(const Account&) const = default;
};

struct Invitation {
  std::string id, name;
  Rank rank = Rank::Auditor;
  std::string token_sha256;  // hexadecimal
  std::string by;
  base::Micros created = 0, expires = 0;
  bool operator==(const Invitation&) const = default;
};

struct Accounts {
  std::vector<Account> list;
  std::vector<Invitation> invitations;
  bool operator==(const Accounts&) const = default;

  const Account* find(std::string_view name) const;
  Account* find(std::string_view name);
  const Account* find_handle(std::string_view handle) const;
  const Invitation* find_invitation(std::string_view token_sha256) const;
  const Account* find_provider(std::string_view issuer, std::string_view subject) const;
  // Admins who come in whatever becomes of a provider: neither its accounts nor locked.
  std::size_t local_admins() const;
};

// The configured list; Invalid says what is wrong with it. Each account gets a handle.
base::Result<Accounts> parse_admins(std::string_view admins_json, const Ranks& ranks = kAdminRanks);

// event: the id of the event that tells of the newest change; may be empty.
std::string format_accounts(const Accounts& accounts, std::string_view event,
                            const Ranks& ranks = kAdminRanks);
struct AccountsText {
  Accounts accounts;
  std::string event;
};
base::Result<AccountsText> parse_accounts(std::string_view text,
                                          const Ranks& ranks = kAdminRanks);  // Invalid

// 1 to 64 of a-z, 0-9, dot, underscore and hyphen, beginning with a letter or digit; not "uid-..", which is how the
// log names the users of the machine. Configured names may be any short text.
bool is_account_name(std::string_view name);
// As a provider may call one: that, of up to kLongestName, and with @ and + too.
bool is_provider_name(std::string_view name);
// Printable UTF-8 of 1 to limit bytes.
bool is_label(std::string_view text, std::size_t limit);
// What an account can be bound to: issuer and subject as a provider says them.
bool is_provider_text(std::string_view text);
bool is_local_admin(const Account& account);
bool is_password_hash(std::string_view text);  // has the form of an Argon2id hash

}  // namespace postern::accounts
