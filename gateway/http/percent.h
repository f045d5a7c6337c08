// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Percent-encoding (RFC 3986 section 2.1), shared by paths and queries. Not for use outside gateway/http.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postern::http {

// The byte that text[at] = '%' and the two digits behind it stand for, or -1 if they are not two digits.
int percent_byte(std::string_view text, std::size_t at);

// Appends a byte as '%' and two digits in upper case.
void append_percent(char byte, std::string& out);

// Appends a byte that was percent-encoded in its canonical form: plain if unreserved, otherwise encoded.
void append_decoded(char byte, std::string& out);

// Well-formed UTF-8 without the C1 control characters U+0080 to U+009F.
bool is_clean_utf8(std::string_view text);

// Whether canonical text, decoded once, would hold a '%' with two hexadecimal digits again.
bool is_encoded_twice(std::string_view canonical);

}  // namespace postern::http
