// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `postern cert check`: the verifier of the gateway (certs/verify.h) by hand, over files or over what a server shows. Prints
// the path as a tree, or with json as an object, and says what is wrong and what to do.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "certs/verify.h"
#include "gateway/cli/cert_revocation.h"

namespace postern::cli {

struct CertCheckOptions {
  std::string url;                // or:
  std::string chain;              // PEM
  std::string name;               // host; of a URL unless it is given. Of a client: none
  std::string roots;              // PEM; empty: the system's
  std::string at;                 // RFC 3339; empty: now
  std::vector<std::string> crls;  // PEM or DER
  std::string ocsp;               // DER
  bool fetch = false;             // what authorities say of revocations, where certificates say so
  std::string purpose = "server";
  std::string revocation = "soft";
  std::vector<std::string> pins;  // SHA-256 of a SubjectPublicKeyInfo, hexadecimal
};

// kDone if the chain is good, kFailed if it is refused or cannot be had, kUsage if the options do not fit together.
int cert_check(const CertCheckOptions& options, bool json);

// What is told beside the verdict: what was fetched for it.
std::string draw_fetched(const FetchedEvidence& fetched);
std::string draw_verdict(const certs::Verdict& verdict, const certs::Question& question);
std::string verdict_json(const certs::Verdict& verdict, const certs::Question& question,
                         const FetchedEvidence& fetched = {});

}  // namespace postern::cli
