// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a bundle of entries; the first says how many it should have. What is accepted is written the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "audit/tile.h"
#include "base/check.h"

using namespace postern::audit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bundle(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t width = data[0] + 1U;
  POSTERN_CHECK(parse_bundle_front(bundle, width).size() <= width);
  const auto entries = parse_bundle(bundle, width);
  if (!entries) return 0;
  std::string again;
  for (const std::string_view entry : *entries) append_entry(again, entry);
  POSTERN_CHECK(again == bundle);
  (void)parse_hashes(bundle, width);
  return 0;
}
