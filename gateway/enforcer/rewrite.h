// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Headers on their way through the second door: what names us is made to name the component, and the other
// way round, so that the component's own web UI works as if it were served here.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "gateway/enforcer/settings.h"
#include "gateway/http/fields.h"

namespace postern::enforcer {

// Where a request came in and where it goes.
struct Passage {
  std::string_view our_host;  // as the client named us, host[:port]
  std::string_view client;    // address without port
  const Node* node = nullptr;
  const Service* service = nullptr;
};

// Takes out what may not pass (http::strip_request_fields and the service's own list), turns Origin and
// Referer that name us into the component's, and says who asks (X-Forwarded-For, -Proto, -Host). Asks for the
// whole body, as it is: no coding, no range, no digest (screen.h).
void rewrite_request(http::Fields& fields, const Passage& passage);

// Takes out what may not pass, turns Location, Content-Location, CORS and CSP origins that name the component
// into ours, and adds what every answer carries (HSTS, nosniff).
void rewrite_response(http::Fields& fields, const Passage& passage);

// Every occurrence of the component's origin (http://authority, https://, ws://, wss://) in text becomes ours
// (https or wss). Exposed for its tests.
std::string with_our_origin(std::string_view text, std::string_view authority, std::string_view our_host);

// Takes out the fields of these names (lower case): those that a service keeps to itself, of heads and of trailers, and
// what nobody but the component may see.
template <typename Names>
void strip(http::Fields& fields, const Names& names) {
  fields.remove_if([&](const http::Field& field) {
    return std::find(names.begin(), names.end(), field.name) != names.end();
  });
}

// What every answer to an engineer carries.
void add_security_fields(http::Fields& fields);

}  // namespace postern::enforcer
