// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The certificates that Postern makes for itself: what `postern init` and `postern cert issue` need. Two
// authorities stand for two roots of trust that never meet: the local one signs the listeners' certificates,
// the support authority signs engineers' client certificates. Pure: PEM text out, the caller stores it (keys
// with mode 0600).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "certs/issue.h"

namespace postern::certs {

// A self-signed authority (ECDSA P-256, pathlen 0: it signs leaves only).
base::Result<Credentials> make_authority(std::string_view common_name, Validity validity);

// A leaf for the given DNS names and IP addresses (told apart by their form; at least one), serverAuth. RSA
// is for API clients that know no elliptic curves.
base::Result<Credentials> make_server_certificate(const Credentials& authority,
                                                  const std::vector<std::string>& names, Validity validity,
                                                  KeyType key_type = KeyType::P256);

// A leaf for one engineer, clientAuth. Identity is the subjectAltName: an e-mail address or a URI (it has a
// scheme), exactly one; the display name becomes the common name and is believed by nobody.
base::Result<Credentials> make_client_certificate(const Credentials& authority, std::string_view display_name,
                                                  std::string_view email_or_uri, Validity validity);

}  // namespace postern::certs
