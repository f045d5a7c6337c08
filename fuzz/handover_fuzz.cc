// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A handover, as an auditor takes it out of a log's folder and the keeper from a ledger that was taken over.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/crypto.h"
#include "certs/handover.h"

using namespace postern::certs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool ready = postern::base::init_crypto().ok();
  POSTERN_CHECK(ready);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto handover = parse_handover(bytes); handover.ok()) {
    POSTERN_CHECK(format_handover(*handover) == bytes && parse_checkpoint(bytes).ok());
  }
  if (const auto handover = open_handover(bytes); handover.ok()) {
    POSTERN_CHECK(bytes.starts_with(format_handover(*handover) + "\n"));
    POSTERN_CHECK(handover->from != handover->to && handover->from.name == handover->to.name);
  }
  return 0;
}
