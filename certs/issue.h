// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Makes X.509 v3 certificates (RFC 5280) from a template. authority.h says which templates Postern itself
// uses; this is the layer below, and what tests use to make certificates that must be refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace postern::certs {

enum class KeyType : std::uint8_t { P256, Rsa2048, Ed25519 };

// A certificate and its private key (PKCS#8), both PEM. Whoever holds one wipes key_pem (base::wipe) when it
// is stored.
struct Credentials {
  std::string certificate_pem;
  std::string key_pem;
};

struct Validity {
  base::Micros not_before = 0;
  base::Micros not_after = 0;
};
// From a little before now (1 hour: clocks of other machines differ) until now + duration.
Validity valid_for(base::Micros now, base::Micros duration);

struct Template {
  std::string common_name;  // display only; at most 64 bytes (RFC 5280 ub-common-name), UTF-8
  KeyType key_type = KeyType::P256;
  Validity validity;
  bool authority = false;    // CA:TRUE, pathlen 0, keyCertSign and cRLSign; else digitalSignature
  bool server_auth = false;  // extended key usage
  bool client_auth = false;
  std::vector<std::string> purposes;   // further extended key usages, dotted
  std::vector<std::string> dns_names;  // subjectAltName
  std::vector<std::string> ip_addresses;
  std::vector<std::string> emails;
  std::vector<std::string> uris;
  // Of an authority: it may vouch for URIs of this host alone (critical name constraints, RFC 5280 section 4.2.1.10); a DNS
  // name. Empty: any.
  std::string permitted_uri_host = {};
};

// A new key, a random serial of 128 bits, and a signature by issuer; issuer nullptr: signed by itself.
// Invalid if a name in the template is not one, or the issuer's key does not belong to its certificate.
base::Result<Credentials> issue(const Template& wanted, const Credentials* issuer);

// For a key that its owner keeps: of a certificate signing request (PKCS#10 in PEM) only the public key is taken, once its
// signature shows that the asker has the private one. Names and usages are the template's. The certificate in PEM; Invalid
// if the request is none, or its key is of a kind that certs/RULES.md does not let pass.
base::Result<std::string> issue_for_request(const Template& wanted, std::string_view request_pem,
                                            const Credentials& issuer);

}  // namespace postern::certs
