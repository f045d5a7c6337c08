// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/parameters.h"

#include <algorithm>
#include <charconv>

namespace postern::console {

std::optional<std::uint64_t> parse_whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

base::Result<base::Micros> parse_moment(std::string_view text, base::Micros now) {
  const base::Result<base::Micros> ago = base::parse_duration(text);
  if (ago.ok()) return now - *ago;
  return base::parse_time(text);
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

base::Error invalid_parameter(std::string message) {
  return base::fail(base::Code::Invalid, base::Side::Client, std::move(message));
}

}  // namespace postern::console
