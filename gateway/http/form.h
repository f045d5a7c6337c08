// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// application/x-www-form-urlencoded (WHATWG URL section 5.1), strict and bounded: for our own pages' forms,
// and for bodies that a policy constrains.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/http/parameters.h"
#include "gateway/http/verdict.h"

namespace postern::http {

struct FormLimits {
  std::size_t bytes = 64 * 1024;  // beyond: body_too_large
  std::size_t parameters = 256;   // beyond: malformed
};

// Decodes body into out. Refused as malformed: bytes that a query could not hold either, a wrong
// percent-encoding, text that is not UTF-8 or holds control characters (TAB, LF and CR in values are fine).
// Empty pairs are passed over.
Verdict parse_form(std::string_view body, const FormLimits& limits, Parameters& out);

// Whether a Content-Type value names that form (parameters such as charset=utf-8 are passed over).
bool is_form(std::string_view content_type);

// The other way: appends name=value to a form or query that we write, with '&' before it if anything stands there; name is
// plain already.
void append_parameter(std::string& out, std::string_view name, std::string_view value);
std::string encode_value(std::string_view value);

}  // namespace postern::http
