// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A snapshot of the state, as somebody may have left it in the state directory.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "gateway/ledger/snapshot.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto snapshot = ledger::parse_snapshot(bytes);
  if (!snapshot.ok()) return 0;
  const auto again = ledger::parse_snapshot(ledger::format_snapshot(*snapshot));
  POSTERN_CHECK(again.ok() && again->first == snapshot->first && again->state == snapshot->state &&
                again->key_ordered == snapshot->key_ordered);
  return 0;
}
