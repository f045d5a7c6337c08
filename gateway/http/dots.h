// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Dot segments in disguise. To a component that brings Unicode to its compatibility form (UAX #15), maps it to a narrower character set,
// drops what is not seen, or trims names as Windows does, U+FF0E U+FF0E or ".. " may be "..". Not for use outside gateway/http.
#pragma once

#include <string_view>

namespace postern::http {

// segment: decoded, clean UTF-8. Whether it, or a piece of it between what could be read as a slash, holds nothing but dots, white space
// and characters that are not seen, and one dot at least, each however written.
bool could_be_dots(std::string_view segment);

}  // namespace postern::http
