// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "face/routing.h"

#include <algorithm>

#include "gateway/http/target.h"

namespace postern::face {
namespace {

// The next segment of a path that begins with '/', taken off its front.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

}  // namespace

std::optional<std::vector<std::string>> match_path(std::string_view pattern, std::string_view path) {
  std::vector<std::string> captures;
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = take_segment(pattern);
    const std::string_view given = take_segment(path);
    if (wanted.starts_with('{') && !given.empty()) {
      captures.push_back(http::percent_decode(given));
    } else if (wanted != given) {
      return std::nullopt;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return captures;
}

}  // namespace postern::face
