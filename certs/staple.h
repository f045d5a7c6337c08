// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The OCSP response that goes with a certificate of our own in the handshake (RFC 6066 section 8): what its authority is
// asked for it, where, and whether the answer may be shown. It is judged by the rules by which we judge those of others
// (revocation.h). Pure; whoever calls this fetches.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "certs/revocation.h"

namespace postern::certs {

struct StapleQuestion {
  std::string url;  // of the responder, as the leaf names it (authorityInfoAccess)
  std::string
      request;  // DER, RFC 6960 section 4.1, to be posted there; without a nonce, so that the answer may be kept
};

// Of a chain's leaf. NotFound: it names no responder. Invalid: the chain lacks its issuer, or cannot be read.
base::Result<StapleQuestion> question_of_staple(std::string_view chain_pem);

// Whether the leaf demands that a response is shown with it (RFC 7633, "must-staple").
bool demands_staple(std::string_view chain_pem);

// What a response says of a chain's leaf; Invalid: the chain lacks its issuer, or cannot be read.
base::Status judge_answer(std::string_view chain_pem, std::string_view response, base::Micros now,
                          Finding& finding);

struct StapleTimes {
  base::Micros from = 0, until = 0;
};
// Denied, with one sentence about the certificate ("was revoked by its authority on ...", "comes with an OCSP response
// that ..."): not to be shown.
base::Result<StapleTimes> judge_staple(std::string_view chain_pem, std::string_view response,
                                       base::Micros now);

}  // namespace postern::certs
