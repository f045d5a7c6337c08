// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The table of the admin API: method and path template -> who may, and the function that answers. It is the
// only list of what the console does; console/openapi.json describes the same for others, and a test holds
// the two against each other.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "console/call.h"
#include "console/proof.h"
#include "face/routing.h"

namespace postern::console {

using Handler = void (*)(Parts& parts, const CallPtr& call, const Reply& reply);

enum class Access : std::uint8_t {
  Anyone,   // no sign-in needed
  Signed,   // likewise, from anywhere: what is asked carries a signature of its own, and no cookie counts
  Readers,  // auditors and admins
  Admins,
};

// What an API token must have been made for. None: tokens do not count there.
enum class Scope : std::uint8_t { None, Read, Requests, Permissions, Sessions, Policy, Engineers };
std::string_view to_text(Scope scope);  // "read"; "" for None

struct Route {
  http::Method method;
  std::string_view path;  // "/api/v1/engineers/{name}/approve"; {x} is one segment that is not empty
  Access access;
  Handler handler;
  Scope scope = Scope::None;
  NeedsProof needs_proof = nullptr;  // nullptr: never
};
std::span<const Route> routes();

using Found = face::FoundRoute<Route>;
// HEAD finds GET's route. path is canonical.
Found find_route(http::Method method, std::string_view path);

}  // namespace postern::console
