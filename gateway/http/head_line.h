// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Lines of a head, for the two parsers of this folder: where one ends (RFC 9112 section 2.2) and what a field
// line is made of (section 5). Not for use outside gateway/http.
#pragma once

#include <cstddef>
#include <string_view>

#include "gateway/http/fields.h"
#include "gateway/http/verdict.h"

namespace postern::http {

// Method, two spaces, "HTTP/1.1", CR LF and an empty line before: what a request line is longer than its
// target, generously.
inline constexpr std::size_t kLineOverhead = 64;

struct HeadLine {
  enum class State { NeedMore, Line, BareLf, TooLong };
  State state = State::NeedMore;
  std::string_view text;  // Line: without CR LF
};

// The line of bytes that begins at begin. Line moves begin and scanned behind it; NeedMore moves scanned to
// the end, so that no byte is looked at twice. TooLong: bytes from the first to that line's end are more than
// limit.
HeadLine next_line(std::string_view bytes, std::size_t& begin, std::size_t& scanned, std::size_t limit);

// Adds a field line to fields, or says which rule it breaks. At most limit fields.
Verdict take_field_line(std::string_view line, std::size_t limit, Fields& fields);

}  // namespace postern::http
