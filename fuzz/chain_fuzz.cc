// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Everything that the verifier judges, in one PEM text: the chain, its root as the last certificate, CRLs, and an OCSP
// response. Any answer will do, if it is one and was bounded.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "certs/certificate.h"
#include "certs/verify.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto chain = certs::pem_to_der(text, certs::kChainLimit + 1);
  if (!chain) return 0;
  auto verifier = certs::Verifier::make(certs::der_to_pem(chain->back()));
  if (!verifier) return 0;
  if (chain->size() > 1) chain->pop_back();
  const auto crls = certs::read_crls(text);
  const auto staples = certs::pem_blocks(text, "OCSP RESPONSE", 1);
  certs::Evidence evidence;
  if (crls) evidence.crls = &*crls;
  if (staples && !staples->empty()) evidence.staple = staples->front();
  certs::Question question{certs::Purpose::Server, "www.example.com", 1'790'000'000 * base::kWallSecond};
  for (const auto purpose : {certs::Purpose::Server, certs::Purpose::Client}) {
    question.purpose = purpose;
    const certs::Verdict verdict = verifier->judge(*chain, question, evidence);
    POSTERN_CHECK(verdict.good() ? verdict.anchored : !verdict.failure->sentence.empty());
    POSTERN_CHECK(verdict.work.signatures <= certs::kSignatureLimit);
    POSTERN_CHECK(verdict.work.comparisons <= certs::kComparisonLimit);
  }
  return 0;
}
