// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What another supervisor says in a hand-over: whatever it is, it is refused or bounded, and what was read is written the same again.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "gateway/supervisor/hand_over_protocol.h"

using namespace postern::supervisor;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto offer = parse_hand_over_offer(text); offer.ok()) {
    POSTERN_CHECK(offer->pid > 0 && offer->support.port > 0 && offer->admin.port > 0);
    const std::string again = postern::base::dump_json(to_json(*offer));
    const auto read = parse_hand_over_offer(again);
    POSTERN_CHECK(read.ok() && postern::base::dump_json(to_json(*read)) == again);
  }
  if (const auto version = parse_hand_over_ask(text); version.ok()) POSTERN_CHECK(version->size() <= 4096);
  if (const auto end = parse_hand_over_end(text); end.ok())
    POSTERN_CHECK(end->closed >= 0 && end->duration >= 0);
  POSTERN_CHECK(!parse_hand_over_why(text).empty());
  return 0;
}
