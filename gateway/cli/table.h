// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the API answers, for people: lists as aligned tables, single things as lines of name and value. Every
// text is passed through base::printable, because much of it comes from engineers and their clients; times
// are shown in the local zone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace postern::cli {

enum class Kind { Text, Time, List, Number };  // of a JSON value

struct Column {
  std::string_view title;  // "IDLE UNTIL"
  std::string_view key;    // "idle_until"; with a dot inside an object: "cut.exchanges"
  Kind kind = Kind::Text;
};

// A value as a person reads it; "-" if it is missing or empty.
std::string display(const base::Json& object, const Column& column);
// "2026-03-01 09:09:10 CET"; the text itself if it is no RFC 3339 time.
std::string local_time(std::string_view rfc3339);

// A header and a line per item, without trailing spaces. No items: says that there are none.
std::string to_table(const base::Json& items, const std::vector<Column>& columns, std::string_view none);
// "Title:  value" per column.
std::string to_lines(const base::Json& object, const std::vector<Column>& columns);

// What --json prints: one line, all of it ASCII. The same value to a program, and on a terminal none of its texts does
// anything.
std::string to_json_line(const base::Json& value);

}  // namespace postern::cli
