// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Events for other tools. Input is always lines of the journal, in its order.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::audit {

// The lines as they are, each with a newline: byte for byte the leaves of the log.
void append_json_line(std::string& out, std::string_view line);
std::string to_json_lines(std::span<const std::string> lines);

// RFC 4180: CRLF, every value quoted. A value that a spreadsheet would take for a formula (it begins with = +
// - @ TAB or CR) gets an apostrophe in front. Columns: csv_header(). Invalid if the line is not an event.
std::string_view csv_header();
base::Status append_csv(std::string& out, std::string_view line);
base::Result<std::string> to_csv(std::span<const std::string> lines);

// HAR 1.2 of one session from its exchange.* events; other events in lines are passed over. What the log does
// not hold is said in HAR's own way: no header fields and no bodies, sizes -1 where unknown. Refused
// exchanges are entries too, with the status that Postern answered. Our own knowledge stands in fields
// beginning with an underscore, as HAR allows (_event, _capability, _code, _cut_us ...).
struct HarOptions {
  std::string_view origin = "https://postern.invalid";  // scheme and authority in front of each target
  std::string_view version;                             // of Postern, as creator
};
base::Result<std::string> to_har(std::span<const std::string> lines, const HarOptions& options);

}  // namespace postern::audit
