// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a server shows in a TLS handshake, and what lies at an http:// address, over a connection of the command line's own. Blocking, ten seconds at most for
// all of it. `postern serve`, which is the same program, never comes here.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "gateway/tls/glimpse.h"

namespace postern::cli {

struct Place {
  std::string host;
  std::string port = "443";
};

// "https://HOST[:PORT][/...]" or "HOST[:PORT]"; an IPv6 address in brackets. Invalid with a sentence.
base::Result<Place> parse_place(std::string_view url);

base::Result<tls::Presented> fetch_presented(const Place& place);

// What lies at an http:// address, or what is answered there to an OCSP request that is posted (empty: none is). An error is
// a sentence about "it", the server. No redirect is followed.
base::Result<std::string> fetch_document(const std::string& url, const std::string& ocsp_request,
                                         std::size_t limit);

}  // namespace postern::cli
