// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `postern cert check --fetch`: asks the authorities of a chain what they say of its revocation, where its certificates say
// so, and judges what came as the gateway does (certs/inquiry.h). Plain HTTP, as those addresses are; ten seconds each.
#pragma once

#include <string>
#include <vector>

#include "certs/inquiry.h"
#include "certs/verify.h"

namespace postern::cli {

struct FetchedEvidence {
  struct One {
    std::string evidence;  // "crl" or "ocsp"
    std::string url;
    std::string why;  // nothing came that is of use; empty: something did
  };
  std::vector<One> tried;
  std::vector<certs::CrlPtr> crls;
  certs::Answers answers;
};

// Of a chain that is refused anyway nothing is asked.
FetchedEvidence fetch_evidence(const std::string& roots_pem, const certs::Verifier& verifier,
                               const std::vector<std::string>& chain, const certs::Question& question);

}  // namespace postern::cli
