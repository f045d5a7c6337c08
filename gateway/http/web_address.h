// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An address of the web (RFC 3986) that certificates and the configuration name, taken apart: what it takes to go there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/http/authority.h"

namespace postern::http {

inline constexpr std::size_t kWebAddressLimit = 1024;  // bytes

struct WebAddress {
  bool https = false;
  Authority authority;  // the port is never 0
  std::string target;   // of the request line: begins with '/'
  bool operator==(const WebAddress&) const = default;
};

// "http://" or "https://", an authority, perhaps a path and a query of visible ASCII; no user, no fragment. Nothing
// otherwise, and for what is longer than kWebAddressLimit.
std::optional<WebAddress> parse_web_address(std::string_view url);

// What is sent as Host: the port only where it is not the scheme's own.
std::string host_to_send(const WebAddress& address);

}  // namespace postern::http
