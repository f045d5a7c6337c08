// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The character classes of RFC 9110 section 5.6 and RFC 3986 section 2, each byte judged by a table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace postern::http {

// For each byte: the byte in lower case if it may stand in a token (RFC 9110 section 5.6.2), otherwise 0.
extern const std::array<char, 256> kLowerToken;

bool is_token(std::string_view text);  // one or more token bytes, either case
bool is_lower_token(
    std::string_view text);  // and none of them an upper-case letter: how field names are kept
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

using base::hex_value;

constexpr bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// What a field value is made of (RFC 9110 section 5.5).
enum class ValueText : std::uint8_t {
  Ascii,    // VCHAR, SP and HTAB only; no white space at either end; may be empty
  ObsText,  // and bytes from 0x80 upwards, which are opaque
  Invalid,  // anything else: CR, LF, NUL, another control byte, white space at an end
};
ValueText classify_value(std::string_view value);

// Without the SP and HTAB at both ends (OWS).
std::string_view trim(std::string_view text);

// The next member of a comma-separated list (RFC 9110 section 5.6.1), trimmed and cut off the front of rest;
// empty members are returned as empty text. False at the end. Knows nothing of quoted strings: use it for
// lists of tokens.
bool next_member(std::string_view& rest, std::string_view& member);

}  // namespace postern::http
