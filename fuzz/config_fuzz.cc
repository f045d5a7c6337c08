// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any text as postern.yaml: faults or a configuration, never both, each fault at a place in the file.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/reload.h"

using namespace postern::supervisor;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ParsedConfig parsed = parse_config({reinterpret_cast<const char*>(data), size}, "/etc/postern", 2);
  POSTERN_CHECK((parsed.config == nullptr) == !parsed.faults.empty());
  for (const auto& fault : parsed.faults) POSTERN_CHECK(!fault.message.empty());
  if (parsed.config == nullptr) return 0;
  POSTERN_CHECK(parsed.config->workers > 0 && parsed.config->nodes() <= kNodeLimit);
  POSTERN_CHECK(faults_of_change(*parsed.config, *parsed.config).empty());
  return 0;
}
