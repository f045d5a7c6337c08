// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Certificates, CRLs and OCSP responses as tests want them, the wrong ones too: certs/issue.h makes no such thing.
#pragma once

#include <openssl/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "certs/openssl_ptr.h"
#include "certs/revocation.h"

namespace postern::certs {

struct Recipe {
  std::string name;                     // the subject's common name; empty: an empty subject
  std::vector<std::string> extensions;  // "basicConstraints=critical,CA:TRUE", as in OpenSSL's configuration
  std::string sections = {};            // of that configuration, for what needs them
  std::string key =
      "P-256";  // or "RSA 2048", "modulus 2049 exponent 3" (public only), "Ed25519", another curve
  std::string digest = "SHA256";
  int from = -10, until = 30;  // days from kNow
  std::string serial = "0x4711";
  long version = 3;
  std::function<void(X509*)> twist = {};  // before it is signed
  bool pss = false;                       // an RSA signer signs with RSASSA-PSS

  Recipe& set(const std::string& extension);   // instead of the one of that name, or added
  Recipe& drop(const std::string& extension);  // by its name
};

struct Forged {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;
  std::string der() const;
};

// issuer nullptr: by itself.
Forged forge(const Recipe& recipe, const Forged* issuer);

struct CrlRecipe {
  std::vector<std::string> serials;  // what is revoked
  int from = -1, until = 6;          // days; until 0: it does not say
  std::vector<std::string> extensions = {};
  std::string digest = "SHA256";
  bool critical_entry = false;
};
std::string forge_crl(const CrlRecipe& recipe, const Forged& issuer);  // DER

struct OcspRecipe {
  int status = 0;  // V_OCSP_CERTSTATUS_...: 0 good, 1 revoked, 2 unknown
  int from = -1, until = 6;
  int response = 0;                  // OCSP_RESPONSE_STATUS_...
  const Forged* delegate = nullptr;  // who signs in place of the issuer
  std::string digest = "SHA256";
};
std::string forge_ocsp(const OcspRecipe& recipe, const Forged& of, const Forged& issuer);  // DER

// One byte sequence for another, which must be there and be as long: the first, or the last.
void replace_bytes(std::string& der, const std::string& from, const std::string& to, bool last = false);

}  // namespace postern::certs
