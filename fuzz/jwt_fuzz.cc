// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A token as somebody sent it: nothing is good under a key that never signed it. The same bytes as claims that were signed:
// what is believed is for us, now.
#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "base/crypto.h"
#include "openid/claims.h"
#include "openid/keys.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool ready = base::init_crypto().ok();
  static const base::Secret seed(std::string(32, 's'));
  static const auto keys = openid::KeySet::parse(R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":")" +
                                                 base::to_base64url(base::ed25519_public(seed)) + "\"}]}");
  constexpr std::array<std::string_view, 2> kTypes{"jwt", "logout+jwt"};
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto sent = openid::parse_jws(bytes, kTypes);
  POSTERN_CHECK(ready && keys.ok());
  POSTERN_CHECK(!sent.ok() || keys->judge(*sent) != openid::SignatureVerdict::Good);
  const std::string signed_part = base::to_base64url(R"({"alg":"EdDSA"})") + "." + base::to_base64url(bytes);
  const auto own = openid::parse_jws(
      signed_part + "." + base::to_base64url(base::ed25519_sign(seed, signed_part)), kTypes);
  if (!own.ok()) return 0;
  POSTERN_CHECK(keys->judge(*own) == openid::SignatureVerdict::Good);
  openid::Expected expected{"https://i", "us", "n", 1'800'000'000'000'000, 60'000'000};
  const auto person = openid::judge_id_token(own->claims, expected);
  const auto departure = openid::judge_logout_token(own->claims, expected);
  POSTERN_CHECK(!person.ok() || (!person->subject.empty() && own->claims["nonce"] == "n"));
  POSTERN_CHECK(!departure.ok() || !departure->id.empty());
  POSTERN_CHECK(!person.ok() || !departure.ok());
  return 0;
}
