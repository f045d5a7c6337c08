// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A Host header or the authority of a target: what is accepted is read the same when it is written again, and
// is the name that was meant in any case of its letters.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "gateway/http/authority.h"

using namespace postern::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto authority = parse_authority(text);
  POSTERN_CHECK(authority.has_value() == is_authority(text));
  if (!authority) return 0;
  POSTERN_CHECK(!authority->host.empty() &&
                authority->host.find_first_of("/@\\ \t\r\n") == std::string::npos);
  POSTERN_CHECK(parse_authority(to_text(*authority)) == authority);
  const std::array<Authority, 1> ours{Authority{authority->host, 0}};
  POSTERN_CHECK(names_one_of(ours, text));
  return 0;
}
