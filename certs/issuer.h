// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who signs certificates (issue.cc) and lists of revoked ones (crl_issue.cc). For certs/ alone.
#pragma once

#include <openssl/evp.h>

#include "base/result.h"
#include "certs/issue.h"
#include "certs/openssl_ptr.h"

namespace postern::certs {

// An authority's certificate and key, or the new certificate and its own.
struct Issuer {
  CertificatePtr certificate;
  KeyPtr key;
};

// Invalid: one of them cannot be read, or they do not belong together.
base::Result<Issuer> read_issuer(const Credentials& credentials);

// A certificate in PEM for a public key that its owner keeps; the key was judged.
base::Result<std::string> issue_for_key(const Template& wanted, EVP_PKEY* key, const Issuer& issuer);

// Of Template; empty: it has none, or others beside it.
std::string permitted_uri_host_of(const X509* certificate);

const EVP_MD* digest_for(EVP_PKEY* key);  // nullptr: the kind of key has its own

}  // namespace postern::certs
