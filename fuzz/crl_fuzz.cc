// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// CRLs as files have them, and what they say of a certificate. One that was not signed by the authority proves nothing.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "certs/revocation.h"
#include "fuzz/issued.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto crls = certs::read_crls({reinterpret_cast<const char*>(data), size});
  if (!crls) return 0;
  POSTERN_CHECK(!crls->empty() && crls->size() <= certs::kCrlsLimit);
  const auto& [issuer, leaf] = fuzz::issued();
  certs::Work work;
  const certs::Finding finding = certs::judge_crls(leaf, issuer, *crls, fuzz::kNow, work);
  POSTERN_CHECK(finding.standing == certs::Standing::Unknown && work.signatures <= certs::kSignatureLimit);
  return 0;
}
