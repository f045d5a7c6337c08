// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A JSON document of a component, and the path by which a value is looked for in it: the first line.
#include <cstdint>

#include "base/check.h"
#include "measure/reading.h"

using namespace postern::measure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const std::string path(text.substr(0, end));
  if (!check_document({"memory", path}).ok()) return 0;
  Reading out;
  if (!read_document(text.substr(end + 1), {{"memory", path}, {"start_time", path}, {"version", path}}, out)
           .ok())
    return 0;
  POSTERN_CHECK(out.version.size() <= kVersionLength);
  for (const auto& [name, number] : out.numbers) POSTERN_CHECK(number >= 0 && number <= kLargestNumber);
  return 0;
}
