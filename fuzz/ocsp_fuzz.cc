// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// OCSP responses as servers staple them. One that was not signed by the authority is a refusal, whatever it says.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "certs/revocation.h"
#include "fuzz/issued.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto& [issuer, leaf] = fuzz::issued();
  certs::Work work;
  const auto finding =
      certs::judge_ocsp(leaf, issuer, {reinterpret_cast<const char*>(data), size}, fuzz::kNow, work);
  POSTERN_CHECK(finding.fault && finding.standing == certs::Standing::Unknown);
  POSTERN_CHECK(work.signatures <= certs::kSignatureLimit);
  return 0;
}
