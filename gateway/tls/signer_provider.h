// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An OpenSSL 3 provider (provider(7), provider-keymgmt(7), provider-signature(7)) that makes a RemoteSigner
// look like a private key: its key objects hold a public key and a name, and its signatures ask. It lives in
// a library context of its own beside the default provider, which does everything else. EC, RSA (PKCS#1 v1.5
// and PSS) and Ed25519, with SHA-256, 384 and 512.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "certs/openssl_ptr.h"
#include "gateway/tls/remote_signer.h"

namespace postern::tls {

// What a handle points to. It outlives every EVP_PKEY made from it.
struct SignerKey {
  RemoteSigner* signer = nullptr;
  std::string key_id;
  certs::KeyPtr public_key;
  std::optional<base::Error>* failure = nullptr;  // SignerLibrary::failure of its library
};

class SignerLibrary {
 public:
  static base::Result<std::unique_ptr<SignerLibrary>> make();
  ~SignerLibrary();
  SignerLibrary(const SignerLibrary&) = delete;
  SignerLibrary& operator=(const SignerLibrary&) = delete;

  OSSL_LIB_CTX* get() const { return library_.get(); }
  base::Result<certs::KeyPtr> make_key(SignerKey& key) const;
  // Why the last signature with a key of this library failed: OpenSSL only passes on that it did.
  std::optional<base::Error>& failure() { return failure_; }

 private:
  SignerLibrary() = default;
  certs::LibraryPtr library_;
  OSSL_PROVIDER* default_provider_ = nullptr;
  OSSL_PROVIDER* signer_provider_ = nullptr;
  std::optional<base::Error> failure_;
};

}  // namespace postern::tls
