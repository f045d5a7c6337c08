// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any text as JSON: what is accepted is written in one line, and read again it is the same. The writer of events agrees.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/json.h"

using namespace postern::base;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string escaped;
  JsonWriter::escape(escaped, text);
  const auto string = parse_json(escaped);  // whatever bytes there are
  POSTERN_CHECK(string.ok() && string->is_string());
  const auto json = parse_json(text, 20);
  if (!json.ok()) return 0;
  const std::string line = dump_json(*json);
  POSTERN_CHECK(line.find('\n') == std::string::npos);
  const auto again = parse_json(line, 20);
  POSTERN_CHECK(again.ok() && *again == *json);
  POSTERN_CHECK(dump_json(*again) == line);
  return 0;
}
