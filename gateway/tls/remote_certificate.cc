// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/tls/remote_certificate.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <utility>

#include "certs/certificate.h"
#include "gateway/tls/settings.h"

namespace postern::tls {

using base::Code;

base::Result<std::shared_ptr<RemoteCertificate>> RemoteCertificate::make(std::string_view chain_pem,
                                                                         RemoteSigner& signer) {
  std::shared_ptr<RemoteCertificate> made(new RemoteCertificate);
  auto library = SignerLibrary::make();
  if (!library) return library.error();
  made->library_ = *std::move(library);
  auto chain = certs::parse_pem(chain_pem, certs::kChainLimit, made->library());
  if (!chain) return chain.error();
  made->chain_ = *std::move(chain);
  EVP_PKEY* public_key = X509_get0_pubkey(made->chain_.front().get());
  EVP_PKEY_up_ref(public_key);
  made->signer_key_.public_key.reset(public_key);
  made->signer_key_.signer = &signer;
  made->signer_key_.key_id = certs::key_id_of(public_key);
  auto key = made->library_->make_key(made->signer_key_);
  if (!key) return key.error();
  made->key_ = *std::move(key);
  return made;
}

base::Status RemoteCertificate::use_in(SSL_CTX* context) const {
  ERR_clear_error();
  if (SSL_CTX_use_certificate(context, chain_.front().get()) != 1)
    return refused(Code::Invalid, "the certificate cannot be used");
  for (std::size_t i = 1; i < chain_.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain_[i].get()) != 1)
      return refused(Code::Invalid, "the certificate's chain cannot be used");
  }
  if (SSL_CTX_use_PrivateKey(context, key_.get()) != 1)
    return refused(Code::Invalid, "the certificate's key cannot be used");
  return base::Ok{};
}

}  // namespace postern::tls
