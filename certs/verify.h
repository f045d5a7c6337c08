// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who we believe. Clients: engineers' certificates, judged by the terminator in the handshake and again from
// scratch by the enforcer. Servers: the component and Mission Control, judged as a browser does (RFC 5280
// path, RFC 9525 names): chain to a trusted root, validity, extended key usage, name constraints, key and
// signature strength of 112 bits (so no SHA-1, no RSA below 2048), the name by subjectAltName only. There is
// no switch that turns any of this off. Not covered: revocation. A certificate that its authority revoked is
// believed until it expires.
#pragma once

#include <openssl/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "certs/openssl_ptr.h"

namespace postern::certs {

struct ClientIdentity {
  std::vector<std::string>
      emails;  // subjectAltName rfc822Name, lower case; at least one of emails and uris is not empty
  std::vector<std::string> uris;  // subjectAltName URI, as written
  std::string fingerprint;        // SHA-256 of the leaf, hexadecimal
  std::string subject;            // for display only
  base::Micros not_after = 0;
};

// Roots parsed once, for many judgements.
class ClientVerifier {
 public:
  // Certificates in PEM; Invalid if there is none or one is not an authority.
  static base::Result<ClientVerifier> make(std::string_view roots_pem);

  // chain: DER, leaf first, as the client sent it (at most kChainLimit). At `now`: the path, validity, a key
  // usage that allows digital signatures, an extended key usage that names clientAuth (absent is not enough),
  // an identity in subjectAltName. Errors: Denied or Invalid, side Client, with a sentence for the engineer
  // ("the certificate of CN=... expired on ...").
  base::Result<ClientIdentity> verify(const std::vector<std::string>& chain, base::Micros now) const;

 private:
  explicit ClientVerifier(StorePtr store) : store_(std::move(store)) {}
  StorePtr store_;
};

// Whether a certificate of ours can be shown to a server: where its leaf has an extended key usage, that names
// clientAuth; where it has a key usage, that allows digital signatures. Denied says which of them does not.
base::Status check_client_use(std::string_view certificate_pem);

// The system's bundle of roots as PEM. Reads a file: call it before confinement. NotFound names the places
// looked at.
base::Result<std::string> read_system_roots();

// For gateway/tls and this folder.

// Every certificate given is an anchor, also one that is not self-signed (a pinned intermediate).
base::Result<StorePtr> make_store(std::string_view roots_pem);
// Name (DNS, or IP literal without brackets), purpose, strength and time. Invalid if host is neither.
base::Status expect_server(X509_VERIFY_PARAM* parameters, std::string_view host, base::Micros now);
void expect_client(X509_VERIFY_PARAM* parameters, base::Micros now);
bool is_ip_literal(std::string_view host);
// What expect_client cannot express: an explicit clientAuth, an identity. Side Client.
base::Result<ClientIdentity> identity_of(X509* leaf);
// One sentence for a verification error (X509_V_ERR_...) at a certificate; host may be empty, certificate
// nullptr.
std::string explain_verification(int error, X509* certificate, std::string_view host);

}  // namespace postern::certs
