// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A certificate and the authority that issued it, for the targets that are told what has become of it. Made once.
#pragma once

#include <string>

#include "certs/authority.h"
#include "certs/candidate.h"
#include "certs/certificate.h"

namespace postern::fuzz {

inline constexpr base::Micros kNow = 1'790'000'000 * base::kWallSecond;

struct Issued {
  certs::Candidate issuer, leaf;
};

inline certs::Candidate candidate_of(const std::string& pem) {
  return *certs::take_apart(certs::pem_to_der(pem)->front());
}

inline const Issued& issued() {
  static const auto kAuthority =
      *certs::make_authority("Middle", certs::valid_for(kNow, 864'000 * base::kWallSecond));
  static const Issued kIssued{
      candidate_of(kAuthority.certificate_pem),
      candidate_of(
          certs::make_server_certificate(kAuthority, {"a.example"}, certs::valid_for(kNow, base::kWallSecond))
              ->certificate_pem)};
  return kIssued;
}

}  // namespace postern::fuzz
