// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a token whose signature is good must say before it is believed: OpenID Connect Core 1.0 section 3.1.3.7, Back-Channel
// Logout 1.0 section 2.6. Pure. Stricter than those: we are its only audience, it is young, and no text in it is
// longer than ours are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace postern::openid {

inline constexpr base::Micros kTokenAge = 600 * base::kWallSecond;  // since it was issued, at most
inline constexpr std::size_t kClaimLimit = 255;  // bytes of one text (Core 1.0 section 2: of sub)
inline constexpr std::size_t kMostGroups = 1000, kMostProofs = 32;  // of groups, and of amr

struct Expected {
  std::string issuer, client_id;
  std::string nonce;  // of an ID token
  base::Micros now = 0, skew = 0;
  base::Micros max_age = 0;           // since the person proved who they are; 0: any
  std::vector<std::string> acr = {};  // one of them is needed; empty: any
  std::vector<std::string> amr = {};  // all of them are needed
  std::string groups_claim = "groups";
};

struct Person {
  std::string subject, sid;  // sid, of the provider's session, may be empty, and so may all below
  std::string email;         // only if the provider says that it has verified it
  std::string preferred_username, acr;
  std::vector<std::string> amr, groups;
  bool operator==(const Person&) const = default;
};

struct Departure {
  std::string subject, sid;  // one of them may be empty
  std::string id;            // of the token: it counts once
};

// Invalid, side Client, with a sentence about the token, for the log and for people.
base::Result<Person> judge_id_token(const base::Json& claims, const Expected& expected);
base::Result<Departure> judge_logout_token(const base::Json& claims, const Expected& expected);

}  // namespace postern::openid
