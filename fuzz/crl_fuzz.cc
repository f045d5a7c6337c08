// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// CRLs as files have them, and what they say of a certificate. One that was not signed by the authority proves nothing.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "certs/authority.h"
#include "certs/certificate.h"
#include "certs/revocation.h"

using namespace postern;

namespace {

certs::Candidate read(const std::string& pem) { return *certs::take_apart(certs::pem_to_der(pem)->front()); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr base::Micros kNow = 1'790'000'000 * base::kWallSecond;
  static const auto kAuthority =
      *certs::make_authority("Middle", certs::valid_for(kNow, 864'000 * base::kWallSecond));
  static const certs::Candidate kIssuer = read(kAuthority.certificate_pem);
  static const certs::Candidate kLeaf = read(
      certs::make_server_certificate(kAuthority, {"a.example"}, certs::valid_for(kNow, base::kWallSecond))
          ->certificate_pem);
  const auto crls = certs::read_crls({reinterpret_cast<const char*>(data), size});
  if (!crls) return 0;
  POSTERN_CHECK(!crls->empty() && crls->size() <= certs::kCrlsLimit);
  certs::Work work;
  const certs::Finding finding = certs::judge_crls(kLeaf, kIssuer, *crls, kNow, work);
  POSTERN_CHECK(finding.standing == certs::Standing::Unknown && work.signatures <= certs::kSignatureLimit);
  return 0;
}
