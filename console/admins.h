// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who may sign in to the console, and who is signed in. The accounts are those of admins.json, which `postern
// init` writes:
//
//   {"admins": [{"name": "admin", "role": "admin", "password": "$argon2id$..."}]}       role: "admin" or
//   "auditor"
//
// Sign-ins live in memory only: a console that restarts asks again. The cookie's value is 32 random bytes;
// what is kept is their SHA-256, so that a core of this process is no set of keys.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "console/call.h"

namespace postern::console {

inline constexpr std::string_view kAdminCookie = "__Host-postern-admin";

struct Account {
  std::string name;
  Rank rank = Rank::Auditor;
  std::string password_hash;  // Argon2id, PHC string format
};
// Every account, or what is wrong with the file.
base::Result<std::vector<Account>> parse_accounts(std::string_view admins_json);

class SignIns {
 public:
  static constexpr base::Nanos kIdle = 30 * 60 * base::kSecond;
  static constexpr base::Nanos kAbsolute = 12 * 3600 * base::kSecond;
  static constexpr std::size_t kMost = 1'000;  // then the one that was idle longest is ended

  // A new one; returns the cookie's value.
  std::string open(const Account& account, base::Nanos now, base::Micros wall);
  // Who holds this cookie. Asking is a sign of life.
  std::optional<Identity> find(std::string_view cookie, base::Nanos now);
  bool alive(const std::string& session, base::Nanos now) const;
  void close(const std::string& session);
  // Ends those whose account is gone, or has another rank or password.
  void keep_only(const std::vector<Account>& accounts);
  std::size_t size() const { return open_.size(); }

 private:
  struct Open {
    Account account;
    base::Micros since = 0;
    base::Nanos opened = 0, seen = 0;
  };
  static bool alive(const Open& open, base::Nanos now);
  void make_room(base::Nanos now);
  std::map<std::string, Open, std::less<>> open_;  // by the SHA-256 of the cookie, in hexadecimal
};

}  // namespace postern::console
