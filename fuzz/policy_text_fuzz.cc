// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any text as a policy: faults or a policy, never both; and every tool over a policy that was accepted.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "policy/check.h"
#include "policy/diff.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::policy;
  const ParsedPolicy parsed = parse_policy({reinterpret_cast<const char*>(data), size});
  POSTERN_CHECK((parsed.policy == nullptr) == !parsed.faults.empty());
  if (parsed.policy == nullptr) return 0;
  for (const Finding& finding : check(*parsed.policy)) POSTERN_CHECK(!finding.message.empty());
  POSTERN_CHECK(diff(*parsed.policy, *parsed.policy).empty());
  return 0;
}
