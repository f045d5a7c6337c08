// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the path of a tile: what is accepted is what would be written.
#include <cstdint>
#include <string_view>

#include "audit/tile.h"
#include "base/check.h"

using namespace postern::audit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view path(reinterpret_cast<const char*>(data), size);
  const auto name = parse_tile_path(path);
  if (name) POSTERN_CHECK(path_of(*name) == path && name->width > 0 && name->width <= kTileWidth);
  return 0;
}
