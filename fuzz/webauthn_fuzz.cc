// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a browser brings back from an authenticator. The first two bytes say how long the client data is; the rest is an
// attestation object, or authenticator data, and as a signature nothing fits.
#include <cstdint>
#include <string_view>

#include "accounts/cbor.h"
#include "accounts/webauthn.h"
#include "base/check.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t length = (std::size_t{data[0]} << 8U | data[1]) % (all.size() + 1);
  const std::string_view client = all.substr(0, length), rest = all.substr(length);
  const accounts::RelyingParty party{"console.example", "https://console.example:9443"};
  const std::string challenge(accounts::kChallengeSize, 'c');
  const auto made = accounts::judge_registration(party, challenge, client, rest);
  POSTERN_CHECK(!made.ok() || (!made->id.empty() && !made->key.empty()));
  const std::string key = made.ok() ? made->key : std::string(rest.substr(0, 80));
  POSTERN_CHECK(
      !accounts::judge_assertion(party, challenge, {key, 0}, {client, rest, rest.substr(0, 64)}).ok());
  std::string_view in = rest;
  while (accounts::read_cbor(in)) {
  }
  return 0;
}
