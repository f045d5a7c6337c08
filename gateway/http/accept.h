// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Whether who asks wants a page to read or data (RFC 9110 section 12.5.1).
#pragma once

#include <string_view>

namespace postern::http {

// True if the Accept value names text/html with a weight above 0 that is not below that of application/json
// or application/problem+json. "*/*", as scripts send it, is not a wish for a page. Wrong members are passed
// over.
bool wants_html(std::string_view accept);

}  // namespace postern::http
