// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A table of routes: method and path template -> who may, and the function that answers. Each face has one table, which is the
// only list of what it does; its description (OpenAPI) is held against it by a test.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/message.h"

namespace postern::face {

// What a path has in the place of each {x} of the pattern, decoded; nothing if it does not fit. {x} is one segment that is not
// empty. path is canonical.
std::optional<std::vector<std::string>> match_path(std::string_view pattern, std::string_view path);

template <typename Route>
struct FoundRoute {
  const Route* route = nullptr;
  std::vector<std::string> captures = {};  // decoded, in the template's order
  std::string allow = {};  // without a route: the methods that this path has; empty if the path is not ours
};

// Route has method and path. HEAD finds GET's route.
template <typename Route>
FoundRoute<Route> find_in(std::span<const Route> routes, http::Method method, std::string_view path) {
  FoundRoute<Route> found;
  const http::Method wanted = method == http::Method::Head ? http::Method::Get : method;
  for (const Route& route : routes) {
    auto captures = match_path(route.path, path);
    if (!captures) continue;
    if (route.method == wanted) return {&route, std::move(*captures), {}};
    if (!found.allow.empty()) found.allow += ", ";
    found.allow += http::to_text(route.method);
    if (route.method == http::Method::Get) found.allow += ", HEAD";
  }
  return found;
}

}  // namespace postern::face
