// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Two path templates, a line each: what is said of one, and of both together, holds for the path that is given as proof.
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "policy/template.h"

using namespace postern::policy;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  std::vector<postern::base::Fault> faults;
  const Template one = parse_template(text.substr(0, line), {1, 1}, faults);
  const Template other = parse_template(text.substr(std::min(line + 1, text.size())), {2, 1}, faults);
  for (const auto& fault : faults) POSTERN_CHECK(!fault.message.empty());
  if (!faults.empty()) return 0;
  POSTERN_CHECK(one.text() == text.substr(0, line) && covers(one, one) && overlap(one, one));
  POSTERN_CHECK((one.key() == other.key()) == (covers(one, other) && covers(other, one)));
  POSTERN_CHECK(overlap(one, other) == overlap(other, one));
  POSTERN_CHECK(overlap(one, other) || !covers(one, other));
  if (!overlap(one, other)) return 0;
  const std::string path = witness(one, other);
  POSTERN_CHECK(matches(one, path) && matches(other, path));
  for (const std::string_view segment : split_path(path)) POSTERN_CHECK(!canonical_fault(segment));
  return 0;
}
