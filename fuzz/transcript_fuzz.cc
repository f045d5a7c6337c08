// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an enforcer that was taken over may give for a TLS 1.2 handshake. Whatever is taken for one begins like one, shows
// the certificate, and is none any more with a byte more or less.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "gateway/keeper/transcript.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view kLeaf = "leaf";
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!keeper::is_client_transcript(text, kLeaf)) return 0;
  POSTERN_CHECK(text.starts_with('\x01') && text.find(kLeaf) != std::string_view::npos);
  POSTERN_CHECK(!keeper::is_client_transcript(text, "other"));
  POSTERN_CHECK(!keeper::is_client_transcript(text.substr(0, size - 1), kLeaf));
  POSTERN_CHECK(!keeper::is_client_transcript(std::string(text) + "x", kLeaf));
  return 0;
}
