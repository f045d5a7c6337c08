// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a component answers when it is asked for metrics, and the selector by which a value is looked for: the first line.
#include <cstdint>

#include "base/check.h"
#include "measure/exposition.h"
#include "measure/reading.h"

using namespace postern::measure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const Wanted wanted{"processed", std::string(text.substr(0, end))};
  if (!check_metric(wanted).ok()) return 0;
  Reading out;
  if (!read_metrics(text.substr(end + 1), {wanted, {"version", "info@version"}}, out).ok()) return 0;
  POSTERN_CHECK(out.version.size() <= kVersionLength);
  for (const auto& [name, number] : out.numbers) POSTERN_CHECK(number >= 0 && number <= kLargestNumber);
  return 0;
}
