// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Certificate signing requests, as engineers send them. What is issued says what the template says, and no more.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/crypto.h"
#include "certs/authority.h"
#include "certs/certificate.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr base::Micros kDay = 86'400LL * base::kWallSecond, kNow = 20'000 * kDay;
  static const bool ready = base::init_crypto().ok();
  static const certs::Credentials authority =
      *certs::make_authority("Vendor", certs::valid_for(kNow, 30 * kDay));
  certs::Template wanted;
  wanted.common_name = "alice";
  wanted.validity = certs::valid_for(kNow, kDay);
  wanted.client_auth = true;
  wanted.emails = {"alice@vendor.example"};
  POSTERN_CHECK(ready);
  const auto made = certs::issue_for_request(wanted, {reinterpret_cast<const char*>(data), size}, authority);
  if (!made) return 0;
  const auto facts = certs::read_chain(*made);
  POSTERN_CHECK(facts.ok() && facts->front().subject == "CN=alice" &&
                facts->front().emails == wanted.emails && facts->front().uris.empty() &&
                !facts->front().authority);
  return 0;
}
