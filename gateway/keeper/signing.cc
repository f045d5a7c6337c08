// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/signing.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <array>

#include "certs/certificate.h"
#include "certs/openssl_ptr.h"
#include "gateway/keeper/transcript.h"

namespace postern::keeper {
namespace {

using base::Code;
using base::fail;
using base::Ok;
using certs::Scheme;

constexpr std::string_view kServerContext("TLS 1.3, server CertificateVerify\0", 34);
constexpr std::string_view kClientContext("TLS 1.3, client CertificateVerify\0", 34);
constexpr std::size_t kTls13Padding = 64;
constexpr std::size_t kRandoms = 64;

struct SchemeFacts {
  Scheme scheme;
  const char* key;     // OpenSSL's name of the key type
  const char* digest;  // nullptr: the scheme hashes by itself
  Padding padding;
  const char* tls13_key;  // certs::key_type_of, where TLS 1.3 binds the scheme to a curve
};

constexpr std::array kSchemes = {
    SchemeFacts{Scheme::RsaPkcs1Sha256, "RSA", "SHA256", Padding::Pkcs1, nullptr},
    SchemeFacts{Scheme::RsaPkcs1Sha384, "RSA", "SHA384", Padding::Pkcs1, nullptr},
    SchemeFacts{Scheme::RsaPkcs1Sha512, "RSA", "SHA512", Padding::Pkcs1, nullptr},
    SchemeFacts{Scheme::EcdsaSha256, "EC", "SHA256", Padding::None, "EC P-256"},
    SchemeFacts{Scheme::EcdsaSha384, "EC", "SHA384", Padding::None, "EC P-384"},
    SchemeFacts{Scheme::EcdsaSha512, "EC", "SHA512", Padding::None, "EC P-521"},
    SchemeFacts{Scheme::RsaPssSha256, "RSA", "SHA256", Padding::Pss, nullptr},
    SchemeFacts{Scheme::RsaPssSha384, "RSA", "SHA384", Padding::Pss, nullptr},
    SchemeFacts{Scheme::RsaPssSha512, "RSA", "SHA512", Padding::Pss, nullptr},
    SchemeFacts{Scheme::Ed25519, "ED25519", nullptr, Padding::None, nullptr},
};

const SchemeFacts* find_scheme(Scheme scheme) {
  for (const SchemeFacts& facts : kSchemes) {
    if (facts.scheme == scheme) return &facts;
  }
  return nullptr;
}

bool is_tls13(std::string_view text, std::string_view context) {
  if (text.size() < kTls13Padding || text.substr(0, kTls13Padding) != std::string(kTls13Padding, ' '))
    return false;
  const std::string_view rest = text.substr(kTls13Padding);
  if (rest.substr(0, context.size()) != context) return false;
  const std::size_t hash = rest.size() - context.size();
  return hash == 32 || hash == 48;  // the hash of the suite: SHA-256 or SHA-384
}

bool is_server_tls12(std::string_view text) {
  constexpr std::size_t kHead = 4;  // curve_type, group, point length
  constexpr unsigned char kNamedCurve = 3;
  if (text.size() < kRandoms + kHead) return false;
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[kRandoms + i]); };
  const std::size_t point = point_size((static_cast<unsigned>(at(1)) << 8U) | at(2));
  return at(0) == kNamedCurve && point != 0 && at(3) == point && text.size() == kRandoms + kHead + point;
}

base::Status check_fit(EVP_PKEY* key, const SchemeFacts& facts, Form form) {
  if (form == Form::Neither) return fail(Code::Denied, "what is to be signed is not part of a TLS handshake");
  if (EVP_PKEY_is_a(key, facts.key) != 1) return fail(Code::Denied, "the scheme does not fit the key");
  if (form == Form::Tls12) return Ok{};
  if (facts.padding == Padding::Pkcs1)
    return fail(Code::Denied, "TLS 1.3 knows no signatures with PKCS#1 padding");
  if (facts.tls13_key != nullptr && certs::key_type_of(key) != facts.tls13_key) {
    return fail(Code::Denied, "the scheme does not fit the key's curve in TLS 1.3");
  }
  return Ok{};
}

bool set_padding(EVP_PKEY_CTX* context, Padding padding) {
  if (padding == Padding::None) return true;
  if (padding == Padding::Pkcs1) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0;
}

}  // namespace

Form server_form(std::string_view to_be_signed) {
  if (is_tls13(to_be_signed, kServerContext)) return Form::Tls13;
  return is_server_tls12(to_be_signed) ? Form::Tls12 : Form::Neither;
}

Form client_form(std::string_view to_be_signed, std::string_view leaf) {
  if (is_tls13(to_be_signed, kClientContext)) return Form::Tls13;
  return is_client_transcript(to_be_signed, leaf) ? Form::Tls12 : Form::Neither;
}

base::Result<std::string> sign(const TlsKey& key, Scheme scheme, Form form, std::string_view to_be_signed) {
  const SchemeFacts* facts = find_scheme(scheme);
  if (facts == nullptr) return fail(Code::Denied, "the signature scheme is not one of ours");
  if (auto fits = check_fit(key.key.get(), *facts, form); !fits) return fits.error();
  if (key.token != nullptr) return sign_in_token(key, facts->digest, facts->padding, to_be_signed);
  ERR_clear_error();
  const certs::DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;  // owned by context
  const auto* data = reinterpret_cast<const unsigned char*>(to_be_signed.data());
  std::size_t size = 0;
  if (context == nullptr ||
      EVP_DigestSignInit_ex(context.get(), &settings, facts->digest, nullptr, nullptr, key.key.get(),
                            nullptr) != 1 ||
      !set_padding(settings, facts->padding) ||
      EVP_DigestSign(context.get(), nullptr, &size, data, to_be_signed.size()) != 1) {
    return fail(Code::Internal, "the signature could not be made: " + certs::openssl_reason());
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                     to_be_signed.size()) != 1) {
    return fail(Code::Internal, "the signature could not be made: " + certs::openssl_reason());
  }
  signature.resize(size);
  return signature;
}

}  // namespace postern::keeper
