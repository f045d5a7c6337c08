// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/verify.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/bytes.h"
#include "base/file.h"
#include "certs/certificate.h"

namespace postern::certs {
namespace {

using base::Code;
using base::fail;
using base::Ok;
using base::Side;

// Security level 2: keys and signatures of at least 112 bits (RSA 2048, EC 224, SHA-256).
constexpr int kStrength = 2;
constexpr std::size_t kHostLimit = 253;

struct StackFree {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};
using BorrowedStackPtr = std::unique_ptr<STACK_OF(X509), StackFree>;

std::string day(base::Micros time) { return base::format_time(time).substr(0, 16) + "Z"; }

std::string who(const CertificateFacts& facts, std::string_view host) {
  if (!host.empty()) return "the certificate for " + base::printable(host);
  return facts.subject.empty() ? "the certificate" : "the certificate of " + base::printable(facts.subject);
}

bool is_dns_name(std::string_view host) {
  if (host.empty() || host.size() > kHostLimit || host.front() == '.' || host.front() == '-') return false;
  if (host.find("..") != std::string_view::npos) return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    const char lower = base::to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

void add_common(X509_VERIFY_PARAM* parameters, int purpose, base::Micros now) {
  X509_VERIFY_PARAM_set_purpose(parameters, purpose);
  X509_VERIFY_PARAM_set_auth_level(parameters, kStrength);
  X509_VERIFY_PARAM_set_time(parameters, now / base::kWallSecond);
}

std::string names_of(const CertificateFacts& facts) {
  std::string out;
  for (const auto* names : {&facts.dns_names, &facts.ip_addresses}) {
    for (const std::string& name : *names) out += (out.empty() ? "" : ", ") + name;
  }
  return base::printable(out, 200);
}

std::string explain_name(const CertificateFacts& facts, std::string_view host) {
  const std::string names = names_of(facts);
  if (names.empty()) {
    return "the certificate names no host in subjectAltName (its common name does not count), so it is not "
           "for " +
           base::printable(host);
  }
  return "the certificate is for " + names + ", not for " + base::printable(host);
}

// A chain that ends nowhere looks different depending on what the peer sent along; people need one sentence.
bool is_unknown_issuer(int error) {
  return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
         error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
         error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
         error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN || error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
         error == X509_V_ERR_CERT_UNTRUSTED;
}

}  // namespace

std::string explain_verification(int error, X509* certificate, std::string_view host) {
  const CertificateFacts facts = certificate == nullptr ? CertificateFacts() : facts_of(certificate);
  if (error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return explain_name(facts, host);
  }
  if (error == X509_V_ERR_CERT_HAS_EXPIRED) return who(facts, host) + " expired on " + day(facts.not_after);
  if (error == X509_V_ERR_CERT_NOT_YET_VALID) {
    return who(facts, host) + " is not valid before " + day(facts.not_before);
  }
  if (is_unknown_issuer(error)) {
    return who(facts, host) +
           " was not issued by a trusted authority (issuer: " + base::printable(facts.issuer) + ")";
  }
  if (error == X509_V_ERR_INVALID_PURPOSE)
    return who(facts, host) + " was not issued for this use (extended key usage)";
  return who(facts, host) + " is not acceptable: " + X509_verify_cert_error_string(error);
}

bool is_ip_literal(std::string_view host) {
  const std::string text(host);
  std::array<unsigned char, 16> address{};
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

base::Status expect_server(X509_VERIFY_PARAM* parameters, std::string_view host, base::Micros now) {
  add_common(parameters, X509_PURPOSE_SSL_SERVER, now);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  const std::string name(host);
  if (is_ip_literal(name)) {
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1) return Ok{};
    return fail(Code::Internal, "the address to verify could not be set: " + openssl_reason());
  }
  if (!is_dns_name(name)) {
    return fail(Code::Invalid, "\"" + base::printable(host) + "\" is neither a host name nor an IP address");
  }
  X509_VERIFY_PARAM_set_hostflags(parameters,
                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_host(parameters, name.data(), name.size()) == 1) return Ok{};
  return fail(Code::Internal, "the name to verify could not be set: " + openssl_reason());
}

void expect_client(X509_VERIFY_PARAM* parameters, base::Micros now) {
  add_common(parameters, X509_PURPOSE_SSL_CLIENT, now);
}

base::Result<StorePtr> make_store(std::string_view roots_pem) {
  auto roots = parse_pem(roots_pem, kRootsLimit);
  if (!roots) return fail(Code::Invalid, "the trusted roots: " + roots.error().message);
  StorePtr store(X509_STORE_new());
  if (store == nullptr) return fail(Code::Internal, "out of memory");
  for (const CertificatePtr& root : *roots) {
    if (X509_STORE_add_cert(store.get(), root.get()) != 1) {
      return fail(Code::Invalid, "the trusted roots: " + openssl_reason());
    }
  }
  return store;
}

base::Result<ClientIdentity> identity_of(X509* leaf) {
  auto denied = [&](const CertificateFacts& facts, std::string_view what) {
    return fail(Code::Denied, Side::Client, who(facts, "") + " " + std::string(what));
  };
  auto read = read_certificate(to_der(leaf));
  if (!read) return fail(Code::Invalid, Side::Client, read.error().message);
  const CertificateFacts& facts = *read;
  const std::uint32_t usage = X509_get_extended_key_usage(leaf);
  if (usage == UINT32_MAX || (usage & XKU_SSL_CLIENT) == 0) {
    return denied(facts, "was not issued for clients (extended key usage clientAuth)");
  }
  // UINT32_MAX (no key usage at all) allows everything (RFC 5280 section 4.2.1.3).
  if ((X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) == 0)
    return denied(facts, "does not allow signatures (key usage)");
  if (facts.emails.empty() && facts.uris.empty()) {
    return denied(facts, "names nobody: it needs an e-mail address or a URI in subjectAltName");
  }
  ClientIdentity identity;
  for (const std::string& email : facts.emails) identity.emails.push_back(base::to_lower(email));
  identity.uris = facts.uris;
  identity.fingerprint = facts.fingerprint;
  identity.subject = facts.subject;
  identity.not_after = facts.not_after;
  return identity;
}

base::Status check_client_use(std::string_view certificate_pem) {
  auto chain = parse_pem(certificate_pem);
  if (!chain) return chain.error();
  X509* leaf = chain->front().get();
  // UINT32_MAX: the certificate has no such extension, and allows everything (RFC 5280 section 4.2.1).
  if ((X509_get_extended_key_usage(leaf) & (XKU_SSL_CLIENT | XKU_ANYEKU)) == 0) {
    return fail(Code::Denied, who(facts_of(leaf), "") +
                                  " was not issued for clients (extended key usage clientAuth is missing)");
  }
  if ((X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) == 0)
    return fail(Code::Denied, who(facts_of(leaf), "") + " does not allow signatures (key usage)");
  return Ok{};
}

base::Result<ClientVerifier> ClientVerifier::make(std::string_view roots_pem) {
  auto facts = read_chain(roots_pem);
  if (!facts) return facts.error();
  for (const CertificateFacts& root : *facts) {
    if (!root.authority)
      return fail(Code::Invalid, who(root, "") + " is not an authority's and cannot be a root");
  }
  auto store = make_store(roots_pem);
  if (!store) return store.error();
  return ClientVerifier(*std::move(store));
}

base::Result<ClientIdentity> ClientVerifier::verify(const std::vector<std::string>& chain,
                                                    base::Micros now) const {
  if (chain.empty() || chain.size() > kChainLimit) {
    return fail(Code::Invalid, Side::Client, "a client certificate chain has 1 to 10 certificates");
  }
  std::vector<CertificatePtr> certificates;
  const BorrowedStackPtr intermediates(sk_X509_new_null());
  for (const std::string& der : chain) {
    auto certificate = parse_der(der);
    if (!certificate) return fail(Code::Invalid, Side::Client, certificate.error().message);
    if (!certificates.empty()) sk_X509_push(intermediates.get(), certificate->get());
    certificates.push_back(*std::move(certificate));
  }
  X509* leaf = certificates.front().get();
  ERR_clear_error();
  const StoreContextPtr context(X509_STORE_CTX_new());
  if (context == nullptr ||
      X509_STORE_CTX_init(context.get(), store_.get(), leaf, intermediates.get()) != 1) {
    return fail(Code::Internal, "a verification could not begin: " + openssl_reason());
  }
  expect_client(X509_STORE_CTX_get0_param(context.get()), now);
  if (X509_verify_cert(context.get()) != 1) {
    X509* at = X509_STORE_CTX_get_current_cert(context.get());
    return fail(Code::Denied, Side::Client,
                explain_verification(X509_STORE_CTX_get_error(context.get()), at == nullptr ? leaf : at, ""));
  }
  return identity_of(leaf);
}

base::Result<std::string> read_system_roots() {
  constexpr std::array kPlaces = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                  "/etc/ssl/cert.pem"};
  std::string looked;
  for (const char* place : kPlaces) {
    auto text = base::read_file(place, kPemSizeLimit);
    if (text) return text;
    if (text.error().code != Code::NotFound) return text;
    looked += (looked.empty() ? "" : ", ") + std::string(place);
  }
  return fail(Code::NotFound,
              "no system bundle of trusted roots at " + looked + " (Debian: package ca-certificates)");
}

}  // namespace postern::certs
