// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The account key with which certificates are ordered (RFC 8555), and the key that the next certificate is for. Pure.
//
// Whoever asks is the link, which talks to the authority. It says which step is due, the address and the nonce that it
// was given, and nothing else: each payload is made here, from the configuration. Should the link be in strange hands,
// it can have the configured names ordered again and again, and no other; the certificate is for our key, which is not
// given away. It cannot change or close the account, or revoke a certificate.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/result.h"
#include "certs/openssl_ptr.h"

namespace postern::keeper {

struct AcmeOrder {
  std::vector<std::string> names;    // DNS names; at least one
  std::vector<std::string> contact;  // "mailto:..."; may be empty
  std::string
      external_id;  // of an account that the authority knows already (RFC 8555 section 7.3.4); may be empty
};

class AcmeSigner {
 public:
  // Keys in PEM, P-256; secret: of the external account, base64url; empty where there is none. The caller wipes them.
  // Invalid with one sentence.
  base::Status set(AcmeOrder order, std::string_view account_pem, std::string_view next_pem,
                   std::string_view secret, const std::string& path);
  bool ready() const { return account_ != nullptr; }

  // Of the account key, RFC 7638, base64url.
  base::Result<std::string> thumbprint() const;
  // What proves that a challenge is ours (RFC 8555 section 8.1). Denied: the name is none of the configured ones, or the token is none.
  base::Result<std::string> key_authorization(std::string_view name, std::string_view token) const;
  // step: "account" (newAccount), "order" (newOrder), "ready" (of a challenge), "finalize", "read" (POST-as-GET). account: its
  // URL, empty for the first. The whole request body. Denied with one sentence.
  base::Result<std::string> sign(std::string_view step, std::string_view url, std::string_view nonce,
                                 std::string_view account) const;

 private:
  base::Result<std::string> payload_of(std::string_view step, std::string_view url) const;
  std::string external_binding(std::string_view url) const;

  AcmeOrder order_;
  certs::KeyPtr account_, next_;
  std::string jwk_;  // of the account's public key
  base::Secret secret_;
};

}  // namespace postern::keeper
