// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A certificate of ours whose private key is elsewhere, for the contexts of this folder: the chain, and a key object
// that asks a RemoteSigner. Contexts and sessions keep it alive for as long as they use it; it must not outlive the
// signer.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "certs/openssl_ptr.h"
#include "gateway/tls/signer_provider.h"

namespace postern::tls {

class RemoteCertificate {
 public:
  // chain_pem: the leaf, then its intermediates. Invalid (side Us) says what is wrong with it. Certificates that one
  // context shows are made in one library; nullptr: in one of its own.
  static base::Result<std::shared_ptr<RemoteCertificate>> make(
      std::string_view chain_pem, RemoteSigner& signer, std::shared_ptr<SignerLibrary> library = nullptr);
  RemoteCertificate(const RemoteCertificate&) = delete;
  RemoteCertificate& operator=(const RemoteCertificate&) = delete;

  OSSL_LIB_CTX* library() const { return library_->get(); }  // in which a context that uses it is made
  // Beside what the context, or the connection, has already of other kinds of keys.
  base::Status use_in(SSL_CTX* context) const;
  base::Status use_in(SSL* ssl) const;
  std::optional<base::Error>& failure() { return library_->failure(); }  // SignerLibrary::failure
  X509* leaf() const { return chain_.front().get(); }

 private:
  RemoteCertificate() = default;
  // Destroyed from the last: what is made in the library before it.
  std::shared_ptr<SignerLibrary> library_;
  SignerKey signer_key_;
  std::vector<certs::CertificatePtr> chain_;
  certs::KeyPtr key_;
};

}  // namespace postern::tls
