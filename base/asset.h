// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A file that was built into an executable: the console's page, the engineers' stylesheet. cmake/embed.cmake
// makes tables of these, so that a role serves its pages without opening a file.
#pragma once

#include <string_view>

namespace postern::base {

struct Asset {
  std::string_view path;          // as requested, from the root: "/assets/index-4f1c.js"
  std::string_view content_type;  // complete, with the charset
  std::string_view etag;          // of bytes; weak, for gzip has the same (RFC 9110 8.8.3.3); complete
  std::string_view bytes;
  std::string_view gzip;  // the same bytes as gzip (RFC 1952); empty when that would not be smaller
  bool immutable;         // its name holds a hash of its content, so that it may be cached for good
};

}  // namespace postern::base
