// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How often passwords may be tried. Each failure makes the address wait longer before its next attempt;
// failures from everywhere together make every address wait a few seconds, except those from which somebody
// has signed in before: whoever guesses from a thousand addresses cannot lock the admins out. The control
// socket asks for no password and is never slowed. Values only; time is given.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace postern::face {

class SignInGuard {
 public:
  static constexpr int kFreeFailures = 3;                    // mistyped
  static constexpr base::Nanos kFirstDelay = base::kSecond;  // doubles with each further failure
  static constexpr base::Nanos kLongestDelay = 300 * base::kSecond;
  static constexpr base::Nanos kForget = 3600 * base::kSecond;      // after the last failure
  static constexpr base::Nanos kTrust = 24 * 3600 * base::kSecond;  // an address, after a sign-in from it
  static constexpr int kFreeFailuresOfAll = 30;
  static constexpr base::Nanos kLongestDelayOfAll = 5 * base::kSecond;
  static constexpr base::Nanos kForgetOfAll = 60 * base::kSecond;
  static constexpr std::size_t kMostAddresses = 10'000;  // then the oldest failure is forgotten

  // How long this client ("address:port") has to wait before a password of it is looked at; 0: not at all.
  base::Nanos wait(std::string_view client, base::Nanos now);
  void failed(std::string_view client, base::Nanos now);
  void succeeded(std::string_view client, base::Nanos now);
  int failures(std::string_view client) const;  // since it last succeeded

 private:
  void make_room();
  struct Seen {
    int failures = 0;
    base::Nanos last = 0;     // failure
    base::Nanos trusted = 0;  // until then; 0: never
  };
  std::map<std::string, Seen, std::less<>> by_address_;
  Seen all_;
};

// What counts as one address: an IPv4 address, or the /64 that an IPv6 address is in. Without the port.
std::string address_of(std::string_view client);

}  // namespace postern::face
