// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What anybody with a token may send to the intake: a batch, or a sentence; and a batch is read back as it was.
#include <cstdint>

#include "base/check.h"
#include "intake/batch.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr base::Micros kNow = 1'772'366'400'000'000;
  const auto batch = intake::parse_batch({reinterpret_cast<const char*>(data), size}, kNow);
  if (!batch.ok()) {
    POSTERN_CHECK(!batch.error().message.empty());
    return 0;
  }
  POSTERN_CHECK(!batch->events.empty() && batch->events.size() <= intake::kMostEvents);
  const base::Json json = intake::to_json(*batch);
  const auto again = intake::read_batch(json, kNow);
  POSTERN_CHECK(again.ok());
  POSTERN_CHECK(intake::to_json(*again) == json);
  return 0;
}
