// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an authority can be asked about the certificates that it issued, where its certificates say so, and whether what
// came back may be relied upon: lists of revoked certificates (crlDistributionPoints) and answers of its OCSP responder
// (authorityInfoAccess). What came is judged by the rules of revocation.h, and a chain by those of verify.h before it is
// taken at its word. Pure; whoever calls this fetches.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "certs/revocation.h"
#include "certs/staple.h"
#include "certs/verify.h"

namespace postern::certs {

inline constexpr std::size_t kListAddressesLimit = 4;  // of one certificate; further ones are passed over

// As certificates have them: nobody has looked yet whether they are addresses of the web.
struct Whereabouts {
  std::vector<std::string> lists;  // complete ones, by the authority itself: no others are judged here
  std::string responder;           // the first one; empty: none is named
};
Whereabouts whereabouts_of(const Candidate& certificate);
// The same of all certificates of a text, one after another. Empty for what cannot be read.
std::vector<Whereabouts> whereabouts_in(std::string_view pem);

// One certificate of a path, below the trusted one.
struct Askable {
  std::string fingerprint;  // SHA-256, hexadecimal
  std::string subject;
  base::Micros not_after = 0;
  std::string pair_pem;  // it, and who issued it: as question_of_staple takes it
  Whereabouts where;
};
// Of a chain that is good but for what is known of revocations; Denied with the verifier's sentence otherwise. question's
// revocation does not matter.
base::Result<std::vector<Askable>> askable(const Verifier& verifier, const std::vector<std::string>& chain,
                                           Question question);

// An OCSP response to question_of_staple, whose fault is told as of a responder's.
struct OcspReading {
  StapleTimes times;
  std::string revoked;  // "was revoked by its authority on ..."; empty: the certificate is good
};
// Denied, with a sentence about "it", the responder: nothing can be learned from that.
base::Result<OcspReading> read_answer(std::string_view pair_pem, std::string_view response, base::Micros now);

struct ListReading {
  std::string pem;  // of all, one after another
  std::vector<CrlFacts> lists;
  StapleTimes times;  // from the latest beginning to the first end
};
// Whose lists count at an address.
struct ListTrust {
  std::string_view authorities_pem;
  // Of a certificate that named the address, as in Askable: who issued it is an authority too, and one of the lists must be
  // that one's, and about the certificate. Else the public list of another authority would do in its place. Empty: none did.
  std::string_view pair_pem = {};
};
// Lists that were fetched, and not put in place by somebody: each must be signed by one of the authorities, be of a kind
// that is judged here, and be good now (nothing: whenever they were, for what was judged when it came). Denied or Limit with a sentence about "it", who sent them.
base::Result<ListReading> read_lists(const ListTrust& trust, std::string_view text,
                                     std::optional<base::Micros> now);

// Whether fresh may stand where held stood: it speaks of the same certificates or more, and is no older.
bool replaces(const CrlFacts& fresh, const CrlFacts& held);

}  // namespace postern::certs
