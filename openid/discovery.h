// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a provider says of itself (OpenID Connect Discovery 1.0 section 3), as far as we use it. Pure.
//
// The document is the issuer's only if it names exactly the issuer that it was asked for (section 4.3): that is what keeps
// one provider from passing for another. All addresses are https; that they lie on hosts which the configuration names is
// for whoever goes there to see.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gateway/http/authority.h"

namespace postern::openid {

inline constexpr std::size_t kDiscoveryLimit = 64U << 10U;  // bytes of the document
inline constexpr std::string_view kDiscoveryPath = "/.well-known/openid-configuration";

struct Address {
  http::Authority authority;  // the port is never 0
  std::string target;         // path, perhaps a query: of the request line
};
// https, a host, no user, no fragment, at most 2,048 bytes; nothing otherwise.
std::optional<Address> parse_address(std::string_view url);

struct Provider {
  std::string issuer;
  std::string authorization;  // as written: the browser goes there
  Address token, keys;
  std::string end_session;    // may be empty
  bool names_itself = false;  // says who it is in its answers (RFC 9207): one that does not is another's
  bool secret_in_field =
      true;  // takes the client's secret as client_secret_basic, else as client_secret_post
};

// Invalid, side Component, with a sentence.
base::Result<Provider> parse_discovery(std::string_view text, std::string_view issuer);

}  // namespace postern::openid
