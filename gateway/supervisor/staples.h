// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The OCSP responses that listeners show with their certificates (certs/staple.h). The link fetches them; here each is
// judged once more, kept as a file below the state directory, and given to the terminators. What came from the network
// is read in a short-lived copy of this process only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "gateway/supervisor/material.h"

namespace postern::supervisor {

// How a response for a certificate is fetched, without the response. Invalid or NotFound say why there is no way, in a
// sentence about "it".
base::Result<Staple> make_staple(std::string_view chain_pem);

// Of one certificate: how its response is fetched, if it is wanted; a flaw where there will be none.
void plan_staple(bool wanted, ListenerCertificate& certificate);

// Gives each responder its number among the places outside, as Node::id: that which it has in running for the same
// certificate, with its failures, or the next one, which is moved on.
void number_staples(const Material& running, Material& wanted, std::uint32_t& next);

// Those that were kept and are still good. A file that is none, or good no more, is passed over: it is fetched anew.
void read_staples(Material& material, const std::string& state_directory, base::Micros now);

// A response that the link fetched. Denied with one sentence: it is not shown, and the one before stays.
base::Status take_staple(ListenerCertificate& certificate, std::string_view response,
                         const std::string& state_directory, base::Micros now);

// By the name of its place; nullptr: there is none (a reload may have taken it away).
ListenerCertificate* find_stapled(Material& material, std::string_view place);
const http::Authority* responder_of(const Material& material, std::uint32_t id);

// Of the link's part: as of parts.h.
base::Json staple_fetches(const Material& material);

}  // namespace postern::supervisor
