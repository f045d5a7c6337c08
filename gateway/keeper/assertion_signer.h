// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How a client shows its identity provider that it is the one that is registered there, without a secret that both have
// (private_key_jwt: OpenID Connect Core 1.0 section 9, RFC 7523). Pure.
//
// Whoever asks is the link that speaks to the provider. It says nothing at all: who it is for and from, and how long it
// counts, stands here, from the configuration. For the issuer alone, not for an address that the provider named: so it is of
// no use to another provider that claims that address.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "certs/openssl_ptr.h"

namespace postern::keeper {

struct ProviderClient {
  std::string id, issuer;
};

class AssertionSigner {
 public:
  static constexpr base::Micros kLife = 60 * base::kWallSecond;

  // pem: a key of type EC P-256; the caller wipes it. Invalid with one sentence.
  base::Status set(ProviderClient client, std::string_view pem, const std::string& path);
  // A signed token, in its compact form.
  base::Result<std::string> sign(base::Micros now) const;

 private:
  ProviderClient client_;
  certs::KeyPtr key_;
};

}  // namespace postern::keeper
