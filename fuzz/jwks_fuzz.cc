// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A provider's list of keys: it is read or refused, within its bounds, and no key of it verifies what it did not sign.
#include <array>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "openid/keys.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // {"alg":..} {} and a signature of zeros: each algorithm is tried.
  constexpr std::array<std::string_view, 1> kTypes{"jwt"};
  constexpr std::array<std::string_view, 3> kTokens{
      "eyJhbGciOiJSUzI1NiJ9.e30.AAAA", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA", "eyJhbGciOiJFZERTQSJ9.e30.AAAA"};
  const auto keys = openid::KeySet::parse({reinterpret_cast<const char*>(data), size});
  if (!keys.ok()) return 0;
  POSTERN_CHECK(keys->size() > 0 && keys->size() <= openid::kMostKeys);
  for (const std::string_view token : kTokens) {
    const auto jws = openid::parse_jws(token, kTypes);
    POSTERN_CHECK(jws.ok() && keys->judge(*jws) != openid::SignatureVerdict::Good);
  }
  return 0;
}
