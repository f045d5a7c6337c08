// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/authority.h"

#include <charconv>
#include <cstddef>

#include "base/bytes.h"
#include "gateway/http/chars.h"

namespace postern::http {
namespace {

constexpr std::size_t kMaxHost = 253;  // RFC 1035 section 2.3.4, without the final dot
constexpr std::size_t kMaxLabel = 63;

struct Split {
  std::string_view host;
  std::uint16_t port = 0;
};

bool is_label_byte(char c) { return is_unreserved(c) && c != '.' && c != '~'; }

bool is_name(std::string_view host) {
  if (host.empty() || host.size() > kMaxHost) return false;
  std::size_t label = 0;
  for (const char c : host) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if (!is_label_byte(c) || ++label > kMaxLabel) {
      return false;
    }
  }
  return label != 0;
}

// A name whose last label is all digits can only be an IPv4 address (RFC 3986 section 3.2.2; WHATWG URL
// section 3.5), and then only in the dotted form that every reader takes for the same address: "0x7f.1",
// "127.1" and "010.0.0.1" are none.
bool is_ipv4(std::string_view host) {
  int parts = 0;
  while (true) {
    const std::string_view part = host.substr(0, host.find('.'));
    int value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (part.empty() || !is_digit(part[0]) || error != std::errc() || end != part.data() + part.size())
      return false;
    if (value > 255 || (part.size() > 1 && part[0] == '0')) return false;
    ++parts;
    if (part.size() == host.size()) return parts == 4;
    host.remove_prefix(part.size() + 1);
  }
}

bool looks_like_address(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);  // npos + 1 is 0
  return !last.empty() && is_digit(last[0]) && last.find_first_not_of("0123456789") == std::string_view::npos;
}

// What stands between the brackets (RFC 4291 section 2.2): up to eight groups of up to four digits, "::" at
// most once, the last two groups perhaps as an IPv4 address.
bool is_ipv6(std::string_view text) {
  int groups = 0;
  bool gap = false;
  if (text.starts_with("::")) {
    gap = true;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    const std::string_view group = text.substr(0, text.find(':'));
    if (group.size() == text.size() && group.find('.') != std::string_view::npos) {
      groups += 2;
      return is_ipv4(group) && (gap ? groups < 8 : groups == 8);
    }
    if (group.empty() || group.size() > 4) return false;
    for (const char c : group) {
      if (hex_value(c) < 0) return false;
    }
    ++groups;
    text.remove_prefix(group.size());
    if (text.empty()) break;
    text.remove_prefix(1);  // the colon
    if (text.starts_with(":")) {
      if (gap) return false;
      gap = true;
      text.remove_prefix(1);
    } else if (text.empty()) {
      return false;  // ends with a single colon
    }
  }
  return gap ? groups < 8 : groups == 8;
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  if (text.empty() || text[0] == '0' || text.size() > 5) return false;
  std::uint32_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  port = static_cast<std::uint16_t>(value);
  return value <= 65535;
}

std::optional<Split> split(std::string_view text) {
  Split out;
  const bool literal = text.starts_with('[');
  const std::size_t host_end = literal ? text.find(']') + 1 : text.find(':');  // npos + 1 is 0: caught below
  out.host = text.substr(0, host_end);
  if (literal) {
    if (out.host.size() < 4 || !is_ipv6(out.host.substr(1, out.host.size() - 2))) return std::nullopt;
  } else if (!is_name(out.host) || (looks_like_address(out.host) && !is_ipv4(out.host))) {
    return std::nullopt;
  }
  const std::string_view rest = text.substr(out.host.size());
  if (rest.empty()) return out;
  if (rest[0] != ':' || !parse_port(rest.substr(1), out.port)) return std::nullopt;
  return out;
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  const std::optional<Split> parts = split(text);
  if (!parts) return std::nullopt;
  return Authority{base::to_lower(parts->host), parts->port};
}

bool is_authority(std::string_view text) { return split(text).has_value(); }

bool names_one_of(std::span<const Authority> ours, std::string_view text, std::uint16_t default_port) {
  const std::optional<Split> parts = split(text);
  if (!parts) return false;
  const std::uint16_t port = parts->port == 0 ? default_port : parts->port;
  for (const Authority& authority : ours) {
    if ((authority.port == 0 || authority.port == port) &&
        base::equals_ignoring_case(authority.host, parts->host)) {
      return true;
    }
  }
  return false;
}

std::string to_text(const Authority& authority) {
  return authority.port == 0 ? authority.host : authority.host + ":" + std::to_string(authority.port);
}

}  // namespace postern::http
