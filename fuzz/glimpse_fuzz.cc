// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what a TLS server answers: the handshake fails or wants more, and is over at the latest with the input.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/crypto.h"
#include "gateway/tls/glimpse.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool ready = base::init_crypto().ok();
  const auto glimpse = *tls::Glimpse::make("component.example");
  base::Buffer out(64U << 10U);
  std::string_view nothing;
  POSTERN_CHECK(ready && glimpse->step(nothing, out).ok() && !out.empty());
  std::string_view in(reinterpret_cast<const char*>(data), size);
  for (std::size_t left = in.size() + 1; left > in.size();) {
    left = in.size();
    const auto step = glimpse->step(in, out);
    if (!step.ok() || step->has_value()) break;
  }
  return 0;
}
