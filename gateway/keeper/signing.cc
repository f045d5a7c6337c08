// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/signing.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <array>

#include "certs/certificate.h"
#include "certs/openssl_ptr.h"

namespace postern::keeper {
namespace {

using base::Code;
using base::fail;
using base::Ok;
using certs::Scheme;

constexpr std::string_view kTls13Context("TLS 1.3, server CertificateVerify\0", 34);
constexpr std::size_t kTls13Padding = 64;
constexpr std::size_t kRandoms = 64;
constexpr int kRsaBits = 2048;

enum class Padding { None, Pkcs1, Pss };

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

bool is_tls13(std::string_view text) {
  if (text.size() < kTls13Padding || text.substr(0, kTls13Padding) != std::string(kTls13Padding, ' '))
    return false;
  const std::string_view rest = text.substr(kTls13Padding);
  if (rest.substr(0, kTls13Context.size()) != kTls13Context) return false;
  const std::size_t hash = rest.size() - kTls13Context.size();
  return hash == 32 || hash == 48;  // the hash of the suite: SHA-256 or SHA-384
}

// Size of a public point on a group that our listeners offer; 0 for any other.
std::size_t point_size(unsigned group) {
  if (group == 0x001d) return 32;  // X25519
  if (group == 0x0017) return 65;  // P-256, uncompressed
  if (group == 0x0018) return 97;  // P-384
  return 0;
}

bool is_tls12(std::string_view text) {
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

Form form_of(std::string_view to_be_signed) {
  if (is_tls13(to_be_signed)) return Form::Tls13;
  return is_tls12(to_be_signed) ? Form::Tls12 : Form::Neither;
}

base::Status check_key(EVP_PKEY* key) {
  const std::string type = certs::key_type_of(key);
  if (type == "Ed25519" || type == "EC P-256" || type == "EC P-384" || type == "EC P-521") return Ok{};
  if (EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= kRsaBits) return Ok{};
  return fail(Code::Denied, "a key of type " + type +
                                " cannot serve TLS here: use EC P-256, P-384, P-521, RSA of 2048 bits " +
                                "or more, or Ed25519");
}

base::Result<std::string> sign(EVP_PKEY* key, Scheme scheme, std::string_view to_be_signed) {
  const SchemeFacts* facts = find_scheme(scheme);
  if (facts == nullptr) return fail(Code::Denied, "the signature scheme is not one of ours");
  if (auto fits = check_fit(key, *facts, form_of(to_be_signed)); !fits) return fits.error();
  ERR_clear_error();
  const certs::DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;  // owned by context
  const auto* data = reinterpret_cast<const unsigned char*>(to_be_signed.data());
  std::size_t size = 0;
  if (context == nullptr ||
      EVP_DigestSignInit_ex(context.get(), &settings, facts->digest, nullptr, nullptr, key, nullptr) != 1 ||
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
