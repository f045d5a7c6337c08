// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What Mission Control asks, and what is told of it. Whatever is taken is written in one form, which is taken again and says the
// same; the others are as many faults as there were.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "line/asks.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = base::parse_json(std::string_view(reinterpret_cast<const char*>(data), size), 32);
  if (!json.ok() || !json->is_object()) return 0;
  const line::Asks asks = line::parse_asks(*json);
  POSTERN_CHECK(asks.good.size() + asks.faulty.size() <= line::kMostAsks + 1);
  for (const line::Ask& ask : asks.good) {
    const auto again = line::parse_ask(line::to_json(ask));
    POSTERN_CHECK(again.ok() && *again == ask);
  }
  if (const auto standing = line::parse_standing(*json); standing.ok()) {
    const auto again = line::parse_standing(line::to_json(*standing));
    POSTERN_CHECK(again.ok() && *again == *standing);
  }
  return 0;
}
