// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The Date field (RFC 9110 section 5.6.7, IMF-fixdate).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace postern::http {

// "Sun, 06 Nov 1994 08:49:37 GMT", always 29 bytes. Years 1970 to 9999.
std::string format_date(base::Micros time);
// That one form only; the two obsolete ones are not read.
std::optional<base::Micros> parse_date(std::string_view text);

}  // namespace postern::http
