// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include "redact/rules.h"

using namespace postern::redact;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto path = parse_path({reinterpret_cast<const char*>(data), size});
  if (path.ok()) static_cast<void>(Rules::make({*path}));
  return 0;
}
