// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a proxy demands in the Proxy-Authenticate fields of its 407 (RFC 9110 section 11.3), and what answers it: Basic
// (RFC 7617), or Digest (RFC 7616) with SHA-256 or MD5, their -sess forms, and qop auth. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "gateway/http/fields.h"

namespace postern::link {

struct ProxyChallenge {
  std::string scheme;                                           // lower case
  std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case, values unquoted
  std::string_view find(std::string_view name) const;           // empty: it is not there
};
inline constexpr std::size_t kMostChallenges = 16;  // of one answer, and parameters of one challenge
// All of the head's. Invalid if they are not well formed, or a parameter stands twice in one.
base::Result<std::vector<ProxyChallenge>> parse_challenges(const http::Fields& fields);

// The demand that is answered.
struct ProxyDemand {
  enum class Scheme : std::uint8_t { Basic, Sha256, Md5 };
  Scheme scheme = Scheme::Basic;
  bool session = false;   // Digest's -sess
  bool userhash = false;  // the user's name goes as a hash
  bool stale = false;     // what was answered before was right, but for the nonce's age
  std::string realm, nonce, opaque;
};
// The strongest of those that can be answered: Digest with SHA-256, with MD5, Basic. Denied, in a sentence about "it", if
// none can.
base::Result<ProxyDemand> choose_demand(const std::vector<ProxyChallenge>& challenges);

struct ProxyQuestion {
  std::string_view method, uri;     // "CONNECT", "host:port"
  std::string_view user, password;  // no control characters; the user has no colon
  std::string_view client_nonce;    // of ours, printable, without quotes
  std::uint32_t count = 1;          // how often the demand's nonce was used, with this time
};
// The value of Proxy-Authorization; the caller wipes it.
base::Result<std::string> answer_demand(const ProxyDemand& demand, const ProxyQuestion& question);

}  // namespace postern::link
