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

namespace {

// The same four calls, of a context and of one connection.
base::Status use_chain(const std::vector<certs::CertificatePtr>& chain, EVP_PKEY* key, auto* in,
                       auto use_leaf, auto add_issuer, auto use_key) {
  ERR_clear_error();
  if (use_leaf(in, chain.front().get()) != 1) return refused(Code::Invalid, "the certificate cannot be used");
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (add_issuer(in, chain[i].get()) != 1)
      return refused(Code::Invalid, "the certificate's chain cannot be used");
  }
  if (use_key(in, key) != 1) return refused(Code::Invalid, "the certificate's key cannot be used");
  return base::Ok{};
}

}  // namespace

base::Result<std::shared_ptr<RemoteCertificate>> RemoteCertificate::make(
    std::string_view chain_pem, RemoteSigner& signer, std::shared_ptr<SignerLibrary> library) {
  std::shared_ptr<RemoteCertificate> made(new RemoteCertificate);
  if (library == nullptr) {
    auto own = SignerLibrary::make();
    if (!own) return own.error();
    library = *std::move(own);
  }
  made->library_ = std::move(library);
  auto chain = certs::parse_pem(chain_pem, certs::kChainLimit, made->library());
  if (!chain) return chain.error();
  made->chain_ = *std::move(chain);
  EVP_PKEY* public_key = X509_get0_pubkey(made->chain_.front().get());
  EVP_PKEY_up_ref(public_key);
  made->signer_key_.public_key.reset(public_key);
  made->signer_key_.signer = &signer;
  made->signer_key_.key_id = certs::key_id_of(public_key);
  made->signer_key_.failure = &made->failure();
  auto key = made->library_->make_key(made->signer_key_);
  if (!key) return key.error();
  made->key_ = *std::move(key);
  return made;
}

// The macros of the two calls for a chain, without their casts.
base::Status RemoteCertificate::use_in(SSL_CTX* context) const {
  return use_chain(
      chain_, key_.get(), context, SSL_CTX_use_certificate,
      [](SSL_CTX* in, X509* one) { return SSL_CTX_ctrl(in, SSL_CTRL_CHAIN_CERT, 1, one); },
      SSL_CTX_use_PrivateKey);
}

base::Status RemoteCertificate::use_in(SSL* ssl) const {
  return use_chain(
      chain_, key_.get(), ssl, SSL_use_certificate,
      [](SSL* in, X509* one) { return SSL_ctrl(in, SSL_CTRL_CHAIN_CERT, 1, one); }, SSL_use_PrivateKey);
}

}  // namespace postern::tls
