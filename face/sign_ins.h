// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who is signed in. In memory only: a console that restarts asks again. The cookie's value is 32 random bytes; what is
// kept is their SHA-256, so that a core of this process is no set of keys.
//
// A sign-in keeps its id as long as it lives; its cookie is another one after each proof (OWASP ASVS 3.2.1). The one
// before stays good for kOldCookie, because requests that left with it are still on their way.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/account.h"
#include "base/clock.h"
#include "face/call.h"

namespace postern::face {

class SignIns {
 public:
  static constexpr base::Nanos kIdle = 30 * 60 * base::kSecond;
  static constexpr base::Nanos kAbsolute = 12 * 3600 * base::kSecond;
  static constexpr base::Nanos kOldCookie = 10 * base::kSecond;
  static constexpr std::size_t kMost = 1'000;  // then the one that was idle longest is ended

  struct Origin {
    std::string method;  // "password", "password and code", "passkey", ..
    std::string client;  // "192.0.2.7:50123"
    std::string user_agent;
    bool two_factors = false;
    std::string issuer = {}, subject = {}, sid = {};  // by a provider: whom it named, and its own session
  };
  // A new one; returns the cookie's value.
  std::string open(const accounts::Account& account, const Origin& origin, base::Nanos now,
                   base::Micros wall);
  // Who holds this cookie. Asking is a sign of life.
  std::optional<Identity> find(std::string_view cookie, base::Nanos now, base::Micros wall);
  bool alive(const std::string& session, base::Nanos now) const;
  std::string holder(const std::string& session, base::Nanos now) const;  // empty: it has ended
  // Its holder has proved again who they are; returns the value of the cookie that is good from now on. Empty: it has
  // ended.
  std::string prove(const std::string& session, bool two_factors, base::Nanos now);

  struct Shown {
    std::string id, admin;
    Origin origin;
    base::Micros since = 0, seen = 0;
  };
  std::vector<Shown> of(std::string_view admin, base::Nanos now) const;  // the newest first

  void close(const std::string& session);
  bool close_of(std::string_view admin, const std::string& session);  // false: the admin has no such sign-in
  std::size_t close_others(std::string_view admin, const std::string& except);
  // Whoever signed out at the provider: of its session if it names one, otherwise all of that person. Returns whose were ended.
  std::vector<std::string> close_departed(const std::string& issuer, const std::string& subject,
                                          const std::string& sid);
  // Those that a provider vouched for which is not asked any more.
  std::vector<std::string> close_of_others_than(const std::string& issuer);
  // Its holder is about to have this password: the sign-in outlives the change, the account's others do not.
  void expect_password(const std::string& session, const std::string& hash);
  // Ends those whose account is gone or locked, or has another rank or password. Returns whose were ended.
  std::vector<std::string> keep_only(const accounts::Accounts& accounts);

  // The secret that is being set up in an authenticator app, until it is confirmed. Empty: none.
  void set_totp_secret(const std::string& session, std::string secret);
  std::string totp_secret(const std::string& session) const;
  // An account whose second factor is new: its holder has shown it just now.
  void has_two_factors(const std::string& session);

  std::size_t size() const { return open_.size(); }

 private:
  struct Open {
    std::string admin, password, expected;
    accounts::Rank rank = accounts::Rank::Auditor;
    Origin origin;
    base::Micros since = 0, seen_wall = 0;
    base::Nanos opened = 0, seen = 0, proved = 0;
    std::string cookie, old_cookie;  // SHA-256, hexadecimal
    base::Nanos old_until = 0;
    std::string totp_secret;
  };
  using ById = std::map<std::string, Open, std::less<>>;
  static bool alive(const Open& open, base::Nanos now);
  Open* find_open(const std::string& session);
  ById::iterator end(ById::iterator at);
  template <typename Ends>
  std::vector<std::string> close_if(Ends ends);
  void make_room(base::Nanos now);
  ById open_;
  std::map<std::string, std::string, std::less<>> by_cookie_;  // SHA-256 of the cookie -> id
};

}  // namespace postern::face
