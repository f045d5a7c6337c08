// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Addresses as certificates have them. What is taken apart has a host and a target that can stand in a request line, and
// put together again it is the same.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "gateway/http/request_rules.h"
#include "gateway/http/web_address.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto address = http::parse_web_address({reinterpret_cast<const char*>(data), size});
  if (!address) return 0;
  POSTERN_CHECK(address->authority.port != 0 && address->target.starts_with('/'));
  POSTERN_CHECK(http::is_target_text(address->target) && http::is_authority(http::host_to_send(*address)));
  const std::string anew =
      (address->https ? "https://" : "http://") + http::host_to_send(*address) + address->target;
  if (anew.size() <= http::kWebAddressLimit) POSTERN_CHECK(http::parse_web_address(anew) == address);
  return 0;
}
