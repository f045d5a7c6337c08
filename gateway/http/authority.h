// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// host[:port] (RFC 3986 section 3.2, without user information): what Host, an absolute target, Origin and our
// own configuration name.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace postern::http {

struct Authority {
  std::string host;        // lower case; an IPv6 address stands in its brackets, as it was written
  std::uint16_t port = 0;  // 0: none was given

  bool operator==(const Authority&) const = default;
};

// A registered name of letters, digits, '-', '.' and '_' (labels of 1 to 63 bytes, 253 in all, one final dot
// is not accepted), an IPv4 address, or an IPv6 literal in brackets (no zone). The port, if there is a colon,
// is 1 to 65535 without leading zeros.
std::optional<Authority> parse_authority(std::string_view text);
// The same judgement without building one.
bool is_authority(std::string_view text);

// Whether text names one of ours: hosts are compared without regard to case. A port of 0 in ours matches any
// port; a text without port stands for default_port.
bool names_one_of(std::span<const Authority> ours, std::string_view text, std::uint16_t default_port = 443);

// "host", "host:port".
std::string to_text(const Authority& authority);

}  // namespace postern::http
