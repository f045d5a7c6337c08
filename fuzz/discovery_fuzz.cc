// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a provider says of itself: whatever is taken over is of the issuer that was asked for, and https.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "gateway/http/request_rules.h"
#include "openid/discovery.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto address = openid::parse_address(bytes)) {
    POSTERN_CHECK(address->authority.port != 0 && !address->authority.host.empty());
    POSTERN_CHECK(http::is_target_text(address->target));
  }
  const auto provider = openid::parse_discovery(bytes, "https://i");
  if (!provider.ok()) return 0;
  POSTERN_CHECK(provider->issuer == "https://i" && provider->authorization.starts_with("https://"));
  POSTERN_CHECK(provider->end_session.empty() || provider->end_session.starts_with("https://"));
  POSTERN_CHECK(provider->token.target.front() == '/' && provider->keys.target.front() == '/');
  return 0;
}
