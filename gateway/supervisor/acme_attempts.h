// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What came of the attempts to have a certificate (Config::acme), and when the next one is due: for people, and so that a
// restart neither forgets how long an authority is to be left alone nor why. Kept in the certificate's folder:
//
//   attempts.json   {"authority", "last", "failures", "since", "why", "next"}, times in microseconds since the epoch
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "certs/certificate.h"
#include "gateway/supervisor/config.h"

namespace postern::supervisor {

struct AcmeAttempts {
  base::Micros last = 0;   // when the last one ended; 0: none has
  int failures = 0;        // in a row
  base::Micros since = 0;  // when the first of them ended
  std::string why;         // of the last; printable
  base::Micros next = 0;   // when it is asked again, or renewed; 0: not known

  // What the link says of one: {"why","next"}. It is bounded, and nothing else is believed of it.
  void failed(const base::Json& said, base::Micros now);
  void succeeded(base::Micros now);

  // The certificate in use, if there is one, is over before it is asked again.
  bool too_late(const certs::CertificateFacts* own) const;
  // There is none, it is nearly over or will be too late, or attempts have failed for a week or for a twelfth of its time.
  bool severe(const certs::CertificateFacts* own, base::Micros now) const;
};

// What is not there, or of another authority, is no attempt yet; so is what cannot be read, for nothing depends on it but patience.
AcmeAttempts read_attempts(const Acme& acme);
base::Status write_attempts(const Acme& acme, const AcmeAttempts& attempts);

// Of status: {"last","why","failures","since","next","too_late"}, what is not known left out.
base::Json attempts_json(const AcmeAttempts& attempts, const certs::CertificateFacts* own);

}  // namespace postern::supervisor
