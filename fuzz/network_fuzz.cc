// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Ranges of addresses: whatever is taken for one holds its own first address, and no text breaks it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/network.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto network = postern::base::parse_network(text);
  if (!network) return 0;
  POSTERN_CHECK(network->prefix >= 0 && network->prefix <= 128);
  POSTERN_CHECK(postern::base::contains(*network, text.substr(0, text.find('/'))));
  return 0;
}
