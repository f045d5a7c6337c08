// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An event as one English sentence, for the command line and the console. Text that peers sent stands in it
// in quotation marks and printable, never longer than kQuoteLimit bytes; it is not HTML: the console escapes
// it like any other text.
#pragma once

#include <string>
#include <string_view>

#include "audit/event.h"
#include "base/json.h"
#include "base/result.h"

namespace postern::audit {

inline constexpr std::size_t kQuoteLimit = 120;

// "Engineer alice opened a session with a pass from 192.0.2.7." Missing fields shorten it; it never fails.
std::string describe(const EventFields& event, const base::Json& detail);

// Reads the line first; Invalid if it is not an event.
base::Result<std::string> describe(std::string_view line);

}  // namespace postern::audit
