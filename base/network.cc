// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "base/bytes.h"

namespace postern::base {
namespace {

constexpr std::size_t kLongestAddress = 45;  // of IPv6 with an IPv4 part
constexpr int kMappedBits = 96;              // in front of an IPv4 address

struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool v4 = false;
};

std::optional<Address> parse_address(std::string_view text) {
  if (text.empty() || text.size() > kLongestAddress) return std::nullopt;
  const std::string terminated(text);
  Address address;
  if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  address.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0};
  address.v4 = true;
  if (::inet_pton(AF_INET, terminated.c_str(), address.bytes.data() + 12) == 1) return address;
  return std::nullopt;
}

// At most three digits, no sign, no leading zero.
std::optional<int> parse_prefix(std::string_view text, int most) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number <= most ? std::optional(number) : std::nullopt;
}

bool bit_of(const std::array<std::uint8_t, 16>& bytes, int bit) {
  return (bytes[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1) != 0;
}

}  // namespace

std::optional<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  Network network{address->bytes, 128};
  if (slash != std::string_view::npos) {
    const auto prefix = parse_prefix(text.substr(slash + 1), address->v4 ? 32 : 128);
    if (!prefix) return std::nullopt;
    network.prefix = *prefix + (address->v4 ? kMappedBits : 0);
  }
  for (int bit = network.prefix; bit < 128; ++bit) {
    if (bit_of(network.bytes, bit)) return std::nullopt;
  }
  return network;
}

bool contains(const Network& network, std::string_view text) {
  const auto address = parse_address(text);
  if (!address) return false;
  for (int bit = 0; bit < network.prefix; ++bit) {
    if (bit_of(network.bytes, bit) != bit_of(address->bytes, bit)) return false;
  }
  return true;
}

std::string origin_of(std::string_view address) {
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  const std::string bare(bracketed ? address.substr(1, address.size() - 2) : address);
  in6_addr parsed{};
  if (::inet_pton(AF_INET6, bare.c_str(), &parsed) != 1) return bare;
  if (IN6_IS_ADDR_V4MAPPED(&parsed)) return bare;
  return to_hex({reinterpret_cast<const char*>(parsed.s6_addr), 8}) + "/64";
}

}  // namespace postern::base
