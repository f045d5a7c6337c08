// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any text as an OpenAPI document: faults, or a policy that parses.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "policy/import.h"
#include "policy/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::policy;
  const Imported imported = import_openapi({reinterpret_cast<const char*>(data), size}, {"/prefix", "name"});
  POSTERN_CHECK(imported.policy.empty() == !imported.faults.empty());
  if (!imported.policy.empty()) POSTERN_CHECK(parse_policy(imported.policy).policy != nullptr);
  return 0;
}
