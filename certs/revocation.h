// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Whether an authority took a certificate back: CRLs (RFC 5280 5, 6.3) and OCSP responses (RFC 6960) that somebody
// else fetched. Evidence that is about the certificate and not sound is a refusal, and never passed over: that would
// be the way to hide a revocation. Indirect CRLs, delta CRLs and CRLs for some reasons only are refused.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "certs/candidate.h"
#include "certs/work.h"

namespace postern::certs {

struct CrlFree {
  void operator()(X509_CRL* crl) const noexcept;
};
using CrlPtr = std::unique_ptr<X509_CRL, CrlFree>;

// One CRL as DER, or any number as PEM. Invalid or Limit with a sentence.
base::Result<std::vector<CrlPtr>> read_crls(std::string_view text);

enum class Standing : std::uint8_t { Unknown, GoodByCrl, GoodByStaple };

struct Finding {
  Standing standing = Standing::Unknown;
  base::Micros until =
      0;  // of GoodBy..., and of an OCSP response that says revoked: how long that may be said
  std::optional<Fault> fault;
  base::Micros from = 0;  // of an OCSP response, also of one that says revoked: when it was made
};

// What people are told of a CRL.
struct CrlFacts {
  std::string issuer;  // RFC 2253, as of CertificateFacts
  std::string number;  // decimal; empty: it has none
  base::Micros from = 0, until = 0;
  std::size_t revoked = 0;  // certificates that it names
  // What tells lists apart, where issuer is for people: SHA-256 of the issuer's name and of the issuing distribution point,
  // both in DER; the second is empty for a list about all that its issuer issued.
  std::string issuer_id = {}, scope_id = {};
};
CrlFacts facts_of(X509_CRL* crl);
std::string to_pem(X509_CRL* crl);
// Before anybody relies on it: Invalid if it is of a kind that is not judged here, has no end, or was signed by none of
// those authorities that have its issuer's name. Where none has that name, the signature is left to the day on which the
// authority shows itself in a chain.
base::Status check_crl(X509_CRL* crl, const std::vector<Candidate>& authorities);
// The same of one that came from the network, where anybody may have put it: one of the authorities must have signed it, and
// it must be good now (nothing: whenever it was), and speak for its issuer and for all reasons.
base::Status check_fetched_crl(X509_CRL* crl, const std::vector<Candidate>& authorities,
                               std::optional<base::Micros> now);

// Whether the CRL is of that issuer, signed with its key, and speaks of the certificate.
bool is_about(X509_CRL* crl, const Candidate& of, const Candidate& issuer);

// Of one certificate and who issued it. CRLs of other issuers, and those whose distribution point is not the
// certificate's, are not about it.
Finding judge_crls(const Candidate& of, const Candidate& issuer, const std::vector<CrlPtr>& crls,
                   base::Micros now, Work& work);

// response: DER. Half-way answers are none: it must be about the certificate, fresh, and signed by who may.
Finding judge_ocsp(const Candidate& of, const Candidate& issuer, std::string_view response, base::Micros now,
                   Work& work);

}  // namespace postern::certs
