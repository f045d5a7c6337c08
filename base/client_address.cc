// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/client_address.h"

#include <charconv>

#include "base/network.h"

namespace postern::base {
namespace {

constexpr std::size_t kLongestClientAddress = 64;

}  // namespace

bool is_client_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (text.size() > kLongestClientAddress || colon == std::string_view::npos) return false;
  const std::string_view port = text.substr(colon + 1);
  std::string_view address = text.substr(0, colon);
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  if (bracketed != (address.find(':') != std::string_view::npos)) return false;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool is_port = error == std::errc() && end == port.data() + port.size() && number <= 0xFFFF;
  return is_port && address.find('/') == std::string_view::npos && parse_network(address).has_value();
}

}  // namespace postern::base
