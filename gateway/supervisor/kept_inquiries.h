// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What was learned of revocations outside (inquiries.h): read in short-lived copies of this process only, because it came
// from the network, and kept as files below the state directory, so that a restart knows it.
//
//   revocation/HEX.json   {"list", "whose", "url", "pair", "fingerprint", "subject", "not_after", "request", "fetched",
//                         "body"}: request and body in base64; of a list that no certificate has named, no pair
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "certs/inquiry.h"

namespace postern::supervisor {

// One thing that is asked outside: for a list, or about one certificate.
struct Inquiry {
  bool list = true;
  bool planned = false;  // the configuration, or a certificate that it names, says so; else one that was seen
  std::string whose;     // certificates: "engineers", "service NAME"
  std::string url;
  std::string pair_pem;  // of one that was seen: the certificate, and who issued it; of several that
                         // name a list, that which is good for longest
  std::string fingerprint, subject;  // of the certificate; empty for a planned list that none has named yet
  base::Micros not_after = 0;        // likewise
  std::string request;               // of OCSP, DER
  // What is at hand.
  std::string body;  // as it came; empty: nothing
  std::string pem;   // of a list
  std::vector<certs::CrlFacts> lists;
  std::string revoked;  // as certs::OcspReading
  certs::StapleTimes times;
  base::Micros fetched = 0;
  // Since it was fetched last.
  int failures = 0;
  base::Micros failing_since = 0;
  std::string why;
  bool told_over = false;  // that what is at hand is over, too
  // By which it is known to others.
  std::uint32_t id = 0;
  base::Micros asked_for = 0;  // when somebody last asked about the certificate

  std::string name() const;  // "list/HEX", "answer/HEX": the same for the same question
  bool held(base::Micros now) const { return !body.empty() && times.until > now; }
};

// What a body says, judged in a copy: everything below "at hand" but fetched. Denied with one sentence about "it", the
// server. authorities: in PEM, who may sign a list. One that was taken Before may be over by now: it still speaks against
// whom it names, and held() says that it is over.
enum class Since : std::uint8_t { Today, Before };
base::Status read_body(Inquiry& inquiry, const std::string& authorities, std::string_view body,
                       base::Micros now, Since since = Since::Today);

// Of a chain that somebody showed: what can be asked about it, each as an Inquiry that is not planned. Denied: it is not
// good. roots: PEM.
base::Result<std::vector<Inquiry>> questions_about(const std::string& roots,
                                                   const std::vector<std::string>& chain,
                                                   const certs::Question& question);

// Logs what cannot be kept.
void keep_inquiry(const std::string& state_directory, const Inquiry& inquiry);
void forget_inquiry(const std::string& state_directory, const Inquiry& inquiry);
// All that were kept, with their bodies, which nobody has judged again yet.
std::vector<Inquiry> kept_inquiries(const std::string& state_directory);

}  // namespace postern::supervisor
