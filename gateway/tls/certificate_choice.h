// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which of a listener's certificates a client is shown, by the name that it asks for (RFC 6066 section 3): those that carry
// exactly this name; otherwise those with a wildcard for it; otherwise those of the first one. A client that asks for
// no name, or for one that is none of ours, so gets what a listener with one certificate shows, and no alert: that a
// request names a host of ours is judged later, and with a sentence.
//
// Of one kind of key (EC, RSA, Ed25519) the first in the configuration's order is taken; of several kinds the client's
// own algorithms decide. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "certs/certificate.h"

namespace postern::tls {

class CertificateChoice {
 public:
  // In the configuration's order; the certificate's place in it is its number.
  void add(const certs::CertificateFacts& leaf);

  // The numbers of those that are shown, one per kind of key. Never empty once one was added. The name may be anything.
  const std::vector<std::size_t>& of(std::string_view server_name) const;
  const std::vector<std::size_t>& fallback() const;  // of no name

 private:
  void put(std::vector<std::size_t>& among, std::size_t number) const;

  std::vector<std::string> kinds_;                                           // by number
  std::map<std::string, std::vector<std::size_t>, std::less<>> by_pattern_;  // lower case, "*.example" too
  std::string first_pattern_;       // of the first one; empty: it has no DNS name
  std::vector<std::size_t> first_;  // the first one alone
};

}  // namespace postern::tls
