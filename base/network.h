// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A range of addresses, as people write it (RFC 4632, RFC 4291 section 2.3): "192.0.2.0/24", "2001:db8::/32", or one
// address. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::base {

struct Network {
  std::array<std::uint8_t, 16> bytes{};  // IPv4 as ::ffff:a.b.c.d
  int prefix = 128;                      // bits of bytes that count
};

// Nothing if it is not one, or has bits beyond its prefix: those are a slip.
std::optional<Network> parse_network(std::string_view text);

// Whether the address, without a port and without brackets, lies in it. What is no address lies in none.
bool contains(const Network& network, std::string_view address);

// As whom limits count a client of that numeric address: the owner of an IPv6 network chooses freely among the addresses
// of a /64, so all of them are one. Of anything else, itself.
std::string origin_of(std::string_view address);

}  // namespace postern::base
