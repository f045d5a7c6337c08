// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a browser was asked to have signed by a passkey. Each is good once, for a few minutes, for one purpose, and for
// the one browser or sign-in that asked: a signature that was made elsewhere opens nothing. Values only; time is given.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace postern::face {

class Challenges {
 public:
  static constexpr base::Nanos kLife = 300 * base::kSecond;
  static constexpr std::size_t kMost = 1'000;  // then the oldest is forgotten
  static constexpr std::size_t kMostOfOwner =
      20;  // likewise: nobody pushes out those of others by asking for many

  enum class Purpose { SignIn, Prove, Register };

  // owner: the address, or the sign-in, that asks. binding: what only that browser or sign-in has. Returns raw bytes.
  std::string issue(Purpose purpose, std::string_view owner, std::string_view binding, base::Nanos now);
  // Whether it is one; it is not afterwards, whatever the answer is.
  bool take(std::string_view challenge, Purpose purpose, std::string_view binding, base::Nanos now);
  std::size_t size() const { return issued_.size(); }

 private:
  struct Issued {
    std::string challenge, owner, binding;
    Purpose purpose = Purpose::SignIn;
    base::Nanos until = 0;
  };
  void make_room(std::string_view owner, base::Nanos now);
  std::deque<Issued> issued_;  // the oldest first
};

}  // namespace postern::face
