// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Whether a certificate is for a host, by subjectAltName only (RFC 9525). Pure, no allocation worth speaking of.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "certs/candidate.h"

namespace postern::certs {

// What one may ask a certificate for: a name of letters, digits, '-' and '_' (IDNA: A-labels) whose last label is not a
// number, without a final dot; or an IP address, without brackets.
bool is_dns_name(std::string_view host);
bool is_ip_literal(std::string_view host);
bool is_host(std::string_view host);
std::string address_bytes(std::string_view host);  // 4 or 16; empty if it is no IP address
std::string address_text(std::string_view bytes);

// pattern: a dNSName. '*' counts only as its whole left-most label, stands for one label, and needs two labels behind it.
bool matches_dns(std::string_view pattern, std::string_view host);

// NoName, WrongName. A whole sentence, for it names the host.
std::optional<Fault> judge_host(const Candidate& leaf, std::string_view host);

}  // namespace postern::certs
