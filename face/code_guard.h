// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How often the codes of one account may be tried, wherever from: six digits can be guessed by somebody who has the
// password and many addresses. What waits is the code after the password and nothing else; a passkey, and `postern admin`
// on the machine, let the account's owner in meanwhile. Values only; time is given.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace postern::face {

class CodeGuard {
 public:
  static constexpr int kFreeFailures = 5;
  static constexpr base::Nanos kFirstDelay = base::kSecond;  // doubles with each further failure
  static constexpr base::Nanos kLongestDelay = 300 * base::kSecond;
  static constexpr base::Nanos kForget = 24 * 3600 * base::kSecond;  // after the last failure

  // How long until a code of this account is looked at; 0: not at all.
  base::Nanos wait(std::string_view account, base::Nanos now) const;
  void failed(std::string_view account, base::Nanos now);  // of an account that there is: this is the bound
  void succeeded(std::string_view account);
  int failures(std::string_view account) const;

 private:
  struct Seen {
    int failures = 0;
    base::Nanos last = 0;
  };
  std::map<std::string, Seen, std::less<>> by_account_;
};

}  // namespace postern::face
